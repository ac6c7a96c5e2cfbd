// A plan that the deletion guard holds: its numbers, why, what to do, and the approval of exactly this plan.
import { makeStyles, Text, tokens } from '@fluentui/react-components';
import { useIsAdmin, useOrder } from '../api/queries';
import type { PlanSummary } from '../api/types';
import { t } from '../messages';
import { LinkButton } from './AppLink';
import { Approve } from './plan/Approve';
import { PlanCounts } from './PlanCounts';
import { StateIcon, stateLook } from './StateIcon';
import { OrderOutcome } from './SyncCommands';
import { Time } from './Time';

const useStyles = makeStyles({
  root: {
    padding: '16px 20px',
    display: 'grid',
    gap: '12px',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorStatusDangerBorder2}`,
    borderRadius: tokens.borderRadiusXLarge,
  },
  head: { display: 'flex', gap: '12px', alignItems: 'center' },
  text: { display: 'block', maxWidth: '90ch' },
  quiet: { color: tokens.colorNeutralForeground2 },
  actions: { display: 'flex', gap: '8px', flexWrap: 'wrap' },
});

/** The sync client's sentence, which may come without its full stop. */
const whole = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);

export function HeldPlan({ plan }: { plan: PlanSummary }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const order = useOrder();
  const verdict = plan.verdict;
  return (
    <section className={styles.root} aria-labelledby="held-title" data-held={plan.deletionsDigest}>
      <div className={styles.head}>
        <StateIcon look={stateLook.held} size={24} />
        <Text as="h2" id="held-title" weight="semibold" size={400} style={{ margin: 0 }}>
          {t.held.title}
        </Text>
      </div>
      {verdict.kind === 'held' && (
        <div>
          <Text className={styles.text}>{whole(verdict.reason)}</Text>
          <Text className={styles.text}>{verdict.remedy}</Text>
        </div>
      )}
      <Text className={styles.quiet}>
        {t.held.nothing} {t.held.made} <Time instant={plan.madeAt} />.
      </Text>
      <PlanCounts counts={plan.counts} />
      <OrderOutcome order={order} />
      <div className={styles.actions}>
        <Approve plan={plan} order={order} disabled={!admin} />
        <LinkButton to="/dirsync/plan">{t.held.preview}</LinkButton>
      </div>
    </section>
  );
}
