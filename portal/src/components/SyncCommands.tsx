// Orders to the sync client, and what became of the last one.
import { makeStyles, Spinner, Toolbar, ToolbarButton, ToolbarDivider } from '@fluentui/react-components';
import { useEffect, type ReactElement } from 'react';
import { useNavigate } from 'react-router';
import { useIsAdmin, useOrder } from '../api/queries';
import type { Status } from '../api/types';
import { ArrowSyncRegular, EyeRegular, PauseRegular, PlayRegular, PrintRegular, StethoscopeRegular } from '../icons';
import { t } from '../messages';
import { Banner } from './Banner';
import { explain } from './Failure';
import { SyncSwitch } from './SyncSwitch';

const useStyles = makeStyles({
  bar: { padding: 0, marginLeft: '-8px', flexWrap: 'wrap', minHeight: '32px' },
  divider: { '@media (max-width: 600px)': { display: 'none' } },
});

export function SyncCommands({ status }: { status: Status | undefined }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const order = useOrder();
  const navigate = useNavigate();
  const sent = order.variables?.order;
  const paused = status?.sync.clientState === 'paused' || status?.summary.state === 'paused';
  const off = !admin || !status || order.isPending;

  const icon = (name: string, idle: ReactElement) =>
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
        <ToolbarButton icon={<EyeRegular />} onClick={() => void navigate('/dirsync/plan')}>
          {t.dirsync.preview}
        </ToolbarButton>
        <ToolbarDivider className={styles.divider} />
        <ToolbarButton icon={<StethoscopeRegular />} onClick={() => void navigate('/dirsync/troubleshoot')}>
          {t.nav.troubleshooter}
        </ToolbarButton>
        <ToolbarButton icon={<PrintRegular />} onClick={() => window.print()}>
          {t.shell.print}
        </ToolbarButton>
        <SyncSwitch status={status} />
      </Toolbar>
      <OrderOutcome order={order} />
    </>
  );
}

const SUCCESS_SHOWN_MS = 8_000;

/** What became of an order, in words. */
export function OrderOutcome({ order }: { order: ReturnType<typeof useOrder> }) {
  const accepted = order.data?.answer === 'accepted';
  const { reset } = order;
  useEffect(() => {
    if (!accepted) return undefined;
    const timer = setTimeout(reset, SUCCESS_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [accepted, reset]);

  if (order.error) {
    return (
      <Banner intent="error" long alert>
        {t.dirsync.orderFailed} {explain(order.error).text}
      </Banner>
    );
  }
  if (order.data?.answer === 'refused') {
    return (
      <Banner intent="error" long alert>
        {t.dirsync.refused} {order.data.reason}
      </Banner>
    );
  }
  const sent = order.variables?.order;
  if (accepted && sent !== undefined && sent !== 'preview' && sent !== 'explain') return <Banner intent="success">{t.dirsync.accepted[sent]}</Banner>;
  return null;
}
