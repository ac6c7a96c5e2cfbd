import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { t } from '../messages';
import { peopleWords } from '../messages/people';
import { admin, reader, renderAt, sampleStatus, stubServer } from '../test/render';
import { UsersPage } from './Users';

const cloud = { id: 'u-1', displayName: 'Cleo Cloud', userPrincipalName: 'cleo@contoso.com', jobTitle: 'Architect', businessPhones: [], accountEnabled: true };

function server(user: object = cloud, session = admin) {
  return stubServer({
    '/api/v1/session': () => session,
    '/api/v1/status': () => sampleStatus(),
    '/api/v1/errors': () => ({ value: [], count: 0 }),
    '/api/v1/history': () => ({ value: [] }),
    '/v1.0/domains': () => ({ value: [{ id: 'contoso.com', isVerified: true, isDefault: true }, { id: 'x.local', isVerified: false }] }),
    '/v1.0/users': ({ method }) => (method === 'POST' ? cloud : { value: [user], '@odata.count': 1 }),
    '/v1.0/users/u-1': ({ method }) => (method === 'GET' ? user : new Response(null, { status: 204 })),
    '/v1.0/users/u-1/manager': () => new Response('{}', { status: 404 }),
    '/v1.0/users/u-1/memberOf': () => ({ value: [], '@odata.count': 0 }),
  });
}

const hidden = { hidden: true };

it('adds a user with a name in the default domain', async () => {
  const asked = server();
  const router = renderAt('/users?panel=new', <UsersPage />);
  const pane = within(await screen.findByRole('dialog', hidden));
  await pane.findByRole('option', { name: '@contoso.com', ...hidden });
  expect(pane.queryByRole('option', { name: '@x.local', ...hidden })).toBeNull();
  await userEvent.click(pane.getByRole('button', { name: peopleWords.create, ...hidden }));
  expect(pane.getAllByText(peopleWords.required)).toHaveLength(2);
  expect(asked.some((one) => one.startsWith('POST'))).toBe(false);
  await userEvent.type(pane.getByRole('textbox', { name: t.users.properties.givenName ?? '', ...hidden }), 'Cleo');
  await userEvent.type(pane.getByRole('textbox', { name: t.users.properties.surname ?? '', ...hidden }), 'Cloud');
  await userEvent.click(pane.getByRole('textbox', { name: /^Display name/, ...hidden }));
  await userEvent.type(pane.getByRole('textbox', { name: /^User name/, ...hidden }), 'cleo');
  await userEvent.click(pane.getByRole('button', { name: peopleWords.create, ...hidden }));
  await waitFor(() => expect(router.state.location.search).toBe('?user=u-1'));
  const posted: unknown = JSON.parse(asked.find((one) => one.startsWith('POST /v1.0/users '))?.slice('POST /v1.0/users '.length) ?? '{}');
  expect(posted).toEqual({ accountEnabled: true, displayName: 'Cleo Cloud', givenName: 'Cleo', surname: 'Cloud', userPrincipalName: 'cleo@contoso.com', mailNickname: 'cleo', passwordProfile: {} });
});

it('changes only what was changed; what was emptied is null', async () => {
  const asked = server();
  renderAt('/users?user=u-1', <UsersPage />);
  const pane = within(await screen.findByRole('dialog', hidden));
  await userEvent.click(await pane.findByRole('button', { name: peopleWords.edit, ...hidden }));
  await userEvent.clear(pane.getByRole('textbox', { name: t.users.properties.jobTitle ?? '', ...hidden }));
  await userEvent.type(pane.getByRole('textbox', { name: t.users.properties.city ?? '', ...hidden }), 'Bonn');
  await userEvent.click(pane.getByRole('button', { name: peopleWords.save, ...hidden }));
  await waitFor(() => expect(asked).toContain('PATCH /v1.0/users/u-1 {"jobTitle":null,"city":"Bonn"}'));
});

it('deletes after a question that names the person', async () => {
  const asked = server();
  renderAt('/users?user=u-1', <UsersPage />);
  await userEvent.click(await screen.findByRole('button', { name: peopleWords.remove, ...hidden }));
  expect(await screen.findByText(peopleWords.removeTitle('Cleo Cloud'))).toBeTruthy();
  expect(asked.some((one) => one.startsWith('DELETE'))).toBe(false);
  await userEvent.click(screen.getByRole('button', { name: peopleWords.removeSubmit, ...hidden }));
  expect(await screen.findByText(peopleWords.removed('Cleo Cloud'))).toBeTruthy();
  expect(asked).toContain('DELETE /v1.0/users/u-1');
});

it.each([
  ['a synced user', { ...cloud, onPremisesSyncEnabled: true }, admin],
  ['a reader', cloud, reader],
])('offers no change: %s', async (_, user, session) => {
  server(user, session);
  renderAt('/users?user=u-1', <UsersPage />);
  expect((await screen.findAllByText('Architect')).length).toBeGreaterThan(0);
  expect(screen.queryByRole('button', { name: peopleWords.edit, ...hidden })).toBeNull();
});
