// Turns directory synchronization off, once its consequences were read, or on again.
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  Text,
  ToolbarButton,
  useRestoreFocusTarget,
} from '@fluentui/react-components';
import { useState } from 'react';
import { useIsAdmin, useSwitchSync } from '../api/queries';
import type { Status } from '../api/types';
import { PlugDisconnectedRegular } from '../icons';
import { t } from '../messages';
import { Banner } from './Banner';
import { explain } from './Failure';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  list: { margin: 0, paddingLeft: '20px', display: 'grid', gap: '6px' },
});

export function SyncSwitch({ status }: { status: Status | undefined }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const change = useSwitchSync();
  const [open, setOpen] = useState(false);
  const focusTarget = useRestoreFocusTarget();
  const enabled = status?.sync.enabled;
  // Never set up: there is nothing to turn off.
  if (!status || enabled === null || enabled === undefined) return null;
  const words = enabled ? t.syncSwitch.off : t.syncSwitch.on;
  return (
    <>
      <ToolbarButton {...focusTarget} icon={<PlugDisconnectedRegular />} disabledFocusable={!admin || change.isPending} onClick={() => setOpen(true)}>
        {words.command}
      </ToolbarButton>
      <Dialog open={open} onOpenChange={(_, data) => setOpen(data.open)}>
        <DialogSurface>
          <DialogBody>
            <DialogTitle>{words.title}</DialogTitle>
            <DialogContent className={styles.stack}>
              <Text>{words.text(status.objects.syncedUsers, status.objects.syncedGroups)}</Text>
              <ul className={styles.list}>
                {words.consequences.map((consequence) => (
                  <li key={consequence}>{consequence}</li>
                ))}
              </ul>
              {change.error && (
                <Banner intent="error" long alert>
                  {explain(change.error).text}
                </Banner>
              )}
            </DialogContent>
            <DialogActions>
              <Button onClick={() => setOpen(false)}>{t.cancel}</Button>
              <Button
                appearance="primary"
                disabledFocusable={change.isPending}
                onClick={() => change.mutate({ tenant: status.tenant.id, enabled: !enabled }, { onSuccess: () => setOpen(false) })}
              >
                {words.submit}
              </Button>
            </DialogActions>
          </DialogBody>
        </DialogSurface>
      </Dialog>
    </>
  );
}
