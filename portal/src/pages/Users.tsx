// Users > Active users.
import { makeStyles, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, ToolbarButton, useRestoreFocusTarget } from '@fluentui/react-components';
import type { User } from '@microsoft/microsoft-graph-types';
import { useState } from 'react';
import { Navigate, useNavigate } from 'react-router';
import { useIsAdmin, useStatus } from '../api/queries';
import { AppLink } from '../components/AppLink';
import { Banner } from '../components/Banner';
import { DirectoryGrid } from '../components/DirectoryGrid';
import { GridCommands } from '../components/GridCommands';
import { PageHeader } from '../components/PageHeader';
import { PageSkeleton } from '../components/PageSkeleton';
import { Pane } from '../components/Pane';
import { UserForm } from '../components/people/UserForm';
import { SyncPane } from '../components/SyncPane';
import { SyncState } from '../components/SyncState';
import { Time } from '../components/Time';
import { UserPane } from '../components/UserPane';
import { ArrowSyncRegular, ArrowUploadRegular, MoreHorizontalRegular, PersonAddRegular } from '../icons';
import type { Column } from '../lib/useColumns';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { peopleWords } from '../messages/people';

const useStyles = makeStyles({
  banner: { marginBottom: '12px' },
});

const words = t.users.columns;
const text = (name: keyof User & keyof typeof words, weight: number, optional = true): Column<User> => ({
  name,
  label: words[name],
  weight,
  sortable: true,
  optional,
  show: (user) => (user[name]) ?? '–',
});
const columns: Column<User>[] = [
  { name: 'displayName', label: words.displayName, weight: 20, sortable: true, show: nameOf, needs: ['displayName', 'userPrincipalName'] },
  text('userPrincipalName', 25, false),
  {
    name: 'onPremisesSyncEnabled',
    label: words.sync,
    weight: 21,
    sortable: false,
    show: (user) => <SyncState synced={user.onPremisesSyncEnabled} />,
  },
  text('mail', 22, false),
  text('department', 12, false),
  text('jobTitle', 16),
  text('companyName', 14),
  text('officeLocation', 12),
  text('city', 12),
  text('country', 10),
  text('employeeId', 12),
  {
    name: 'accountEnabled',
    label: words.enabled,
    weight: 14,
    sortable: false,
    optional: true,
    show: (user) => (user.accountEnabled === false ? t.users.signInBlocked : t.users.signInAllowed),
  },
  {
    name: 'onPremisesLastSyncDateTime',
    label: words.lastSync,
    weight: 14,
    sortable: true,
    optional: true,
    show: (user) => (user.onPremisesLastSyncDateTime ? <Time instant={user.onPremisesLastSyncDateTime} /> : '–'),
  },
  {
    name: 'createdDateTime',
    label: words.created,
    weight: 14,
    sortable: true,
    optional: true,
    show: (user) => <Time instant={user.createdDateTime} />,
  },
];

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
  const admin = useIsAdmin();
  const [notice, setNotice] = useState<{ text: string; deleted?: boolean }>();

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
      {notice !== undefined && (
        <Banner intent="success" className={styles.banner} action={notice.deleted ? <AppLink to="/deleted">{peopleWords.showDeleted}</AppLink> : undefined}>
          {notice.text}
        </Banner>
      )}
      <GridCommands
        list="users"
        columns={columns}
        views={t.users.views}
        search={t.users.search}
        searchHint={t.users.searchHint}
        first={
          <>
            <ToolbarButton {...focusTarget} icon={<PersonAddRegular />} disabledFocusable={!admin} onClick={() => change({ panel: 'new' })}>
              {peopleWords.add}
            </ToolbarButton>
            <ToolbarButton icon={<ArrowUploadRegular />} disabledFocusable={!admin} onClick={() => void navigate('/users/import')}>
              {peopleWords.addMany}
            </ToolbarButton>
          </>
        }
      >
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
        list="users"
        path="/v1.0/users"
        param="user"
        columns={columns}
        words={t.users}
        nameOf={nameOf}
      />
      <SyncPane open={panel === 'dirsync'} onClose={() => change({ panel: undefined })} />
      <Pane open={panel === 'new'} title={peopleWords.addTitle} onClose={() => change({ panel: undefined })}>
        <UserForm
          onCancel={() => change({ panel: undefined })}
          onDone={(name, id) => {
            setNotice({ text: peopleWords.created(name) });
            change({ panel: undefined, user: id });
          }}
        />
      </Pane>
      <UserPane
        id={params.get('user') ?? undefined}
        onClose={() => change({ user: undefined })}
        onDeleted={(name) => {
          setNotice({ text: peopleWords.removed(name), deleted: true });
          change({ user: undefined });
        }}
      />
    </>
  );
}
