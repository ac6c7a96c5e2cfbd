// Where an object comes from: the words admins know from the lists of the admin center.
import { makeStyles, tokens } from '@fluentui/react-components';
import { ArrowSyncRegular, CloudRegular } from '../icons';
import { t } from '../messages';

const useStyles = makeStyles({
  root: { display: 'inline-flex', alignItems: 'center', gap: '6px', maxWidth: '100%', verticalAlign: 'top' },
  icon: { display: 'inline-flex', fontSize: '16px', color: tokens.colorNeutralForeground2, flexShrink: 0 },
  text: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
});

export function SyncState({ synced }: { synced: boolean | null | undefined }) {
  const styles = useStyles();
  const words = synced === true ? t.users.synced : t.users.cloud;
  return (
    <span className={styles.root} title={words}>
      <span className={styles.icon} aria-hidden>
        {synced === true ? <ArrowSyncRegular /> : <CloudRegular />}
      </span>
      <span className={styles.text}>{words}</span>
    </span>
  );
}
