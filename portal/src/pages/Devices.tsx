// Users > Devices: machines that the organization knows.
import type { Device } from '@microsoft/microsoft-graph-types';
import { DevicePane } from '../components/DevicePane';
import { DirectoryGrid } from '../components/DirectoryGrid';
import { GridCommands } from '../components/GridCommands';
import { PageHeader } from '../components/PageHeader';
import { SyncState } from '../components/SyncState';
import { Time } from '../components/Time';
import type { Column } from '../lib/useColumns';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { deviceWords } from '../messages/directory';

const words = deviceWords.columns;
const columns: Column<Device>[] = [
  { name: 'displayName', label: words.displayName, weight: 24, sortable: true, show: nameOf },
  { name: 'operatingSystem', label: words.operatingSystem, weight: 16, sortable: true, show: (device) => device.operatingSystem ?? '–' },
  {
    name: 'operatingSystemVersion',
    label: words.operatingSystemVersion,
    weight: 16,
    sortable: true,
    show: (device) => device.operatingSystemVersion ?? '–',
  },
  {
    name: 'onPremisesSyncEnabled',
    label: words.sync,
    weight: 20,
    sortable: false,
    show: (device) => <SyncState synced={device.onPremisesSyncEnabled} />,
  },
  { name: 'accountEnabled', label: words.enabled, weight: 10, sortable: false, show: (device) => (device.accountEnabled === false ? t.no : t.yes) },
  {
    name: 'trustType',
    label: words.trustType,
    weight: 18,
    sortable: true,
    optional: true,
    show: (device) => (device.trustType ? (deviceWords.trust[device.trustType] ?? device.trustType) : '–'),
  },
  { name: 'deviceId', label: words.deviceId, weight: 26, sortable: true, optional: true, show: (device) => device.deviceId ?? '–' },
  {
    name: 'onPremisesLastSyncDateTime',
    label: words.lastSync,
    weight: 14,
    sortable: true,
    optional: true,
    show: (device) => (device.onPremisesLastSyncDateTime ? <Time instant={device.onPremisesLastSyncDateTime} /> : '–'),
  },
  {
    name: 'registrationDateTime',
    label: words.registered,
    weight: 14,
    sortable: true,
    show: (device) => <Time instant={device.registrationDateTime} />,
  },
];

function nameOf(device: Device): string {
  return device.displayName ?? device.id ?? '';
}

export function DevicesPage() {
  const [params, change] = useUrlState();
  return (
    <>
      <PageHeader title={deviceWords.title} intro={deviceWords.intro} />
      <GridCommands list="devices" columns={columns} views={deviceWords.views} search={deviceWords.search} searchHint={deviceWords.searchHint} />
      <DirectoryGrid<Device> list="devices" path="/v1.0/devices" param="device" columns={columns} words={deviceWords} nameOf={nameOf} />
      <DevicePane id={params.get('device') ?? undefined} onClose={() => change({ device: undefined })} />
    </>
  );
}
