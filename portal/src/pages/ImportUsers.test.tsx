import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { importWords } from '../messages/people';
import { admin, reader, renderAt, stubServer } from '../test/render';
import { ImportUsersPage } from './ImportUsers';

const head = 'User Name,First Name,Last Name,Display Name,Job Title,Department,Office Number,Office Phone,Mobile Phone,Fax,Address,City,State or Province,ZIP or Postal Code,Country or Region';
const file = (...rows: string[]) => new File([[head, ...rows].join('\n')], 'users.csv', { type: 'text/csv' });

function server(session = admin) {
  return stubServer({
    '/api/v1/session': () => session,
    '/v1.0/domains': () => ({ value: [{ id: 'contoso.com', isVerified: true, isDefault: true }] }),
    '/v1.0/users': ({ method, body }) => {
      if (method === 'GET') return { value: [{ userPrincipalName: 'Taken@contoso.com' }] };
      const { userPrincipalName: name } = body as { userPrincipalName: string };
      if (name.startsWith('bob')) {
        return new Response(JSON.stringify({ error: { code: 'Request_BadRequest', message: 'An address is in use.' } }), { status: 400 });
      }
      return new Response(JSON.stringify({ id: 'u-1' }), { status: 201 });
    },
  });
}

it('judges the whole file before it writes, then says of each row what became of it', async () => {
  const asked = server();
  renderAt('/users/import', <ImportUsersPage />);
  await screen.findByRole('button', { name: importWords.choose });
  await userEvent.upload(screen.getByLabelText(importWords.file), file('ann@contoso.com,,,Ann,,,,,,,,,,,', 'taken@contoso.com,,,Tim,,,,,,,,,,,', 'bob@contoso.com,,,Bob,,,,,,,,,,,'));
  expect(await screen.findByText(importWords.checked(3, 1))).toBeTruthy();
  expect(screen.getByText(importWords.problem({ what: 'taken', column: 'userPrincipalName' }, 'User Name'))).toBeTruthy();
  expect(asked.some((one) => one.startsWith('POST'))).toBe(false);
  await userEvent.click(screen.getByRole('button', { name: importWords.submit(2) }));
  expect(await screen.findByText(importWords.done(1, 1, 1), { exact: false })).toBeTruthy();
  expect(screen.getByText('An address is in use.')).toBeTruthy();
  const rows = within(screen.getByRole('table')).getAllByRole('row').slice(1);
  expect(rows.map((row) => row.getAttribute('data-state'))).toEqual(['pass', 'fail', 'fail']);
  expect(asked.filter((one) => one.startsWith('POST'))).toHaveLength(2);
});

it('says what is wrong with a file that is none', async () => {
  server();
  renderAt('/users/import', <ImportUsersPage />);
  await screen.findByRole('button', { name: importWords.choose });
  await userEvent.upload(screen.getByLabelText(importWords.file), new File(['a,b\nc,d'], 'x.csv', { type: 'text/csv' }));
  expect(await screen.findByText(importWords.fileProblem({ what: 'headingCount', found: 2 }))).toBeTruthy();
});

it('lets a reader import nothing', async () => {
  server(reader);
  renderAt('/users/import', <ImportUsersPage />);
  expect(await screen.findByText(importWords.readerOnly)).toBeTruthy();
  expect(screen.getByRole('button', { name: importWords.choose }).getAttribute('aria-disabled')).toBe('true');
});
