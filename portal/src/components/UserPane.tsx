// A user: profile, where it comes from, its errors, its groups.
import { Avatar, makeStyles, Text, tokens } from '@fluentui/react-components';
import type { Group, User } from '@microsoft/microsoft-graph-types';
import { useErrors, useGraphLinks, useGraphObject, useManager } from '../api/queries';
import { t } from '../messages';
import { AppLink } from './AppLink';
import { Explain } from './Explain';
import { Facts, type Fact } from './Facts';
import { Failure, Notice } from './Failure';
import { History } from './History';
import { ObjectErrors } from './ObjectErrors';
import { PageSkeleton } from './PageSkeleton';
import { Pane } from './Pane';
import { SyncState } from './SyncState';
import { Time } from './Time';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '24px', gridTemplateColumns: 'minmax(0, 1fr)' },
  head: { display: 'flex', gap: '16px', alignItems: 'center' },
  name: { minWidth: 0, overflowWrap: 'anywhere' },
  quiet: { display: 'block', color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  heading: { margin: '0 0 12px', display: 'block' },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '6px' },
  line: { display: 'block' },
});

const profile = [
  'displayName',
  'userPrincipalName',
  'givenName',
  'surname',
  'mail',
  'proxyAddresses',
  'jobTitle',
  'department',
  'companyName',
  'officeLocation',
  'city',
  'country',
  'businessPhones',
  'mobilePhone',
  'employeeId',
  'preferredLanguage',
] as const satisfies readonly (keyof User)[];
const sync = [
  'onPremisesDistinguishedName',
  'onPremisesSamAccountName',
  'onPremisesUserPrincipalName',
  'onPremisesImmutableId',
  'id',
] as const satisfies readonly (keyof User)[];
const select = [...profile, ...sync, 'accountEnabled', 'onPremisesSyncEnabled', 'onPremisesLastSyncDateTime', 'createdDateTime'];

export function UserPane({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  return (
    <Pane open={id !== undefined} onClose={onClose} title={t.users.details}>
      {id !== undefined && <Details key={id} id={id} />}
    </Pane>
  );
}

function Details({ id }: { id: string }) {
  // The errors stand above the rest: wait for both, so that nothing jumps.
  const errors = useErrors({ object: id });
  const user = useGraphObject<User>('user', id, select);
  if (user.isError && user.data === undefined) return <Failure error={user.error} onRetry={() => void user.refetch()} />;
  if (user.data === undefined || errors.isPending) return <PageSkeleton />;
  if (user.data === null) return <Notice title={t.users.gone} text={t.users.goneHint} />;
  return <Shown id={id} user={user.data} />;
}

function Shown({ id, user }: { id: string; user: User }) {
  const styles = useStyles();
  const manager = useManager(id);
  const words = t.users.properties;
  const name = user.displayName ?? user.userPrincipalName ?? id;
  return (
    <div className={styles.stack}>
      <div className={styles.head}>
        <Avatar name={name} size={48} aria-hidden />
        <div className={styles.name}>
          <Text weight="semibold" size={500}>
            {name}
          </Text>
          <Text className={styles.quiet}>{user.accountEnabled === false ? t.users.signInBlocked : t.users.signInAllowed}</Text>
        </div>
      </div>
      <Part title={t.users.sections.errors}>
        <ObjectErrors id={id} />
      </Part>
      <Part title={t.users.sections.profile}>
        <Facts
          columns="two"
          facts={[
            ...textFacts(user, profile),
            ...(manager.data
              ? [
                  {
                    term: t.users.manager,
                    value: <AppLink to={`/users?user=${manager.data.id ?? ''}`}>{manager.data.displayName ?? manager.data.id}</AppLink>,
                  },
                ]
              : []),
          ]}
        />
      </Part>
      <Part title={t.users.sections.sync}>
        <Facts
          columns="two"
          facts={[
            { term: t.users.columns.sync, value: <SyncState synced={user.onPremisesSyncEnabled} /> },
            ...(user.onPremisesLastSyncDateTime
              ? [{ term: words.onPremisesLastSyncDateTime ?? '', value: <Time instant={user.onPremisesLastSyncDateTime} exact /> }]
              : []),
            ...textFacts(user, sync),
            ...(user.createdDateTime ? [{ term: words.createdDateTime ?? '', value: <Time instant={user.createdDateTime} exact /> }] : []),
          ]}
        />
        {user.onPremisesSyncEnabled === true && user.onPremisesImmutableId && <Explain object={user.onPremisesImmutableId} />}
        {user.onPremisesSyncEnabled === true && (
          <Text size={200} className={styles.quiet} style={{ marginTop: '12px' }}>
            {t.users.readOnly}
          </Text>
        )}
      </Part>
      <Part title={t.users.sections.groups}>
        <Groups id={id} />
      </Part>
      <Part title={t.history.title}>
        <History filter={{ object: id }} of="object" />
      </Part>
    </div>
  );
}

/** A titled part of a pane. */
export function Part({ title, children }: { title: string; children: React.ReactNode }) {
  const styles = useStyles();
  return (
    <section aria-label={title}>
      <Text as="h3" weight="semibold" size={400} className={styles.heading}>
        {title}
      </Text>
      {children}
    </section>
  );
}

/** Letters from which on a value gets a row of its own. */
const WIDE = 26;

/** The properties that have a value, as names and values. */
export function textFacts<T extends User | Group>(object: T, names: readonly (keyof T & string)[]): Fact[] {
  return names.flatMap((name): Fact[] => {
    const value: unknown = object[name];
    const term = t.users.properties[name] ?? name;
    if (typeof value === 'string' && value !== '') return [{ term, value, wide: value.length > WIDE }];
    if (Array.isArray(value) && value.length > 0) {
      const list = value as string[];
      return [{ term, value: list.map((text) => <Line key={text} text={text} />), wide: list.some((text) => text.length > WIDE) }];
    }
    return [];
  });
}

function Line({ text }: { text: string }) {
  const styles = useStyles();
  return <span className={styles.line}>{text}</span>;
}

const GROUPS_SHOWN = 20;

function Groups({ id }: { id: string }) {
  const styles = useStyles();
  const groups = useGraphLinks<Group>('user', id, 'memberOf', GROUPS_SHOWN);
  if (groups.isError && !groups.data) return <Failure error={groups.error} onRetry={() => void groups.refetch()} />;
  if (!groups.data) return <PageSkeleton />;
  const more = (groups.data.count ?? 0) - groups.data.items.length;
  return (
    <ul className={styles.list}>
      {groups.data.items.map((group) => (
        <li key={group.id}>
          <AppLink to={`/groups?group=${group.id ?? ''}`}>{group.displayName ?? group.id}</AppLink>
        </li>
      ))}
      {groups.data.items.length === 0 && <li>{t.none}</li>}
      {more > 0 && <li className={styles.quiet}>{t.users.memberOfMore(more)}</li>}
    </ul>
  );
}
