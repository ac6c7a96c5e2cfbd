// Home: the card DirSync Status, and beside it users, domains and recent runs.
import { Badge, Divider, makeStyles, SkeletonItem, Text, tokens } from '@fluentui/react-components';
import type { Domain } from '@microsoft/microsoft-graph-types';
import type { ReactNode } from 'react';
import { useDomains, useRuns, useStatus } from '../api/queries';
import type { Run, Status } from '../api/types';
import { AppLink, LinkButton } from '../components/AppLink';
import { Facts } from '../components/Facts';
import { Failure } from '../components/Failure';
import { PageHeader } from '../components/PageHeader';
import { RunBars } from '../components/RunBars';
import { PrintHead } from '../components/PrintHead';
import { Section } from '../components/Section';
import { StateLine } from '../components/StateLine';
import { StateIcon, resultLook } from '../components/StateIcon';
import { Time } from '../components/Time';
import { duration } from '../lib/time';
import { t } from '../messages';

const useStyles = makeStyles({
  grid: {
    display: 'grid',
    gap: '16px',
    gridTemplateColumns: 'repeat(2, minmax(0, 1fr))',
    maxWidth: '1120px',
    '@media (max-width: 900px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  card: { display: 'flex', flexDirection: 'column', minHeight: '252px' },
  body: { flexGrow: 1 },
  foot: { marginTop: '16px' },
  facts: { marginTop: '20px' },
  numbers: { display: 'grid', gridTemplateColumns: 'repeat(3, minmax(0, 1fr))', gap: '16px', margin: 0 },
  number: { margin: 0, fontSize: tokens.fontSizeHero700, lineHeight: tokens.lineHeightHero700, fontWeight: tokens.fontWeightSemibold },
  term: { color: tokens.colorNeutralForeground2 },
  sub: { display: 'block', margin: 0, minHeight: '16px', color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  domains: { listStyleType: 'none', margin: '12px 0 0', padding: 0, display: 'grid', gap: '6px' },
  domain: { display: 'flex', gap: '8px', alignItems: 'center', minWidth: 0 },
  domainName: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', flexGrow: 1 },
  latest: { display: 'flex', alignItems: 'center', gap: '8px', minHeight: '24px', marginTop: '12px' },
});

export function HomePage() {
  const styles = useStyles();
  const status = useStatus();
  return (
    <>
      <PageHeader title={t.home.title} />
      <PrintHead />
      <div className={styles.grid}>
        <Section title={t.home.dirsync} className={styles.card}>
          {status.isError && !status.data ? (
            <Failure error={status.error} onRetry={() => void status.refetch()} />
          ) : (
            <DirSyncCard status={status.data} />
          )}
        </Section>
        <Section title={t.home.userManagement} className={styles.card}>
          <UserCard status={status.data} />
        </Section>
        <Section title={t.home.runs} className={styles.card}>
          <RunsCard />
        </Section>
        <Section title={t.home.domains} className={styles.card}>
          <DomainsCard status={status.data} />
        </Section>
      </div>
    </>
  );
}

function DirSyncCard({ status }: { status: Status | undefined }) {
  const styles = useStyles();
  const never = status?.sync.enabled === null;
  return (
    <>
      <div className={styles.body}>
        <StateLine status={status} />
        <div className={styles.facts}>
          <Facts
            columns="three"
            facts={[
              { term: t.home.lastSync, value: status && <Time instant={status.sync.lastSync} /> },
              { term: t.home.lastExport, value: status && <Time instant={status.sync.lastExport} /> },
              {
                term: t.home.errors,
                value:
                  status &&
                  (status.errors.total === 0 ? (
                    t.home.errorsCount(0)
                  ) : (
                    <AppLink to="/dirsync/errors">{t.home.errorsCount(status.errors.total)}</AppLink>
                  )),
              },
            ]}
          />
        </div>
      </div>
      <div className={styles.foot}>
        <LinkButton to={never ? '/setup' : '/dirsync'} appearance="primary">
          {never ? t.home.setUp : t.home.manage}
        </LinkButton>
      </div>
    </>
  );
}

function Figure({ term, value, sub }: { term: string; value: number | undefined; sub?: ReactNode }) {
  const styles = useStyles();
  return (
    <div>
      <dt className={styles.term}>{term}</dt>
      <dd className={styles.number}>{value === undefined ? <SkeletonItem size={32} /> : t.number(value)}</dd>
      <dd className={styles.sub}>{sub}</dd>
    </div>
  );
}

function UserCard({ status }: { status: Status | undefined }) {
  const styles = useStyles();
  const objects = status?.objects;
  const bad = status?.errors.usersWithErrors;
  return (
    <>
      <div className={styles.body}>
        <dl className={styles.numbers}>
          <Figure term={t.home.users} value={objects?.users} sub={objects && t.home.syncedOf(objects.syncedUsers)} />
          <Figure term={t.home.groups} value={objects?.groups} sub={objects && t.home.syncedOf(objects.syncedGroups)} />
          <Figure
            term={t.home.usersWithErrors}
            value={bad}
            sub={bad !== undefined && bad > 0 && <AppLink to="/users?view=errors">{t.users.bannerLink}</AppLink>}
          />
        </dl>
      </div>
      <div className={styles.foot}>
        <LinkButton to="/users">{t.home.activeUsers}</LinkButton>
      </div>
    </>
  );
}

const DOMAINS_SHOWN = 4;

function DomainsCard({ status }: { status: Status | undefined }) {
  const styles = useStyles();
  const domains = useDomains();
  const list = [...(domains.data ?? [])].sort(byTrouble);
  return (
    <>
    <div className={styles.body}>
      <dl className={styles.numbers}>
        <Figure term={t.home.verified} value={status?.domains.verified} />
        <Figure term={t.home.notVerified} value={status?.domains.notVerified} />
      </dl>
      <Divider />
      {domains.isError ? (
        <Failure error={domains.error} onRetry={() => void domains.refetch()} />
      ) : (
        <ul className={styles.domains}>
          {domains.isPending
            ? Array.from({ length: 2 }, (_, i) => (
                <li key={i} className={styles.domain}>
                  <SkeletonItem size={20} />
                </li>
              ))
            : list.slice(0, DOMAINS_SHOWN).map((domain) => <DomainLine key={domain.id} domain={domain} />)}
          {list.length > DOMAINS_SHOWN && <li className={styles.sub}>{t.home.moreDomains(list.length - DOMAINS_SHOWN)}</li>}
        </ul>
      )}
    </div>
    <div className={styles.foot}>
      <LinkButton to="/domains">{t.home.manageDomains}</LinkButton>
    </div>
    </>
  );
}

/** Domains that are not verified come first: they are what needs a hand. */
function byTrouble(a: Domain, b: Domain): number {
  return Number(a.isVerified ?? false) - Number(b.isVerified ?? false) || (a.id ?? '').localeCompare(b.id ?? '');
}

function DomainLine({ domain }: { domain: Domain }) {
  const styles = useStyles();
  return (
    <li className={styles.domain}>
      <span className={styles.domainName} title={domain.id}>
        <AppLink to={`/domains?domain=${encodeURIComponent(domain.id ?? '')}`}>{domain.id}</AppLink>
      </span>
      {domain.isDefault === true && (
        <Badge appearance="tint" color="informative">
          {t.home.defaultDomain}
        </Badge>
      )}
      <Badge appearance="tint" color={domain.isVerified ? 'success' : 'warning'}>
        {domain.isVerified ? t.home.verified : t.home.notVerified}
      </Badge>
    </li>
  );
}

const RUNS_SHOWN = 30;

function RunsCard() {
  const styles = useStyles();
  const runs = useRuns(RUNS_SHOWN);
  const latest = runs.data?.[0];
  if (runs.isError && !runs.data) return <Failure error={runs.error} onRetry={() => void runs.refetch()} />;
  return (
    <>
      <div className={styles.body}>
        <RunBars runs={runs.data} />
        <div className={styles.latest}>{runs.data && (latest ? <LatestRun run={latest} /> : <Text>{t.home.noRuns}</Text>)}</div>
      </div>
      <div className={styles.foot}>
        <LinkButton to="/dirsync/runs">{t.home.allRuns}</LinkButton>
      </div>
    </>
  );
}

function LatestRun({ run }: { run: Run }) {
  return (
    <>
      <StateIcon look={resultLook[run.result]} />
      <Text>
        {t.results[run.result]}, <Time instant={run.endedAt} />, {duration(Date.parse(run.endedAt) - Date.parse(run.startedAt))}
      </Text>
    </>
  );
}
