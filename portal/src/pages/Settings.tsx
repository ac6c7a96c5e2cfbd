// Settings: people, clients and tokens, what is set of the synchronization, and who changed it.
import { makeStyles, Tab, TabList } from '@fluentui/react-components';
import { useIsAdmin, useSession } from '../api/queries';
import { Banner } from '../components/Banner';
import { PageHeader } from '../components/PageHeader';
import { PageSkeleton } from '../components/PageSkeleton';
import { AccessLog } from '../components/settings/AccessLog';
import { Clients } from '../components/settings/Clients';
import { People } from '../components/settings/People';
import { Synchronization } from '../components/settings/Synchronization';
import { useUrlState } from '../lib/useUrlState';
import { words } from '../messages/settings';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', gridTemplateColumns: 'minmax(0, 1fr)' },
  tabs: { marginLeft: '-10px', flexWrap: 'wrap' },
});

const tabs = ['people', 'clients', 'sync', 'log'] as const;

export function SettingsPage() {
  const styles = useStyles();
  const session = useSession();
  const admin = useIsAdmin();
  const [params, change] = useUrlState();
  const tab = tabs.find((one) => one === params.get('view')) ?? 'people';
  return (
    <>
      <PageHeader title={words.title} intro={words.intro} />
      <div className={styles.stack}>
        <TabList className={styles.tabs} selectedValue={tab} onTabSelect={(_, data) => change({ view: data.value as string })} aria-label={words.views}>
          {tabs.map((one) => (
            <Tab key={one} value={one}>
              {words.tabs[one]}
            </Tab>
          ))}
        </TabList>
        {!session.data ? (
          <PageSkeleton />
        ) : tab === 'sync' ? (
          <Synchronization />
        ) : !admin ? (
          <Banner intent="info">{words.readerOnly}</Banner>
        ) : tab === 'people' ? (
          <People />
        ) : tab === 'clients' ? (
          <Clients />
        ) : (
          <AccessLog />
        )}
      </div>
    </>
  );
}
