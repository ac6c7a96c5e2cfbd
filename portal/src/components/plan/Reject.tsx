// Rejecting a held plan. Nothing of it is written anyway: what can be done is said, and can be done from here.
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  useRestoreFocusTarget,
} from '@fluentui/react-components';
import { useState } from 'react';
import type { useOrder } from '../../api/queries';
import type { Order } from '../../api/types';
import { t } from '../../messages';
import { words } from '../../messages/plan';

interface Props {
  order: ReturnType<typeof useOrder>;
  disabled: boolean;
}

export function Reject({ order, disabled }: Props) {
  const [open, setOpen] = useState(false);
  const focusTarget = useRestoreFocusTarget();
  const send = (what: Order) => {
    order.mutate(what);
    setOpen(false);
  };
  return (
    <>
      <Button {...focusTarget} disabledFocusable={disabled || order.isPending} onClick={() => setOpen(true)}>
        {words.reject}
      </Button>
      <Dialog open={open} onOpenChange={(_, data) => setOpen(data.open)}>
        <DialogSurface>
          <DialogBody>
            <DialogTitle>{words.rejectTitle}</DialogTitle>
            <DialogContent>
              <p style={{ marginTop: 0 }}>{words.rejectText}</p>
              <p style={{ marginBottom: 0 }}>{words.rejectPause}</p>
            </DialogContent>
            <DialogActions fluid>
              <Button onClick={() => setOpen(false)}>{t.cancel}</Button>
              <Button onClick={() => send({ order: 'syncNow', full: true })}>{words.readAgain}</Button>
              <Button appearance="primary" onClick={() => send({ order: 'pause' })}>
                {words.pause}
              </Button>
            </DialogActions>
          </DialogBody>
        </DialogSurface>
      </Dialog>
    </>
  );
}
