// Contacts and Devices: what they ask the server for, and what they show.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { contactWords, deviceWords, gridWords } from '../messages/directory';
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
  expect(screen.queryByRole('columnheader', { name: contactWords.columns.department })).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: gridWords.columns }));
  await userEvent.click(await screen.findByRole('menuitemcheckbox', { name: contactWords.columns.department }));
  expect(await screen.findByRole('columnheader', { name: contactWords.columns.department, hidden: true })).toBeTruthy();
  expect(router.state.location.search).toContain('department');
  expect(asked.some((one) => one.includes('%2Cdepartment'))).toBe(true);
  localStorage.clear();
});

it('a device, over a list that is empty', async () => {
  server();
  renderAt('/devices?device=d-1', <DevicesPage />);
  expect(await screen.findByText(deviceWords.empty)).toBeTruthy();
  const pane = within(await screen.findByRole('dialog', { hidden: true }));
  expect(await pane.findByText(deviceWords.trust.ServerAd ?? '')).toBeTruthy();
});

it('asks for the next page by its nextLink when its rows come near, and keeps few rows in the document', async () => {
  const many = Array.from({ length: 130 }, (_, n) => ({ id: `c-${n}`, displayName: `Contact ${n}` }));
  const asked = stubServer({
    '/api/v1/session': () => admin,
    '/v1.0/contacts': ({ url }) =>
      url.searchParams.get('$skiptoken') === 'next'
        ? { value: many.slice(100) }
        : { value: many.slice(0, 100), '@odata.count': 130, '@odata.nextLink': 'http://localhost/v1.0/contacts?$skiptoken=next' },
  });
  renderAt('/contacts', <ContactsPage />);
  await screen.findByRole('button', { name: 'Contact 0' });
  const rows = () => [...document.querySelectorAll('tr[data-id]')].map((row) => row.getAttribute('data-id'));
  expect(rows().length).toBeLessThan(60);
  expect(asked.some((one) => one.includes('skiptoken'))).toBe(false);
  // Scrolled to row 95: its page ends there, and the one behind it comes.
  const scrolledTo = (row: number) =>
    vi.spyOn(Element.prototype, 'getBoundingClientRect').mockReturnValue({ top: -row * 41, height: 0 } as DOMRect);
  scrolledTo(95);
  document.dispatchEvent(new Event('scroll'));
  await waitFor(() => expect(asked.some((one) => one.includes('skiptoken=next'))).toBe(true));
  scrolledTo(110);
  document.dispatchEvent(new Event('scroll'));
  await waitFor(() => expect(rows()).toContain('c-129'));
  expect(rows()).not.toContain('c-0');
  expect(document.querySelector('table')?.getAttribute('aria-rowcount')).toBe('131');
  expect(document.querySelector('tr[data-id="c-129"]')?.getAttribute('aria-rowindex')).toBe('131');
});
