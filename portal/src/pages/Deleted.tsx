// Users > Deleted: what was deleted and can be restored, or deleted for good.
import { makeStyles, ToolbarButton, useRestoreFocusTarget } from '@fluentui/react-components';
import type { DirectoryObject } from '@microsoft/microsoft-graph-types';
import { useState } from 'react';
import { useIsAdmin } from '../api/queries';
import { objectKinds, type Kind } from '../api/types';
import { BulkOutcome } from '../components/deleted/BulkOutcome';
import { DeletedPane } from '../components/deleted/DeletedPane';
import { PurgeDialog, RestoreDialog } from '../components/deleted/DeletedDialogs';
import { gonePast, nameOf, type Gone } from '../components/deleted/gone';
import { DirectoryGrid } from '../components/DirectoryGrid';
import { GridCommands } from '../components/GridCommands';
import { PageHeader } from '../components/PageHeader';
import { Time } from '../components/Time';
import { ArrowUndoRegular, DeleteRegular } from '../icons';
import { quoted } from '../lib/odata';
import type { Column } from '../lib/useColumns';
import { useEach } from '../lib/useEach';
import { useUrlState } from '../lib/useUrlState';
import { deletedWords, gridWords } from '../messages/directory';

const useStyles = makeStyles({ outcome: { marginBottom: '12px' } });

const words = deletedWords.columns;
const columns: Column<Gone>[] = [
  { name: 'displayName', label: words.displayName, weight: 24, sortable: true, show: nameOf },
  {
    name: 'mail',
    label: words.name,
    weight: 28,
    sortable: false,
    needs: ['mail', 'userPrincipalName'],
    show: (object) => object.userPrincipalName ?? object.mail ?? '–',
  },
  { name: 'deletedDateTime', label: words.deletedAt, weight: 16, sortable: false, show: (object) => <Time instant={object.deletedDateTime} /> },
  {
    name: 'until',
    label: words.until,
    weight: 16,
    sortable: false,
    needs: ['deletedDateTime'],
    show: (object) => <Time instant={gonePast(object)} />,
  },
  {
    name: 'onPremisesImmutableId',
    label: words.sync,
    weight: 16,
    sortable: false,
    show: (object) => (object.onPremisesImmutableId ? deletedWords.wasSynced : deletedWords.wasCloud),
  },
  { name: 'id', label: words.id, weight: 28, sortable: false, optional: true, show: (object) => object.id ?? '' },
];

const casts: Record<Kind, string> = {
  user: 'microsoft.graph.user',
  group: 'microsoft.graph.group',
  contact: 'microsoft.graph.orgContact',
  device: 'microsoft.graph.device',
};

/** Deleted objects are not in the search; names are found by their beginning. */
function beginning(kind: Kind) {
  return (text: string) => {
    const wanted = text.trim();
    if (wanted === '') return undefined;
    const properties = kind === 'user' ? ['displayName', 'userPrincipalName'] : ['displayName'];
    return properties.map((property) => `startsWith(${property},${quoted(wanted)})`).join(' or ');
  };
}

export function DeletedPage() {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const admin = useIsAdmin();
  const [picked, pick] = useState<ReadonlyMap<string, Gone>>(new Map());
  const [dialog, setDialog] = useState<'restore' | 'purge'>();
  const restoring = useEach(['deleted', 'users', 'groups', 'contacts', 'devices', 'status', 'history']);
  const purging = useEach(['deleted', 'status', 'history']);
  const focusTarget = useRestoreFocusTarget();
  const asked = params.get('view');
  const kind = objectKinds.find((one) => one === asked) ?? 'user';
  // The pane's object, or the rows that were picked.
  const [one, setOne] = useState<Gone>();
  const targets = one ? [one] : [...picked.values()];
  const close = () => {
    setDialog(undefined);
    setOne(undefined);
  };
  const done = () => {
    pick(new Map());
    change({ object: undefined });
  };
  const nothing = !admin || picked.size === 0 || restoring.running || purging.running;
  return (
    <>
      <PageHeader title={deletedWords.title} intro={deletedWords.intro} />
      <GridCommands
        list="deleted"
        columns={columns}
        views={deletedWords.views}
        search={deletedWords.search}
        searchHint={deletedWords.searchHint}
        onView={() => pick(new Map())}
        first={
          <>
            <ToolbarButton {...focusTarget} icon={<ArrowUndoRegular />} disabledFocusable={nothing} onClick={() => setDialog('restore')}>
              {deletedWords.restore}
            </ToolbarButton>
            <ToolbarButton {...focusTarget} icon={<DeleteRegular />} disabledFocusable={nothing} onClick={() => setDialog('purge')}>
              {deletedWords.purge}
            </ToolbarButton>
          </>
        }
      />
      <BulkOutcome each={restoring} done={deletedWords.restored} className={styles.outcome} />
      <BulkOutcome each={purging} done={deletedWords.purged} className={styles.outcome} />
      <DirectoryGrid<Gone & DirectoryObject>
        key={kind}
        list="deleted"
        path={`/v1.0/directory/deletedItems/${casts[kind]}`}
        param="object"
        columns={columns}
        filters={{}}
        searchFilter={beginning(kind)}
        words={deletedWords}
        nameOf={nameOf}
        selection={{ picked, pick, label: (name) => gridWords.pick(name), all: gridWords.pickAll }}
      />
      <DeletedPane
        id={params.get('object') ?? undefined}
        onClose={() => change({ object: undefined })}
        onRestore={(object) => {
          setOne(object);
          setDialog('restore');
        }}
        onPurge={(object) => {
          setOne(object);
          setDialog('purge');
        }}
      />
      <RestoreDialog open={dialog === 'restore'} objects={targets} each={restoring} onClose={close} onBegun={done} />
      <PurgeDialog open={dialog === 'purge'} objects={targets} each={purging} onClose={close} onBegun={done} />
    </>
  );
}
