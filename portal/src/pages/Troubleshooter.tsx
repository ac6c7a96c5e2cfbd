// Troubleshooter: the checks of `lockstep doctor`, of the server and of the connected sync client.
import { Button, makeStyles, SkeletonItem, Spinner, Text, tokens } from '@fluentui/react-components';
import { useDoctor } from '../api/queries';
import type { DoctorCheck } from '../api/types';
import { Banner } from '../components/Banner';
import { Failure } from '../components/Failure';
import { PageHeader } from '../components/PageHeader';
import { checkLook, StateIcon } from '../components/StateIcon';
import { ArrowClockwiseRegular } from '../icons';
import { duration } from '../lib/time';
import { t } from '../messages';

const useStyles = makeStyles({
  bar: { display: 'flex', gap: '12px', alignItems: 'center', marginBottom: '12px', minHeight: '32px', flexWrap: 'wrap' },
  notice: { marginBottom: '12px' },
  list: {
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    maxWidth: '960px',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
  },
  check: {
    display: 'flex',
    gap: '12px',
    padding: '12px 20px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    ':last-child': { borderBottomStyle: 'none' },
  },
  text: { flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere' },
  block: { display: 'block' },
  quiet: { display: 'block', color: tokens.colorNeutralForeground2, whiteSpace: 'pre-line' },
  remedy: { display: 'block', marginTop: '4px' },
  took: { color: tokens.colorNeutralForeground3, whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' },
  waiting: { display: 'grid', gap: '6px', flexGrow: 1 },
});

const SKELETON_CHECKS = 8;

export function TroubleshooterPage() {
  const styles = useStyles();
  const doctor = useDoctor();
  const checks = doctor.data?.checks;
  const count = (result: DoctorCheck['result']) => checks?.filter((check) => check.result === result).length ?? 0;
  return (
    <>
      <PageHeader title={t.doctor.title} intro={t.doctor.intro} />
      <div className={styles.bar}>
        <Button icon={<ArrowClockwiseRegular />} onClick={() => void doctor.refetch()} disabledFocusable={doctor.isFetching}>
          {t.doctor.run}
        </Button>
        <div role="status">
          {doctor.isFetching ? (
            <Spinner size="tiny" label={t.doctor.running} />
          ) : (
            checks && <Text weight="semibold">{t.doctor.summary(count('fail'), count('warn'), count('pass'))}</Text>
          )}
        </div>
      </div>
      {doctor.data && !doctor.data.clientConnected && (
        <Banner intent="warning" long className={styles.notice}>
          {t.doctor.offline}
        </Banner>
      )}
      {doctor.isError && !checks ? (
        <Failure error={doctor.error} onRetry={() => void doctor.refetch()} />
      ) : (
        <ul className={styles.list} aria-label={t.doctor.listLabel} aria-busy={doctor.isFetching}>
          {checks
            ? checks.map((check, index) => <Check key={`${check.name} ${index}`} check={check} />)
            : Array.from({ length: SKELETON_CHECKS }, (_, i) => (
                <li key={i} className={styles.check}>
                  <SkeletonItem shape="circle" size={20} />
                  <div className={styles.waiting}>
                    <SkeletonItem size={16} style={{ width: '30%' }} />
                    <SkeletonItem size={16} style={{ width: '60%' }} />
                  </div>
                </li>
              ))}
        </ul>
      )}
    </>
  );
}

function Check({ check }: { check: DoctorCheck }) {
  const styles = useStyles();
  return (
    <li className={styles.check} data-check={check.name} data-result={check.result}>
      <span role="img" aria-label={t.checks[check.result]} title={t.checks[check.result]}>
        <StateIcon look={checkLook[check.result]} />
      </span>
      <div className={styles.text}>
        <Text weight="semibold" className={styles.block}>
          {check.title}
        </Text>
        <Text className={styles.quiet}>{check.detail}</Text>
        {check.remedy && (
          <Text className={styles.remedy}>
            <strong>{t.doctor.toDo}</strong> {check.remedy}
          </Text>
        )}
      </div>
      <Text size={200} className={styles.took}>
        {check.result === 'skipped' || check.millis === 0 ? '' : duration(check.millis)}
      </Text>
    </li>
  );
}
