// Users > Groups: a plain list, and a pane with the members.
import type { Group } from '@microsoft/microsoft-graph-types';
import { DirectoryGrid } from '../components/DirectoryGrid';
import { GridCommands } from '../components/GridCommands';
import { GroupPane } from '../components/GroupPane';
import { PageHeader } from '../components/PageHeader';
import { SyncState } from '../components/SyncState';
import { Time } from '../components/Time';
import type { Column } from '../lib/useColumns';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';

const words = t.groups.columns;
const columns: Column<Group>[] = [
  { name: 'displayName', label: words.displayName, weight: 26, sortable: true, show: nameOf },
  {
    name: 'onPremisesSyncEnabled',
    label: words.sync,
    weight: 22,
    sortable: false,
    show: (group) => <SyncState synced={group.onPremisesSyncEnabled} />,
  },
  { name: 'mail', label: words.mail, weight: 22, sortable: true, show: (group) => group.mail ?? '–' },
  { name: 'description', label: words.description, weight: 30, sortable: false, show: (group) => group.description ?? '–' },
  { name: 'type', label: words.type, weight: 16, sortable: false, optional: true, needs: ['securityEnabled', 'mailEnabled'], show: typeOf },
  {
    name: 'onPremisesLastSyncDateTime',
    label: words.lastSync,
    weight: 14,
    sortable: true,
    optional: true,
    show: (group) => (group.onPremisesLastSyncDateTime ? <Time instant={group.onPremisesLastSyncDateTime} /> : '–'),
  },
  {
    name: 'createdDateTime',
    label: words.created,
    weight: 14,
    sortable: true,
    optional: true,
    show: (group) => <Time instant={group.createdDateTime} />,
  },
];

function typeOf(group: Group): string {
  if (group.securityEnabled === true) return group.mailEnabled === true ? t.groups.types.mailSecurity : t.groups.types.security;
  return group.mailEnabled === true ? t.groups.types.mail : t.groups.types.other;
}

function nameOf(group: Group): string {
  return group.displayName ?? group.id ?? '';
}

export function GroupsPage() {
  const [params, change] = useUrlState();
  return (
    <>
      <PageHeader title={t.groups.title} intro={t.groups.intro} />
      <GridCommands list="groups" columns={columns} views={t.groups.views} search={t.groups.search} searchHint={t.groups.searchHint} />
      <DirectoryGrid<Group>
        list="groups"
        path="/v1.0/groups"
        param="group"
        columns={columns}
        words={t.groups}
        nameOf={nameOf}
      />
      <GroupPane id={params.get('group') ?? undefined} onClose={() => change({ group: undefined })} />
    </>
  );
}
