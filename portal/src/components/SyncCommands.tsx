// Orders to the sync client, and what became of the last one.
import { makeStyles, MessageBar, MessageBarBody, Spinner, Toolbar, ToolbarButton, ToolbarDivider } from '@fluentui/react-components';
import { useNavigate } from 'react-router';
import { useIsAdmin, useOrder } from '../api/queries';
import type { Status } from '../api/types';
import { ArrowSyncRegular, EyeRegular, PauseRegular, PlayRegular, StethoscopeRegular } from '../icons';
import { t } from '../messages';
import { explain } from './Failure';

const useStyles = makeStyles({
  bar: { padding: 0, marginLeft: '-8px', flexWrap: 'wrap', minHeight: '32px' },
});

export function SyncCommands({ status, onPreview }: { status: Status | undefined; onPreview: () => void }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const order = useOrder();
  const navigate = useNavigate();
  const sent = order.variables?.order;
  const paused = status?.sync.clientState === 'paused' || status?.summary.state === 'paused';
  const off = !admin || !status || order.isPending;

  const icon = (name: string, idle: React.ReactElement) =>
    order.isPending && sent === name ? <Spinner size="tiny" /> : idle;

  return (
    <>
      <Toolbar className={styles.bar} aria-label={t.dirsync.commands}>
        <ToolbarButton
          icon={icon('syncNow', <ArrowSyncRegular />)}
          disabledFocusable={off}
          onClick={() => order.mutate({ order: 'syncNow', full: false })}
        >
          {t.dirsync.syncNow}
        </ToolbarButton>
        {paused ? (
          <ToolbarButton icon={icon('resume', <PlayRegular />)} disabledFocusable={off} onClick={() => order.mutate({ order: 'resume' })}>
            {t.dirsync.resume}
          </ToolbarButton>
        ) : (
          <ToolbarButton icon={icon('pause', <PauseRegular />)} disabledFocusable={off} onClick={() => order.mutate({ order: 'pause' })}>
            {t.dirsync.pause}
          </ToolbarButton>
        )}
        <ToolbarButton icon={<EyeRegular />} disabledFocusable={!admin || !status} onClick={onPreview}>
          {t.dirsync.preview}
        </ToolbarButton>
        <ToolbarDivider />
        <ToolbarButton icon={<StethoscopeRegular />} onClick={() => void navigate('/dirsync/troubleshoot')}>
          {t.nav.troubleshooter}
        </ToolbarButton>
      </Toolbar>
      <OrderOutcome order={order} />
    </>
  );
}

/** What became of an order, in words. */
export function OrderOutcome({ order }: { order: ReturnType<typeof useOrder> }) {
  if (order.error) {
    return (
      <MessageBar intent="error" layout="multiline" role="alert">
        <MessageBarBody>
          {t.dirsync.orderFailed} {explain(order.error).text}
        </MessageBarBody>
      </MessageBar>
    );
  }
  if (order.data?.answer === 'refused') {
    return (
      <MessageBar intent="error" layout="multiline" role="alert">
        <MessageBarBody>
          {t.dirsync.refused} {order.data.reason}
        </MessageBarBody>
      </MessageBar>
    );
  }
  const sent = order.variables?.order;
  if (order.data?.answer === 'accepted' && sent !== undefined && sent !== 'preview') {
    return (
      <MessageBar intent="success">
        <MessageBarBody>{t.dirsync.accepted[sent]}</MessageBarBody>
      </MessageBar>
    );
  }
  return null;
}
