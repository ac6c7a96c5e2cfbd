// The approval of exactly one held plan: what it takes away is said, and its number is typed.
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
  useRestoreFocusTarget,
} from '@fluentui/react-components';
import { useState } from 'react';
import type { useOrder } from '../../api/queries';
import type { PlanSummary } from '../../api/types';
import { lossesOf } from '../../lib/plans';
import { t } from '../../messages';

const useStyles = makeStyles({ field: { marginTop: '16px' } });

interface Props {
  plan: PlanSummary;
  order: ReturnType<typeof useOrder>;
  disabled: boolean;
}

export function Approve({ plan, order, disabled }: Props) {
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
