// Users > Groups: a plain list, and a pane with the members.
import type { Group } from '@microsoft/microsoft-graph-types';
import { DirectoryGrid, type Column } from '../components/DirectoryGrid';
import { GridCommands } from '../components/GridCommands';
import { GroupPane } from '../components/GroupPane';
import { PageHeader } from '../components/PageHeader';
import { SyncState } from '../components/SyncState';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';

const words = t.groups.columns;
const columns: Column<Group>[] = [
  { name: 'displayName', label: words.displayName, width: '26%', sortable: true, show: nameOf },
  {
    name: 'onPremisesSyncEnabled',
    label: words.sync,
    width: '22%',
    sortable: false,
    show: (group) => <SyncState synced={group.onPremisesSyncEnabled} />,
  },
  { name: 'mail', label: words.mail, width: '22%', sortable: true, show: (group) => group.mail ?? '–' },
  { name: 'description', label: words.description, width: '30%', sortable: false, show: (group) => group.description ?? '–' },
];
const select = ['id', ...columns.map((column) => column.name)];

function nameOf(group: Group): string {
  return group.displayName ?? group.id ?? '';
}

export function GroupsPage() {
  const [params, change] = useUrlState();
  return (
    <>
      <PageHeader title={t.groups.title} intro={t.groups.intro} />
      <GridCommands list="groups" views={t.groups.views} search={t.groups.search} searchHint={t.groups.searchHint} />
      <DirectoryGrid<Group>
        kind="group"
        columns={columns}
        select={select}
        words={t.groups}
        nameOf={nameOf}
      />
      <GroupPane id={params.get('group') ?? undefined} onClose={() => change({ group: undefined })} />
    </>
  );
}
