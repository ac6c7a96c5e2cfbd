// The errors of one object, in short, each with the way to its details.
import { makeStyles, Text, tokens } from '@fluentui/react-components';
import { useErrors } from '../api/queries';
import { t } from '../messages';
import { AppLink } from './AppLink';
import { Failure } from './Failure';
import { severityLook, StateIcon } from './StateIcon';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '12px' },
  item: {
    display: 'flex',
    gap: '10px',
    padding: '10px 12px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  text: { minWidth: 0, overflowWrap: 'anywhere' },
  block: { display: 'block' },
  quiet: { display: 'block', color: tokens.colorNeutralForeground2 },
  room: { minHeight: '20px' },
});

export function ObjectErrors({ id }: { id: string }) {
  const styles = useStyles();
  const errors = useErrors({ object: id });
  const rows = errors.data?.pages.flatMap((page) => page.value);
  if (errors.isError && !rows) return <Failure error={errors.error} onRetry={() => void errors.refetch()} />;
  if (!rows) return <div className={styles.room} aria-busy />;
  if (rows.length === 0) return <Text className={styles.quiet}>{t.users.noErrors}</Text>;
  return (
    <ul className={styles.list}>
      {rows.map((row) => (
        <li key={row.id} className={styles.item}>
          <StateIcon look={severityLook[row.severity]} />
          <div className={styles.text}>
            <AppLink to={`/dirsync/errors?error=${row.id}&q=${encodeURIComponent(row.object.name)}`}>{t.code(row.code)}</AppLink>
            <Text className={styles.block}>{row.message}</Text>
            <Text className={styles.quiet}>{row.remedy}</Text>
          </div>
        </li>
      ))}
    </ul>
  );
}
