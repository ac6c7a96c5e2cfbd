// The pane Directory synchronization on Active users: a summary, and the way to the management page.
import { makeStyles, Text } from '@fluentui/react-components';
import { useStatus } from '../api/queries';
import { t } from '../messages';
import { AppLink, LinkButton } from './AppLink';
import { Facts } from './Facts';
import { Failure } from './Failure';
import { Pane } from './Pane';
import { StateLine } from './StateLine';
import { Time } from './Time';

const useStyles = makeStyles({ stack: { display: 'grid', gap: '20px', gridTemplateColumns: 'minmax(0, 1fr)' } });

export function SyncPane({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Pane open={open} onClose={onClose} title={t.pane.title}>
      <Summary />
    </Pane>
  );
}

function Summary() {
  const styles = useStyles();
  const { data, error, refetch } = useStatus();
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  const items = t.dirsync.items;
  return (
    <div className={styles.stack}>
      <Text>{t.pane.intro}</Text>
      <StateLine status={data} />
      <Facts
        columns="one"
        facts={[
          { term: items.enabled, value: data && (data.sync.enabled === true ? t.yes : t.no) },
          { term: items.latest, value: data && <Time instant={data.sync.lastSync} exact /> },
          { term: t.dirsync.lastExport, value: data && <Time instant={data.sync.lastExport} exact /> },
          {
            term: t.pane.client,
            value: data && (data.sync.clientState ? t.clientStates[data.sync.clientState] : t.none),
          },
          {
            term: t.home.errors,
            value:
              data &&
              (data.errors.total === 0 ? (
                t.home.errorsCount(0)
              ) : (
                <AppLink to="/dirsync/errors">{t.home.errorsCount(data.errors.total)}</AppLink>
              )),
          },
        ]}
      />
      <div>
        <LinkButton to="/dirsync" appearance="primary">
          {t.pane.go}
        </LinkButton>
      </div>
    </div>
  );
}
