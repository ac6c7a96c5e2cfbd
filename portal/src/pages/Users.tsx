// Users > Active users.
import { makeStyles, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, ToolbarButton, useRestoreFocusTarget } from '@fluentui/react-components';
import type { User } from '@microsoft/microsoft-graph-types';
import { Navigate, useNavigate } from 'react-router';
import { useStatus } from '../api/queries';
import { AppLink } from '../components/AppLink';
import { Banner } from '../components/Banner';
import { DirectoryGrid, type Column } from '../components/DirectoryGrid';
import { GridCommands } from '../components/GridCommands';
import { PageHeader } from '../components/PageHeader';
import { PageSkeleton } from '../components/PageSkeleton';
import { SyncPane } from '../components/SyncPane';
import { SyncState } from '../components/SyncState';
import { UserPane } from '../components/UserPane';
import { ArrowSyncRegular, MoreHorizontalRegular } from '../icons';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';

const useStyles = makeStyles({
  banner: { marginBottom: '12px' },
});

const words = t.users.columns;
const columns: Column<User>[] = [
  { name: 'displayName', label: words.displayName, width: '20%', sortable: true, show: nameOf },
  { name: 'userPrincipalName', label: words.userPrincipalName, width: '25%', sortable: true, show: (user) => user.userPrincipalName },
  {
    name: 'onPremisesSyncEnabled',
    label: words.sync,
    width: '21%',
    sortable: false,
    show: (user) => <SyncState synced={user.onPremisesSyncEnabled} />,
  },
  { name: 'mail', label: words.mail, width: '22%', sortable: true, show: (user) => user.mail ?? '–' },
  { name: 'department', label: words.department, width: '12%', sortable: true, show: (user) => user.department ?? '–' },
];
const select = ['id', ...columns.map((column) => column.name)];

function nameOf(user: User): string {
  return user.displayName ?? user.userPrincipalName ?? user.id ?? '';
}

export function UsersPage() {
  const styles = useStyles();
  const status = useStatus();
  const focusTarget = useRestoreFocusTarget();
  const navigate = useNavigate();
  const [params, change] = useUrlState();
  const never = status.data?.sync.enabled === null;
  const withErrors = status.data?.errors.usersWithErrors ?? 0;
  const panel = params.get('panel');

  // Never set up: the way in leads to the set-up page, by menu or by address.
  if (panel === 'dirsync' && never) return <Navigate to="/setup" replace />;
  // Whether the banner stands above the list is known with the status; the list waits, so that it does not jump.
  if (status.isPending) {
    return (
      <>
        <PageHeader title={t.users.title} intro={t.users.intro} />
        <PageSkeleton />
      </>
    );
  }
  return (
    <>
      <PageHeader title={t.users.title} intro={t.users.intro} />
      {withErrors > 0 && (
        <Banner
          intent="warning"
          className={styles.banner}
          action={params.get('view') === 'errors' ? undefined : <AppLink to="/users?view=errors">{t.users.bannerLink}</AppLink>}
        >
          {t.users.banner(withErrors)}
        </Banner>
      )}
      <GridCommands list="users" views={t.users.views} search={t.users.search} searchHint={t.users.searchHint}>
        <Menu>
          <MenuTrigger disableButtonEnhancement>
            <ToolbarButton {...focusTarget} aria-label={t.more} icon={<MoreHorizontalRegular />} />
          </MenuTrigger>
          <MenuPopover>
            <MenuList>
              <MenuItem
                icon={<ArrowSyncRegular />}
                onClick={() => (never ? void navigate('/setup') : change({ panel: 'dirsync' }))}
              >
                {t.users.dirsync}
              </MenuItem>
            </MenuList>
          </MenuPopover>
        </Menu>
      </GridCommands>
      <DirectoryGrid<User>
        kind="user"
        columns={columns}
        select={select}
        words={t.users}
        nameOf={nameOf}
      />
      <SyncPane open={panel === 'dirsync'} onClose={() => change({ panel: undefined })} />
      <UserPane id={params.get('user') ?? undefined} onClose={() => change({ user: undefined })} />
    </>
  );
}
