// Directory synchronization > Rules: where each value comes from, the rules one by one, a playground, a draft.
import { Button, makeStyles, Spinner, Tab, TabList, Text, tokens } from '@fluentui/react-components';
import { useState } from 'react';
import { useIsAdmin, useSession } from '../api/queries';
import { useRules, type RulesView } from '../api/rules';
import { Banner } from '../components/Banner';
import { Failure } from '../components/Failure';
import { PageHeader } from '../components/PageHeader';
import { PageSkeleton } from '../components/PageSkeleton';
import { ByAttribute } from '../components/rules/ByAttribute';
import { ByRule } from '../components/rules/ByRule';
import { Draft, Findings } from '../components/rules/Draft';
import { Playground } from '../components/rules/Playground';
import { Section } from '../components/Section';
import { ArrowClockwiseRegular } from '../icons';
import { useUrlState } from '../lib/useUrlState';
import { words } from '../messages/rules';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', gridTemplateColumns: 'minmax(0, 1fr)' },
  force: { display: 'flex', gap: '4px 12px', alignItems: 'center', flexWrap: 'wrap' },
  quiet: { color: tokens.colorNeutralForeground2, maxWidth: '90ch' },
  tabs: { marginLeft: '-10px', flexWrap: 'wrap' },
  wait: { padding: '48px 0' },
});

const tabs = ['attributes', 'rules', 'try', 'draft'] as const;
type View = (typeof tabs)[number];

const DRAFT = 'lockstep-rules-draft';

/** A draft survives a reload of its tab; another tab has its own. */
function useDraft(): [string | undefined, (text: string | undefined) => void] {
  const [draft, setDraft] = useState(() => {
    try {
      return sessionStorage.getItem(DRAFT) ?? undefined;
    } catch {
      return undefined;
    }
  });
  const keep = (text: string | undefined) => {
    setDraft(text);
    try {
      if (text === undefined) sessionStorage.removeItem(DRAFT);
      else sessionStorage.setItem(DRAFT, text);
    } catch {
      // Storage is forbidden or full: the draft lives as long as the page.
    }
  };
  return [draft, keep];
}

export function RulesPage() {
  const styles = useStyles();
  const session = useSession();
  const admin = useIsAdmin();
  const rules = useRules(admin);
  return (
    <>
      <PageHeader title={words.title} intro={words.intro} />
      {!session.data ? (
        <PageSkeleton />
      ) : !admin ? (
        <Banner intent="info">{words.readerOnly}</Banner>
      ) : rules.data ? (
        <Shown view={rules.data} onAgain={() => void rules.refetch()} />
      ) : rules.error && !rules.isFetching ? (
        <Failure error={rules.error} onRetry={() => void rules.refetch()} />
      ) : (
        <div className={styles.wait} role="status">
          <Spinner label={words.working} labelPosition="below" />
        </div>
      )}
    </>
  );
}

function Shown({ view, onAgain }: { view: RulesView; onAgain: () => void }) {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const [draft, setDraft] = useDraft();
  const tab: View = tabs.find((one) => one === params.get('view')) ?? 'attributes';
  const findings = view.findings ?? [];
  return (
    <div className={styles.stack}>
      <div className={styles.force}>
        <Text>
          {words.inForce}: <strong>{view.builtIn ? words.builtIn : view.file}</strong>
          {view.name !== undefined && ` · ${view.name}`} · {words.ruleCount(view.rules.length)}
        </Text>
        <Button size="small" appearance="subtle" icon={<ArrowClockwiseRegular />} onClick={onAgain}>
          {words.again}
        </Button>
        {view.builtIn && <Text className={styles.quiet}>{view.textIsSame ? words.builtInHint : words.builtInOther}</Text>}
        {view.description !== undefined && <Text className={styles.quiet}>{view.description}</Text>}
      </div>
      <TabList className={styles.tabs} selectedValue={tab} onTabSelect={(_, data) => change({ view: data.value as string, find: undefined })} aria-label={words.views}>
        {tabs.map((one) => (
          <Tab key={one} value={one}>
            {words.tabs[one]}
          </Tab>
        ))}
      </TabList>
      {tab === 'attributes' && <ByAttribute view={view} />}
      {tab === 'rules' && (
        <>
          {findings.length > 0 && (
            <Section title={words.findings}>
              <Findings findings={findings} />
            </Section>
          )}
          <ByRule view={view} />
        </>
      )}
      {tab === 'try' && <Playground builtIn={view.builtIn} draft={draft} />}
      {tab === 'draft' && <Draft draft={draft ?? view.text} original={view.text} file={view.builtIn ? 'rules.toml' : fileName(view.file)} onChange={setDraft} />}
    </div>
  );
}

/** The last part of a path. */
function fileName(path: string): string {
  const name = path.split(/[\\/]/).at(-1) ?? '';
  return name === '' ? 'rules.toml' : name;
}
