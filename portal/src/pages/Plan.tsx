// Preview and approve: the plan that waits for a person, or the one that would be written now, as a page with an
// address: its totals, its objects with their differences by filter, the decision, and another plan beside it.
import { makeStyles, Spinner, Text, Toolbar, ToolbarButton, tokens } from '@fluentui/react-components';
import { useMemo } from 'react';
import { usePlan, usePlanAgain } from '../api/plan';
import { useIsAdmin, useOrder, useSession, useStatus } from '../api/queries';
import type { PlanReport, PlanSummary } from '../api/types';
import { Banner } from '../components/Banner';
import { Facts } from '../components/Facts';
import { Failure, Notice } from '../components/Failure';
import { PageHeader } from '../components/PageHeader';
import { PageSkeleton } from '../components/PageSkeleton';
import { Approve } from '../components/plan/Approve';
import { PlanComparison } from '../components/plan/PlanComparison';
import { PlanFilters, usePlanFilter } from '../components/plan/PlanFilters';
import { PlanObjects } from '../components/plan/PlanObjects';
import { Reject } from '../components/plan/Reject';
import { PlanCounts } from '../components/PlanCounts';
import { Section } from '../components/Section';
import { StateIcon, stateLook } from '../components/StateIcon';
import { OrderOutcome } from '../components/SyncCommands';
import { Time } from '../components/Time';
import { ArrowClockwiseRegular, ArrowDownloadRegular, CheckmarkCircleFilled, SearchRegular } from '../icons';
import { download } from '../lib/csv';
import { filterItems, isEmpty } from '../lib/plans';
import { t } from '../messages';
import { words } from '../messages/plan';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', gridTemplateColumns: 'minmax(0, 1fr)' },
  bar: { padding: 0, marginLeft: '-8px', flexWrap: 'wrap', minHeight: '32px', alignItems: 'center' },
  made: { color: tokens.colorNeutralForeground2, marginLeft: '8px' },
  decision: {
    padding: '16px 20px',
    display: 'grid',
    gap: '12px',
    gridTemplateColumns: 'minmax(0, 1fr)',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorStatusDangerBorder2}`,
    borderRadius: tokens.borderRadiusXLarge,
  },
  head: { display: 'flex', gap: '12px', alignItems: 'center' },
  text: { display: 'block', maxWidth: '90ch' },
  quiet: { color: tokens.colorNeutralForeground2 },
  actions: { display: 'flex', gap: '8px', flexWrap: 'wrap' },
  wait: { padding: '48px 0' },
  errors: { margin: 0, paddingLeft: '20px', display: 'grid', gap: '8px', overflowWrap: 'anywhere' },
});

export function PlanPage() {
  const styles = useStyles();
  const session = useSession();
  const admin = useIsAdmin();
  const status = useStatus();
  const plan = usePlan(admin);
  const held = status.data?.sync.heldPlan ?? undefined;

  if (!session.data || !status.data) {
    return (
      <>
        <PageHeader title={words.title} intro={words.intro} />
        {status.isError ? <Failure error={status.error} onRetry={() => void status.refetch()} /> : <PageSkeleton />}
      </>
    );
  }
  return (
    <>
      <PageHeader title={words.title} intro={words.intro} />
      <div className={styles.stack}>
        {!admin && <Banner intent="info">{words.readerOnly}</Banner>}
        {admin && !status.data.sync.clientConnected && <Banner intent="warning">{words.offline}</Banner>}
        {held && <Decision held={held} plan={plan.data} />}
        {!admin && !held && <Notice title={words.nothingWaits} icon={<CheckmarkCircleFilled />} />}
        {admin && <Shown plan={plan.data} error={plan.error} making={plan.isFetching} />}
      </div>
    </>
  );
}

/** What waits for a person: why, until when, and the word on it. */
function Decision({ held, plan }: { held: PlanSummary; plan: PlanReport | undefined }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const order = useOrder();
  const sent = order.data?.answer === 'accepted' ? order.variables?.order : undefined;
  return (
    <section className={styles.decision} aria-labelledby="held-title" data-held={held.deletionsDigest}>
      <div className={styles.head}>
        <StateIcon look={stateLook.held} size={24} />
        <Text as="h2" id="held-title" weight="semibold" size={400} style={{ margin: 0 }}>
          {t.held.title}
        </Text>
      </div>
      {held.verdict.kind === 'held' && (
        <div>
          <Text className={styles.text}>{held.verdict.reason}</Text>
          <Text className={styles.text}>{held.verdict.remedy}</Text>
        </div>
      )}
      <Facts
        facts={[
          { term: words.madeAt, value: <Time instant={held.madeAt} exact /> },
          { term: words.waits, value: words.waitsFor },
          { term: words.expiry, value: words.expiryText },
        ]}
      />
      {!admin && <PlanCounts counts={held.counts} />}
      {plan && <Text>{plan.summary.deletionsDigest === held.deletionsDigest ? words.sameAsHeld : words.notAsHeld}</Text>}
      {sent === 'pause' ? (
        <Banner intent="success">{words.paused}</Banner>
      ) : sent === 'syncNow' ? (
        <Banner intent="success">{words.reading}</Banner>
      ) : (
        <OrderOutcome order={order} />
      )}
      <div className={styles.actions} data-noprint>
        <Approve plan={held} order={order} disabled={!admin} />
        <Reject order={order} disabled={!admin} />
      </div>
    </section>
  );
}

function Shown({ plan, error, making }: { plan: PlanReport | undefined; error: Error | null; making: boolean }) {
  const styles = useStyles();
  const again = usePlanAgain();
  if (making) {
    return (
      <div className={styles.wait} role="status">
        <Spinner label={words.working} labelPosition="below" />
      </div>
    );
  }
  if (error) return <Failure error={error} onRetry={again} />;
  if (!plan) return <PageSkeleton />;
  return (
    <>
      <Toolbar className={styles.bar} aria-label={words.commands} data-noprint>
        <ToolbarButton icon={<ArrowClockwiseRegular />} onClick={again}>
          {words.again}
        </ToolbarButton>
        <ToolbarButton icon={<ArrowDownloadRegular />} onClick={() => download('lockstep-plan.json', `${JSON.stringify(plan, null, 2)}\n`, 'application/json')}>
          {words.download}
        </ToolbarButton>
        <Text size={200} className={styles.made}>
          {words.madeAt} <Time instant={plan.summary.madeAt} />
        </Text>
      </Toolbar>
      {isEmpty(plan.summary) ? (
        <Notice title={words.nothing} text={words.nothingHint} icon={<CheckmarkCircleFilled />} />
      ) : (
        <>
          <Section title={words.totals}>
            <PlanCounts counts={plan.summary.counts} />
          </Section>
          <Objects plan={plan} />
        </>
      )}
      {plan.errors.length > 0 && (
        <Section title={words.errors(plan.errors.length)}>
          <ul className={styles.errors}>
            {plan.errors.map((one, index) => (
              <li key={index}>
                <Text>
                  {one.message} {one.remedy}
                </Text>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <PlanComparison plan={plan} />
    </>
  );
}

function Objects({ plan }: { plan: PlanReport }) {
  const styles = useStyles();
  const { kind, change, property, text } = usePlanFilter();
  const found = useMemo(() => filterItems(plan.items, { kind, change, property, text }), [plan, kind, change, property, text]);
  return (
    <Section
      title={words.objects}
      actions={
        <Text className={styles.quiet} role="status">
          {words.shown(found.length, plan.items.length)}
        </Text>
      }
    >
      {plan.truncated && <Text className={styles.quiet}>{words.truncated(plan.items.length)}</Text>}
      <PlanFilters items={plan.items} />
      {found.length === 0 ? (
        <Notice title={words.noMatch} text={words.noMatchHint} icon={<SearchRegular />} />
      ) : (
        // Another choice of objects begins at its top again.
        <PlanObjects key={JSON.stringify([kind, change, property, text])} items={found} name={words.objects} />
      )}
    </Section>
  );
}
