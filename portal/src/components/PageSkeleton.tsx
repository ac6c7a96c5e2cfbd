// What stands while a page's script is on its way.
import { makeStyles, Skeleton, SkeletonItem } from '@fluentui/react-components';
import { t } from '../messages';

const useStyles = makeStyles({ root: { display: 'grid', gap: '16px', maxWidth: '720px' } });

export function PageSkeleton() {
  const styles = useStyles();
  return (
    <Skeleton aria-label={t.loading} className={styles.root}>
      <SkeletonItem size={32} style={{ width: '280px' }} />
      <SkeletonItem size={16} />
      <SkeletonItem size={16} style={{ width: '60%' }} />
    </Skeleton>
  );
}
