// Contacts and Devices: what they ask the server for, and what they show.
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { t } from '../messages';
import { admin, renderAt, stubServer } from '../test/render';
import { ContactsPage } from './Contacts';
import { DevicesPage } from './Devices';

const contact = { id: 'c-1', displayName: 'Cara Vendor', mail: 'cara@vendor.example', companyName: 'Vendor', onPremisesSyncEnabled: true, onPremisesLastSyncDateTime: '2026-11-22T21:00:00Z', onPremisesImmutableId: 'a-1', phones: [{ number: '+49 30 1', type: 'business' }] };
const device = { id: 'd-1', displayName: 'WS-1', operatingSystem: 'Windows', operatingSystemVersion: '10.0', trustType: 'ServerAd', deviceId: 'x' };

function server() {
  return stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/errors': () => ({ value: [], count: 0 }),
    '/api/v1/history': () => ({ value: [] }),
    '/v1.0/contacts': () => ({ value: [contact], '@odata.count': 1 }),
    '/v1.0/contacts/c-1': () => contact,
    '/v1.0/contacts/c-1/manager': () => ({ id: 'u-1', displayName: 'Ann Lee' }),
    '/v1.0/contacts/c-1/memberOf': () => ({ value: [{ id: 'g-1', displayName: 'Vendors' }], '@odata.count': 1 }),
    '/v1.0/devices': () => ({ value: [], '@odata.count': 0 }),
    '/v1.0/devices/d-1': () => device,
    '/v1.0/devices/d-1/memberOf': () => ({ value: [], '@odata.count': 0 }),
  });
}

it('a contact: its properties, its manager and its groups', async () => {
  server();
  renderAt('/contacts?contact=c-1', <ContactsPage />);
  const pane = within(await screen.findByRole('dialog', { hidden: true }));
  expect(await pane.findByText('+49 30 1')).toBeTruthy();
  expect((await pane.findByText('Ann Lee')).getAttribute('href')).toBe('/users?user=u-1');
  expect((await pane.findByText('Vendors')).getAttribute('href')).toBe('/groups?group=g-1');
});

it('columns that are chosen are asked for and live in the address', async () => {
  const asked = server();
  const router = renderAt('/contacts', <ContactsPage />);
  await screen.findByRole('button', { name: 'Cara Vendor' });
  expect(screen.queryByRole('columnheader', { name: t.contacts.columns.department })).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: t.grid.columns }));
  await userEvent.click(await screen.findByRole('menuitemcheckbox', { name: t.contacts.columns.department }));
  expect(await screen.findByRole('columnheader', { name: t.contacts.columns.department, hidden: true })).toBeTruthy();
  expect(router.state.location.search).toContain('department');
  expect(asked.some((one) => one.includes('%2Cdepartment'))).toBe(true);
  localStorage.clear();
});

it('a device, over a list that is empty', async () => {
  server();
  renderAt('/devices?device=d-1', <DevicesPage />);
  expect(await screen.findByText(t.devices.empty)).toBeTruthy();
  const pane = within(await screen.findByRole('dialog', { hidden: true }));
  expect(await pane.findByText(t.devices.trust.ServerAd ?? '')).toBeTruthy();
});
