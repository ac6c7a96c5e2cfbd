// The command palette: pages, commands, people and groups by what is typed. Arrows choose, Enter does, Escape closes.
import { Dialog, DialogSurface, Input, makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import type { Group, User } from '@microsoft/microsoft-graph-types';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { graphPage, useOrder, useSignOut, useStatus } from '../../api/queries';
import type { Session } from '../../api/types';
import { ArrowSyncRegular, OpenRegular, PeopleTeamRegular, PersonRegular, SearchRegular } from '../../icons';
import { at } from '../../lib/base';
import { listQuery, searchOption } from '../../lib/odata';
import { places } from '../../lib/shortcuts';
import { chooseLanguage, language, languages, t, type Language } from '../../messages';
import { words } from '../../messages/palette';
import { useThemeChoice, themeChoices } from '../../theme/theme';
import { OrderOutcome } from '../SyncCommands';
import { matching, type Entry } from './entries';

const LEAST_LETTERS = 2;
const FOUND = 5;
const REST_MS = 150;

const useStyles = makeStyles({
  surface: { padding: '12px', maxWidth: 'min(640px, calc(100vw - 32px))', marginTop: '10vh', maxHeight: '75vh', display: 'flex', flexDirection: 'column', gap: '8px' },
  input: { width: '100%' },
  list: { overflowY: 'auto', minHeight: 0 },
  heading: { display: 'block', padding: '8px 8px 4px', color: tokens.colorNeutralForeground2 },
  option: {
    display: 'flex',
    alignItems: 'center',
    gap: '10px',
    width: '100%',
    padding: '6px 8px',
    border: `1px solid transparent`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: 'transparent',
    color: tokens.colorNeutralForeground1,
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase300,
    textAlign: 'left',
    cursor: 'pointer',
  },
  chosen: {
    backgroundColor: tokens.colorNeutralBackground1Selected,
    color: tokens.colorNeutralForeground1Selected,
    '@media (forced-colors: active)': { border: '1px solid Highlight' },
  },
  icon: { display: 'flex', fontSize: '20px', flexShrink: 0 },
  label: { flexGrow: 1, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  hint: { color: 'inherit', opacity: 0.8, fontSize: tokens.fontSizeBase200, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  hidden: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' },
});

interface Props {
  session: Session;
  onClose: () => void;
  onKeys: () => void;
}

export function Palette({ session, onClose, onKeys }: Props) {
  const styles = useStyles();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [copied, setCopied] = useState(false);
  const order = useOrder();
  const go = useGo(onClose);
  const commands = useCommands(session, order, go, onKeys, () => setCopied(true));
  const asked = useRested(text.trim());
  const people = useFound('users', ['id', 'displayName', 'userPrincipalName'], asked);
  const groups = useFound('groups', ['id', 'displayName', 'mail'], asked);

  const pages = places.map((place): Entry => ({ id: place.to, label: place.label(t), hint: place.key && `g ${place.key}`, run: () => go(place.to) }));
  const sections = [
    { title: words.pages, Icon: OpenRegular, entries: matching(pages, text) },
    { title: words.commands, Icon: ArrowSyncRegular, entries: matching(commands, text) },
    {
      title: words.people,
      Icon: PersonRegular,
      entries: people.found.map((user): Entry => ({ id: user.id ?? '', label: user.displayName ?? user.userPrincipalName ?? '', hint: user.userPrincipalName ?? undefined, run: () => go(`/users?user=${user.id ?? ''}`) })),
    },
    {
      title: words.groups,
      Icon: PeopleTeamRegular,
      entries: groups.found.map((group): Entry => ({ id: group.id ?? '', label: group.displayName ?? '', hint: group.mail ?? undefined, run: () => go(`/groups?group=${group.id ?? ''}`) })),
    },
  ].filter((section) => section.entries.length > 0);
  const all = sections.flatMap((section) => section.entries);
  const chosen = all[Math.min(at, all.length - 1)];
  const searching = text.trim().length >= LEAST_LETTERS && (asked !== text.trim() || people.busy || groups.busy);

  const run = (entry: Entry | undefined) => {
    setCopied(false);
    if (entry === undefined) return;
    entry.run();
    if (entry.stay) input.current?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const last = all.length - 1;
    const to = { ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, PageDown: Math.min(last, at + 8), PageUp: Math.max(0, at - 8) }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      setAt(to);
      document.getElementById(`${id}-${to}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      // People and groups that are shown while others are searched for are those of the text before.
      const searched = chosen !== undefined && !pages.includes(chosen) && !commands.includes(chosen);
      if (!searching || !searched) run(chosen);
    }
  };

  let index = -1;
  return (
    <Dialog
      open
      onOpenChange={(_, data) => {
        if (!data.open) onClose();
      }}
    >
      <DialogSurface className={styles.surface} aria-label={words.title}>
        <Input
          className={styles.input}
          size="large"
          contentBefore={<SearchRegular />}
          input={{
            ref: input,
            role: 'combobox',
            'aria-label': words.input,
            'aria-expanded': all.length > 0,
            'aria-controls': `${id}-list`,
            'aria-autocomplete': 'list',
            ...(chosen ? { 'aria-activedescendant': `${id}-${all.indexOf(chosen)}` } : {}),
          }}
          placeholder={words.hint}
          value={text}
          onChange={(_, data) => {
            setText(data.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
        <OrderOutcome order={order} />
        {copied && <Text role="status">{words.copied}</Text>}
        {all.length === 0 && <Text>{searching ? words.searching : words.nothing}</Text>}
        <div id={`${id}-list`} role="listbox" aria-label={words.list} className={styles.list}>
          {sections.map(({ title, Icon, entries }) => (
            <div key={title} role="group" aria-label={title}>
              <Text size={200} weight="semibold" className={styles.heading} aria-hidden>
                {title}
              </Text>
              {entries.map((entry) => {
                index += 1;
                const mine = index;
                return (
                  <button
                    key={entry.id}
                    id={`${id}-${mine}`}
                    type="button"
                    role="option"
                    tabIndex={-1}
                    aria-selected={entry === chosen}
                    className={mergeClasses(styles.option, entry === chosen && styles.chosen)}
                    onMouseMove={() => setAt(mine)}
                    onClick={() => run(entry)}
                  >
                    <span className={styles.icon} aria-hidden>
                      <Icon />
                    </span>
                    <span className={styles.label}>{entry.label}</span>
                    {entry.hint !== undefined && <span className={styles.hint}>{entry.hint}</span>}
                  </button>
                );
              })}
            </div>
          ))}
        </div>
        <span role="status" className={styles.hidden}>
          {searching ? words.searching : words.found(all.length)}
        </span>
      </DialogSurface>
    </Dialog>
  );
}

function useGo(onClose: () => void) {
  const navigate = useNavigate();
  return (to: string) => {
    onClose();
    void navigate(to);
  };
}

function useCommands(session: Session, order: ReturnType<typeof useOrder>, go: (to: string) => void, onKeys: () => void, onCopied: () => void): Entry[] {
  const status = useStatus().data;
  const theme = useThemeChoice();
  const signOut = useSignOut();
  const { pathname, search } = useLocation();
  const paused = status?.sync.clientState === 'paused' || status?.summary.state === 'paused';
  const orders: Entry[] =
    session.role === 'admin'
      ? [
          { id: 'syncNow', label: words.syncNow, stay: true, run: () => order.mutate({ order: 'syncNow', full: false }) },
          { id: 'syncFull', label: words.syncFull, stay: true, run: () => order.mutate({ order: 'syncNow', full: true }) },
          paused
            ? { id: 'resume', label: words.resume, stay: true, run: () => order.mutate({ order: 'resume' }) }
            : { id: 'pause', label: words.pause, stay: true, run: () => order.mutate({ order: 'pause' }) },
          { id: 'preview', label: words.preview, run: () => go('/dirsync/plan') },
          { id: 'addUser', label: words.addUser, run: () => go('/users?panel=new') },
          { id: 'importUsers', label: words.importUsers, run: () => go('/users/import') },
        ]
      : [];
  return [
    ...orders,
    ...themeChoices
      .filter((choice) => choice !== theme.choice)
      .map((choice): Entry => ({ id: `theme-${choice}`, label: words.theme(t.shell.themes[choice]), stay: true, run: () => theme.choose(choice) })),
    ...(Object.entries(languages) as [Language, string][])
      .filter(([name]) => name !== language)
      .map(([name, label]): Entry => ({ id: `language-${name}`, label: words.language(label), run: () => chooseLanguage(name) })),
    {
      id: 'copyLink',
      label: words.copyLink,
      stay: true,
      run: () => void navigator.clipboard.writeText(`${window.location.origin}${at(pathname)}${search}`).then(onCopied, () => undefined),
    },
    {
      id: 'print',
      label: words.print,
      run: () => {
        go(`${pathname}${search}`);
        // When the palette is gone from the page.
        setTimeout(() => window.print(), 300);
      },
    },
    { id: 'book', label: words.book, run: () => window.location.assign('/docs/') },
    { id: 'keys', label: words.keys, hint: '?', run: onKeys },
    { id: 'signOut', label: words.signOut, run: () => signOut.mutate() },
  ];
}

/** The text, once nothing was typed for a moment. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

function useFound(list: 'users' | 'groups', select: string[], text: string): { found: (User & Group)[]; busy: boolean } {
  const enabled = text.length >= LEAST_LETTERS;
  const question = `/v1.0/${list}?${listQuery({ select, search: searchOption(text), top: FOUND })}`;
  const found = useQuery({
    queryKey: [list, 'palette', question],
    queryFn: ({ signal }) => graphPage<User & Group>(question, signal),
    placeholderData: keepPreviousData,
    enabled,
    retry: false,
  });
  return { found: enabled ? (found.data?.items ?? []) : [], busy: enabled && found.isFetching };
}
