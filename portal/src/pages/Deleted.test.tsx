import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { deletedWords, gridWords } from '../messages/directory';
import { admin, reader, renderAt, stubServer, type Answers } from '../test/render';
import { DeletedPage } from './Deleted';

const ann = { id: 'u-1', displayName: 'Ann Lee', userPrincipalName: 'ann@contoso.com', deletedDateTime: '2026-11-22T21:00:00Z' };
const bob = { ...ann, id: 'u-2', displayName: 'Bob Berg', userPrincipalName: 'bob@contoso.com' };

function server(more: Answers = {}, session = admin) {
  return stubServer({
    '/api/v1/session': () => session,
    '/v1.0/directory/deletedItems/microsoft.graph.user': () => ({ value: [ann, bob], '@odata.count': 2 }),
    '/v1.0/directory/deletedItems/microsoft.graph.group': () => ({ value: [], '@odata.count': 0 }),
    ...more,
  });
}

const conflict = () => new Response(JSON.stringify({ error: { code: 'Request_MultipleObjectsWithSameKeyValue', message: 'bob@contoso.com is in use' } }), { status: 400 });

it('restores what was picked, and says of each what became of it', async () => {
  const asked = server({
    '/v1.0/directory/deletedItems/u-1/restore': () => ann,
    '/v1.0/directory/deletedItems/u-2/restore': conflict,
  });
  renderAt('/deleted', <DeletedPage />);
  await userEvent.click(await screen.findByRole('checkbox', { name: gridWords.pickAll }));
  await userEvent.click(screen.getByRole('button', { name: deletedWords.restore }));
  const dialog = within(await screen.findByRole('dialog', { hidden: true }));
  expect(dialog.getByText('Ann Lee')).toBeTruthy();
  expect(dialog.getByText('Bob Berg')).toBeTruthy();
  await userEvent.click(dialog.getByRole('button', { name: deletedWords.restoreSubmit, hidden: true }));
  expect(await screen.findByText(deletedWords.restored(1))).toBeTruthy();
  expect(await screen.findByText(/bob@contoso.com is in use/)).toBeTruthy();
  expect(asked).toContain('POST /v1.0/directory/deletedItems/u-1/restore {}');
});

it('deletes for good only after a question that names the object', async () => {
  const asked = server({ '/v1.0/directory/deletedItems/u-2': () => new Response(null, { status: 204 }) });
  renderAt('/deleted', <DeletedPage />);
  await userEvent.click(await screen.findByRole('checkbox', { name: gridWords.pick('Bob Berg') }));
  await userEvent.click(screen.getByRole('button', { name: deletedWords.purge }));
  const dialog = within(await screen.findByRole('dialog', { hidden: true }));
  expect(dialog.getByText('Bob Berg')).toBeTruthy();
  expect(dialog.queryByText('Ann Lee')).toBeNull();
  expect(asked.some((one) => one.startsWith('DELETE'))).toBe(false);
  await userEvent.click(dialog.getByRole('button', { name: deletedWords.purgeSubmit, hidden: true }));
  expect(await screen.findByText(deletedWords.purged(1))).toBeTruthy();
  expect(asked).toContain('DELETE /v1.0/directory/deletedItems/u-2');
});

it('asks for the type that the address names, and escapes what is looked for', async () => {
  const asked = server();
  renderAt("/deleted?view=group&q=O'Neil", <DeletedPage />);
  expect(await screen.findByText(deletedWords.emptyFiltered)).toBeTruthy();
  const question = asked.find((one) => one.includes('microsoft.graph.group'));
  expect(new URL(question?.slice(4) ?? '', 'http://x').searchParams.get('$filter')).toBe("startsWith(displayName,'O''Neil')");
});

it('lets a reader restore nothing', async () => {
  server({}, reader);
  renderAt('/deleted', <DeletedPage />);
  await userEvent.click(await screen.findByRole('checkbox', { name: gridWords.pickAll }));
  await waitFor(() => expect(screen.getByRole('button', { name: deletedWords.restore }).getAttribute('aria-disabled')).toBe('true'));
});
