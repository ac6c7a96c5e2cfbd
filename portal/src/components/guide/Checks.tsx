// The checks of a sync client, each with what to do.
import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { DoctorCheck } from '../../api/types';
import { t } from '../../messages';
import { checkLook, StateIcon } from '../StateIcon';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '8px' },
  check: { display: 'flex', gap: '8px' },
  text: { minWidth: 0, overflowWrap: 'anywhere' },
  quiet: { display: 'block', color: tokens.colorNeutralForeground2, whiteSpace: 'pre-line' },
});

export function Checks({ checks }: { checks: DoctorCheck[] }) {
  const styles = useStyles();
  return (
    <ul className={styles.list} aria-label={t.doctor.listLabel}>
      {checks.map((check) => (
        <li key={check.name} className={styles.check} data-check={check.name} data-result={check.result}>
          <span role="img" aria-label={t.checks[check.result]} title={t.checks[check.result]}>
            <StateIcon look={checkLook[check.result]} />
          </span>
          <div className={styles.text}>
            <Text weight="semibold">{check.title}</Text>
            <Text className={styles.quiet}>{check.detail}</Text>
            {check.remedy !== undefined && (
              <Text>
                <strong>{t.doctor.toDo}</strong> {check.remedy}
              </Text>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
