// A plan that the deletion guard holds: its numbers, why, what to do, and the approval of exactly this plan.
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  makeStyles,
  Text,
  tokens,
  useRestoreFocusTarget,
} from '@fluentui/react-components';
import { useState } from 'react';
import { useIsAdmin, useOrder } from '../api/queries';
import type { PlanSummary } from '../api/types';
import { t } from '../messages';
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
  field: { marginTop: '16px' },
});

/** What a plan takes away, all kinds together. A plan without deletions is held for members or values it removes. */
function lossesOf(plan: PlanSummary) {
  const sum = (of: 'delete' | 'membersRemoved' | 'update') =>
    Object.values(plan.counts).reduce((total, counts) => total + counts[of], 0);
  const losses = { deletions: sum('delete'), members: sum('membersRemoved'), updates: sum('update') };
  return { ...losses, toType: losses.deletions || losses.members || losses.updates };
}

export function HeldPlan({ plan, onPreview }: { plan: PlanSummary; onPreview: () => void }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const order = useOrder();
  const verdict = plan.verdict;
  const focusTarget = useRestoreFocusTarget();
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
          <Text className={styles.text}>{verdict.reason}</Text>
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
        <Button {...focusTarget} disabledFocusable={!admin} onClick={onPreview}>
          {t.held.preview}
        </Button>
      </div>
    </section>
  );
}

interface ApproveProps {
  plan: PlanSummary;
  order: ReturnType<typeof useOrder>;
  disabled: boolean;
}

function Approve({ plan, order, disabled }: ApproveProps) {
  const styles = useStyles();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const losses = lossesOf(plan);
  const focusTarget = useRestoreFocusTarget();
  const right = typed.trim() === String(losses.toType);

  const confirm = () => {
    setTried(true);
    if (!right) return;
    order.mutate({ order: 'approve', digest: plan.deletionsDigest });
    setOpen(false);
  };
  return (
    <>
      <Button
        {...focusTarget}
        appearance="primary"
        disabledFocusable={disabled || order.isPending}
        onClick={() => {
          setTyped('');
          setTried(false);
          setOpen(true);
        }}
      >
        {t.held.approve}
      </Button>
      <Dialog open={open} onOpenChange={(_, data) => setOpen(data.open)}>
        <DialogSurface>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              confirm();
            }}
          >
            <DialogBody>
              <DialogTitle>{t.held.dialogTitle}</DialogTitle>
              <DialogContent>
                {t.held.dialog(losses)}
                <Field
                  className={styles.field}
                  label={t.held.typeIt(losses.toType)}
                  {...(tried && !right ? { validationMessage: t.held.mismatch(losses.toType) } : {})}
                >
                  <Input inputMode="numeric" autoComplete="off" value={typed} onChange={(_, data) => setTyped(data.value)} />
                </Field>
              </DialogContent>
              <DialogActions>
                <Button onClick={() => setOpen(false)}>{t.cancel}</Button>
                <Button type="submit" appearance="primary">
                  {t.held.confirm}
                </Button>
              </DialogActions>
            </DialogBody>
          </form>
        </DialogSurface>
      </Dialog>
    </>
  );
}
