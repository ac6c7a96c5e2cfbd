// The one sentence of truth: state by icon and word, and the server's sentence with the numbers.
import { makeStyles, SkeletonItem, Text, tokens } from '@fluentui/react-components';
import type { Status } from '../api/types';
import { t } from '../messages';
import { StateIcon, stateLook } from './StateIcon';

const useStyles = makeStyles({
  root: { display: 'flex', alignItems: 'flex-start', gap: '12px', minHeight: '44px' },
  icon: { height: '32px', display: 'flex' },
  label: { display: 'block' },
  sentence: { display: 'block', color: tokens.colorNeutralForeground2 },
  waiting: { display: 'grid', gap: '6px', width: '60%' },
  hidden: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' },
});

export function StateLine({ status }: { status: Status | undefined }) {
  const styles = useStyles();
  if (!status) {
    return (
      <div className={styles.root}>
        <SkeletonItem shape="circle" size={32} />
        <div className={styles.waiting}>
          <SkeletonItem size={20} />
          <SkeletonItem size={16} />
        </div>
      </div>
    );
  }
  const { state } = status.summary;
  return (
    <div className={styles.root} data-state={state}>
      <span className={styles.icon}>
        <StateIcon look={stateLook[state]} size={32} />
      </span>
      <div>
        <Text weight="semibold" size={400} className={styles.label}>
          {t.states[state]}
        </Text>
        <Text className={styles.sentence}>{t.sentence(status)}</Text>
      </div>
      {/* Read out when the state changes, and not each time the seconds in the sentence do. */}
      <span role="status" className={styles.hidden}>
        {t.states[state]}
      </span>
    </div>
  );
}
