import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { words } from '../messages/settings';
import { admin, reader, renderAt, stubServer } from '../test/render';
import { SettingsPage } from './Settings';

const token = { createdAt: '2026-11-22T12:00:00Z', expiresAt: null, lastUsedAt: null, connected: false, you: false };
const onPremises = {
  id: 't',
  configuration: { accidentalDeletionPrevention: { synchronizationPreventionType: 'enabledForCount', alertThreshold: 500 } },
  features: { passwordSyncEnabled: false, quarantineUponUpnConflictEnabled: true },
};

function server(session = admin) {
  return stubServer({
    '/api/v1/session': () => session,
    '/api/v1/people': ({ method }) =>
      method === 'POST'
        ? { name: 'bob', role: 'reader', link: { name: 'bob', path: '/signin#lkl_x', expiresAt: '2026-11-24T12:00:00Z' } }
        : { value: [{ name: 'admin', role: 'admin', you: true }] },
    '/api/v1/people/admin': () => new Response('{"error":{"code":"LastAdministrator","message":"This is the last administrator; give somebody else the role admin first."}}', { status: 409 }),
    '/api/v1/tokens': ({ method }) =>
      method === 'POST'
        ? { ...token, name: 'monitoring', role: 'reader', token: 'lkt_secret' }
        : { value: [{ ...token, name: 'Sync_1', role: 'syncClient', connected: true }, { ...token, name: 'quickstart', role: 'admin' }] },
    '/api/v1/tokens/Sync_1': () => new Response(null, { status: 204 }),
    '/api/v1/accesslog': () => ({ value: [{ id: 2, at: '2026-11-22T12:00:00Z', actor: 'admin', event: 'personAdded', subject: 'bob', detail: 'reader' }] }),
    '/api/v1/settings': () => ({
      deletionThreshold: null,
      settings: [{ key: 'server.keep_deleted', value: 2_592_000, unit: 'seconds' }],
      clients: [{ serviceAccount: 'Sync_1', machine: 'host', configuration: { 'sync.left_scope': 'delete' } }],
    }),
    '/v1.0/directory/onPremisesSynchronization': () => ({ value: [onPremises] }),
    '/v1.0/directory/onPremisesSynchronization/t': () => new Response(null, { status: 204 }),
  });
}

it('adds a person by a link that is shown once', async () => {
  const asked = server();
  renderAt('/settings', <SettingsPage />);
  await userEvent.click(await screen.findByRole('button', { name: words.addPerson }));
  const dialog = await screen.findByRole('dialog', { name: words.addTitle });
  await userEvent.type(within(dialog).getByLabelText(new RegExp(words.personName)), 'bob');
  await userEvent.click(within(dialog).getByRole('button', { name: words.add }));
  expect(await screen.findByText(/\/signin#lkl_x$/)).toBeTruthy();
  expect(asked).toContain('POST /api/v1/people {"name":"bob","role":"reader"}');
});

it('says why the last administrator stays', async () => {
  server();
  renderAt('/settings', <SettingsPage />);
  await userEvent.click(await screen.findByRole('button', { name: words.more('admin') }));
  await userEvent.click(await screen.findByRole('menuitem', { name: words.remove }));
  const dialog = await screen.findByRole('dialog', { name: words.removeTitle('admin') });
  expect(within(dialog).getByText(words.removeYou)).toBeTruthy();
  await userEvent.click(within(dialog).getByRole('button', { name: words.removeNow }));
  expect(await within(dialog).findByText(/This is the last administrator/)).toBeTruthy();
});

it('shows a new token once, and revokes one after a question', async () => {
  const asked = server();
  renderAt('/settings?view=clients', <SettingsPage />);
  const row = await screen.findByText('Sync_1');
  expect(within(row.closest('tr') ?? document.body).getByText(words.connected)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: words.addToken }));
  await userEvent.type(await screen.findByLabelText(/^Name/), 'monitoring');
  await userEvent.click(screen.getByRole('button', { name: words.make }));
  expect(await screen.findByText('lkt_secret')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: words.done }));
  await waitFor(() => expect(screen.queryByText('lkt_secret')).toBeNull());
  await userEvent.click(await screen.findByRole('button', { name: `${words.revoke} Sync_1` }));
  expect(await screen.findByText(words.revokeClient)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: words.revokeNow }));
  await waitFor(() => expect(asked).toContain('DELETE /api/v1/tokens/Sync_1'));
});

it('sets the deletion threshold over Graph, and names the keys of files', async () => {
  const asked = server();
  renderAt('/settings?view=sync', <SettingsPage />);
  expect(await screen.findByText(words.guardOwn)).toBeTruthy();
  expect(screen.getByText('server.keep_deleted')).toBeTruthy();
  expect(screen.getByText(words.days(30))).toBeTruthy();
  const field = screen.getByLabelText(words.threshold);
  await userEvent.clear(field);
  await userEvent.type(field, '25');
  await userEvent.click(screen.getByRole('button', { name: words.save }));
  expect(await screen.findByText(words.saved)).toBeTruthy();
  expect(asked).toContain(
    'PATCH /v1.0/directory/onPremisesSynchronization/t {"configuration":{"accidentalDeletionPrevention":{"synchronizationPreventionType":"enabledForCount","alertThreshold":25}}}',
  );
});

it('a reader sees what is set, and nobody’s access', async () => {
  const asked = server(reader);
  const router = renderAt('/settings', <SettingsPage />);
  expect(await screen.findByText(words.readerOnly)).toBeTruthy();
  await userEvent.click(screen.getByRole('tab', { name: words.tabs.sync }));
  expect(await screen.findByText(words.guardOwn)).toBeTruthy();
  expect(screen.queryByRole('button', { name: words.save })).toBeNull();
  expect(router.state.location.search).toBe('?view=sync');
  expect(asked.some((one) => one.includes('/api/v1/people') || one.includes('/api/v1/tokens'))).toBe(false);
});

it('tells who changed what', async () => {
  server();
  renderAt('/settings?view=log', <SettingsPage />);
  expect(await screen.findByText(words.events.personAdded({ subject: 'bob', detail: words.roles.reader }))).toBeTruthy();
});
