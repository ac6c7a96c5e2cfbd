// Manage directory synchronization: the page admins know, with all its items, what waits for a decision, the
// orders to the sync client, and the errors.
import { Link, makeStyles, tokens } from '@fluentui/react-components';
import { Fragment } from 'react';
import { Navigate } from 'react-router';
import { useDomains, useIsAdmin, useStatus } from '../api/queries';
import type { Status } from '../api/types';
import { AppLink } from '../components/AppLink';
import { Banner } from '../components/Banner';
import { ActivityCharts } from '../components/charts/ActivityCharts';
import { ErrorList } from '../components/ErrorList';
import { Facts, type Fact } from '../components/Facts';
import { Failure } from '../components/Failure';
import { HeldPlan } from '../components/HeldPlan';
import { PageHeader } from '../components/PageHeader';
import { PrintHead } from '../components/PrintHead';
import { Section } from '../components/Section';
import { StateLine } from '../components/StateLine';
import { SyncClients } from '../components/SyncClients';
import { SyncCommands } from '../components/SyncCommands';
import { Time, useRelativeTime } from '../components/Time';
import { driftOf } from '../lib/drift';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', gridTemplateColumns: 'minmax(0, 1fr)' },
  columns: {
    display: 'grid',
    gap: '16px',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    alignItems: 'stretch',
    '@media (max-width: 1100px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  state: {
    padding: '16px 20px',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
  },
  sub: { display: 'block', color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

export function DirectorySyncPage() {
  const styles = useStyles();
  const status = useStatus();
  const [params] = useUrlState();
  const data = status.data;

  // Where the preview was before it had a page of its own.
  if (params.get('panel') === 'preview') return <Navigate to="/dirsync/plan" replace />;
  if (status.isError && !data) {
    return (
      <>
        <PageHeader title={t.dirsync.title} />
        <Failure error={status.error} onRetry={() => void status.refetch()} />
      </>
    );
  }
  return (
    <>
      <PageHeader title={t.dirsync.title} />
      <PrintHead />
      <div className={styles.stack}>
        <SyncCommands status={data} />
        {data && <Warnings status={data} />}
        <div className={styles.state}>
          <StateLine status={data} />
        </div>
        {data?.sync.heldPlan && <HeldPlan plan={data.sync.heldPlan} />}
        <div className={styles.columns}>
          <Section title={t.dirsync.itemsTitle}>
            <EightItems status={data} />
          </Section>
          <Section title={t.dirsync.clientTitle}>
            <ClientItems status={data} />
          </Section>
        </div>
        <ActivityCharts />
        {data && <SyncClients status={data} />}
        {data && <ErrorList title={t.dirsync.errorsTitle} fullPageLink />}
      </div>
    </>
  );
}

function EightItems({ status }: { status: Status | undefined }) {
  const styles = useStyles();
  const domains = useDomains();
  const items = t.dirsync.items;
  const sync = status?.sync;
  const unverified = (domains.data ?? []).filter((domain) => domain.isVerified === false).map((domain) => domain.id);
  const flag = (value: boolean | null) => (value === null ? t.dirsync.neverEnabled : value ? t.yes : t.no);

  const facts: Fact[] = [
    { term: items.domainsVerified, value: status && t.number(status.domains.verified) },
    {
      term: items.domainsNotVerified,
      value: status && (
        <>
          {t.number(status.domains.notVerified)}
          {unverified.length > 0 && (
            <span className={styles.sub}>
              {unverified.map((name, index) => (
                <Fragment key={name}>
                  {index > 0 && ', '}
                  <AppLink to={`/domains?domain=${encodeURIComponent(name ?? '')}`}>{name}</AppLink>
                </Fragment>
              ))}
            </span>
          )}
        </>
      ),
    },
    { term: items.enabled, value: sync && flag(sync.enabled) },
    { term: items.latest, value: sync && <Time instant={sync.lastSync} exact /> },
    { term: items.passwordEnabled, value: sync && flag(sync.passwordSyncEnabled) },
    { term: items.lastPassword, value: sync && <Time instant={sync.lastPasswordSync} exact /> },
    { term: items.version, value: sync && (sync.clientVersion ?? t.none) },
    { term: items.account, value: sync && (sync.serviceAccount ?? t.none) },
  ];
  return <Facts facts={facts} tall />;
}

function ClientItems({ status }: { status: Status | undefined }) {
  const styles = useStyles();
  const sync = status?.sync;
  const pending = sync?.pending;
  const facts: Fact[] = [
    {
      term: t.dirsync.state,
      value: sync && (
        <>
          {sync.clientState ? t.clientStates[sync.clientState] : t.none}
          {!sync.clientConnected && <span className={styles.sub}>{t.dirsync.notConnected}</span>}
        </>
      ),
    },
    { term: t.dirsync.machine, value: sync && (sync.machine ?? t.none) },
    { term: t.dirsync.lastImport, value: sync && <Time instant={sync.lastImport} exact /> },
    { term: t.dirsync.lastExport, value: sync && <Time instant={sync.lastExport} exact /> },
    {
      term: t.dirsync.nextCycle,
      value: sync && (
        <>
          {sync.nextCycle ? <Time instant={sync.nextCycle} /> : t.dirsync.notScheduled}
          {sync.cycleSeconds !== null && <span className={styles.sub}>{t.dirsync.cycle(sync.cycleSeconds)}</span>}
        </>
      ),
    },
    {
      term: t.dirsync.fullRead,
      value: sync && (
        <>
          {sync.timetable.lastFullRead ? <Time instant={sync.timetable.lastFullRead} /> : t.never}
          {sync.timetable.drift && <span className={styles.sub}>{t.dirsync.drift(driftOf(sync.timetable.drift))}</span>}
        </>
      ),
    },
    {
      term: t.dirsync.nextFullRead,
      value: sync && (sync.timetable.nextFullRead ? <Time instant={sync.timetable.nextFullRead} /> : t.dirsync.notScheduled),
    },
    ...(sync && (sync.timetable.maintenanceUntil ?? sync.timetable.nextMaintenance)
      ? [
          {
            term: t.dirsync.maintenance,
            value: sync.timetable.maintenanceUntil ? (
              <>
                {t.dirsync.maintenanceUntil} <Time instant={sync.timetable.maintenanceUntil} exact />
              </>
            ) : (
              <>
                {t.dirsync.maintenanceNext} <Time instant={sync.timetable.nextMaintenance} exact />
              </>
            ),
          },
        ]
      : []),
    { term: t.dirsync.lastContact, value: sync && <Time instant={sync.lastContact} exact /> },
    { term: t.dirsync.source, value: sync && (sync.source ?? t.none) },
    {
      term: t.dirsync.pending,
      value: sync && (
        <>
          {pending ? t.dirsync.pendingText(pending.additions, pending.updates, pending.deletions) : t.none}
          {sync.connectorSpaceObjects !== null && (
            <span className={styles.sub}>{t.dirsync.inConnectorSpace(sync.connectorSpaceObjects)}</span>
          )}
        </>
      ),
    },
  ];
  return <Facts facts={facts} tall />;
}

function Warnings({ status }: { status: Status }) {
  const { sync } = status;
  const admin = useIsAdmin();
  const limit = t.dirsync.threshold(sync.staleAfterSeconds);
  return (
    <>
      {sync.enabled === null && (
        <Banner intent="info" action={<AppLink to="/setup">{t.home.setUp}</AppLink>}>
          {t.setup.waitingShort}
        </Banner>
      )}
      {sync.stale && <StaleBar text={t.dirsync.stale(limit)} />}
      {sync.passwordStale && <StaleBar text={t.dirsync.passwordStale(limit)} />}
      {sync.enabled !== null && !sync.clientConnected && sync.lastContact && <OfflineBar since={sync.lastContact} />}
      {sync.clientDetail && sync.clientState !== 'held' && (
        <Banner intent={sync.clientState === 'failed' ? 'error' : 'warning'} long action={<Troubleshoot />}>
          <strong>{t.dirsync.clientFailed}</strong> {sync.clientDetail}
        </Banner>
      )}
      {sync.updateAvailable && (
        <Banner
          intent="info"
          action={
            <Link href={sync.downloadUrl} download>
              {t.dirsync.download}
            </Link>
          }
        >
          {t.dirsync.update(sync.latestVersion, sync.clientVersion ?? t.unknown)}
        </Banner>
      )}
      {!admin && <Banner intent="info">{t.failure.readerOnly}</Banner>}
    </>
  );
}

function Troubleshoot() {
  return <AppLink to="/dirsync/troubleshoot">{t.dirsync.troubleshoot}</AppLink>;
}

function StaleBar({ text }: { text: string }) {
  return (
    <Banner intent="warning" action={<Troubleshoot />}>
      {text}
    </Banner>
  );
}

function OfflineBar({ since }: { since: string }) {
  return (
    <Banner intent="warning" action={<Troubleshoot />}>
      {t.dirsync.offline(useRelativeTime(since))}
    </Banner>
  );
}
