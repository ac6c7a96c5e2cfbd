// A device: what it is, where it comes from, its groups, its history.
import type { Device } from '@microsoft/microsoft-graph-types';
import { useGraphObject } from '../api/queries';
import { DesktopRegular } from '../icons';
import { t } from '../messages';
import { deviceWords } from '../messages/directory';
import { Explain } from './Explain';
import { Facts } from './Facts';
import { Failure, Notice } from './Failure';
import { History } from './History';
import { Memberships, ObjectHead, ObjectStack, textFacts } from './objectParts';
import { PageSkeleton } from './PageSkeleton';
import { Pane } from './Pane';
import { Part } from './Part';
import { SyncState } from './SyncState';
import { Time } from './Time';

/** Graph's device, with what is asked for beside its usual properties. */
type Known = Device & { onPremisesImmutableId?: string | null; deviceOwnership?: string | null };

const profile = ['operatingSystem', 'operatingSystemVersion', 'manufacturer', 'model', 'deviceOwnership', 'deviceId'] as const;
const select = [
  ...profile,
  'id',
  'displayName',
  'accountEnabled',
  'trustType',
  'registrationDateTime',
  'onPremisesSyncEnabled',
  'onPremisesLastSyncDateTime',
  'onPremisesImmutableId',
];

export function DevicePane({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  return (
    <Pane open={id !== undefined} onClose={onClose} title={deviceWords.details}>
      {id !== undefined && <Details key={id} id={id} />}
    </Pane>
  );
}

function Details({ id }: { id: string }) {
  const device = useGraphObject<Known>('device', id, select);
  if (device.isError && device.data === undefined) return <Failure error={device.error} onRetry={() => void device.refetch()} />;
  if (device.data === undefined) return <PageSkeleton />;
  if (device.data === null) return <Notice title={deviceWords.gone} text={deviceWords.goneHint} />;
  return <Shown id={id} device={device.data} />;
}

function Shown({ id, device }: { id: string; device: Known }) {
  const words = t.users.properties;
  const columns = deviceWords.columns;
  return (
    <ObjectStack>
      <ObjectHead picture={<DesktopRegular fontSize={40} />} name={device.displayName ?? id} note={device.operatingSystem ?? t.kind('device')} />
      <Part title={t.users.sections.profile}>
        <Facts
          columns="two"
          facts={[
            ...textFacts(device, profile),
            { term: columns.enabled, value: device.accountEnabled === false ? t.no : t.yes },
            ...(device.trustType ? [{ term: columns.trustType, value: deviceWords.trust[device.trustType] ?? device.trustType }] : []),
            ...(device.registrationDateTime ? [{ term: columns.registered, value: <Time instant={device.registrationDateTime} exact /> }] : []),
          ]}
        />
      </Part>
      <Part title={t.users.sections.sync}>
        <Facts
          columns="two"
          facts={[
            { term: t.users.columns.sync, value: <SyncState synced={device.onPremisesSyncEnabled} /> },
            ...(device.onPremisesLastSyncDateTime
              ? [{ term: words.onPremisesLastSyncDateTime ?? '', value: <Time instant={device.onPremisesLastSyncDateTime} exact /> }]
              : []),
            ...textFacts(device, ['onPremisesImmutableId', 'id']),
          ]}
        />
        {device.onPremisesSyncEnabled === true && device.onPremisesImmutableId && <Explain object={device.onPremisesImmutableId} />}
      </Part>
      <Part title={t.users.sections.groups}>
        <Memberships kind="device" id={id} />
      </Part>
      <Part title={t.history.title}>
        <History filter={{ object: id }} of="object" />
      </Part>
    </ObjectStack>
  );
}
