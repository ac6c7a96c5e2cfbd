import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import type { ErrorRow } from '../api/types';
import { sameAddress, sameValues } from '../lib/compare';
import { t } from '../messages';
import { admin, renderAt, sampleStatus, stubServer } from '../test/render';
import { ErrorList } from './ErrorList';
import { ErrorTiles } from './ErrorTiles';

const row: ErrorRow = {
  id: 17,
  code: 'PropertyConflict',
  category: 'DuplicateAttribute',
  severity: 'degraded',
  object: { kind: 'user', anchor: 'a-1', name: 'Ann Lee', dn: 'uid=ann,dc=contoso,dc=com' },
  other: { kind: 'group', anchor: 'a-2', name: 'Sales', dn: 'cn=sales,dc=contoso,dc=com' },
  property: 'proxyAddresses',
  value: 'SMTP:sales@contoso.com',
  valueInForce: null,
  message: 'The address is in use.',
  remedy: 'Change one of the two.',
  firstSeen: '2026-11-22T20:00:00Z',
  lastSeen: '2026-11-22T21:00:00Z',
  attempts: 3,
  docs: '/docs/errors/PropertyConflict.html',
};

function server(rows: ErrorRow[]) {
  return stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/errors': ({ url }) => {
      const category = url.searchParams.get('category');
      const wanted = rows.filter((each) => category === null || category === each.category);
      return { value: wanted, count: wanted.length };
    },
    '/api/v1/errors/recheck': () => ({ released: 2 }),
  });
}

it('names both objects, the value, the value in force and the remedy', async () => {
  server([row]);
  renderAt('/dirsync/errors', <ErrorList title="Errors" />);
  const table = within(await screen.findByRole('table'));
  for (const words of ['Ann Lee', 'Sales', 'proxyAddresses', 'SMTP:sales@contoso.com', 'Change one of the two.']) {
    expect(table.getByText(words)).toBeTruthy();
  }
  expect(table.getByText(/left out/)).toBeTruthy();
});

it('keeps filters and the open error in the address', async () => {
  server([row]);
  const router = renderAt('/dirsync/errors?category=Reference', <ErrorList title="Errors" />);
  expect(await screen.findByText(t.errors.emptyFiltered)).toBeTruthy();
  await userEvent.selectOptions(screen.getByRole('combobox', { name: t.errors.category }), 'DuplicateAttribute');
  await userEvent.click(await screen.findByRole('button', { name: /Ann Lee/ }));
  await waitFor(() => expect(router.state.location.search).toBe('?category=DuplicateAttribute&error=17'));
  // jsdom moves no focus on a busy machine, and the drawer stays hidden from assistive technology until it has it.
  const pane = within(await screen.findByRole('dialog', { hidden: true }));
  expect(await pane.findByText(t.errors.otherObject)).toBeTruthy();
  // The names differ, and the anchors.
  expect(pane.getByRole('row', { name: new RegExp(t.errors.anchor), hidden: true }).getAttribute('data-differs')).toBe('true');
  expect(pane.getByRole('link', { name: t.errors.docs('PropertyConflict'), hidden: true }).getAttribute('href')).toBe(row.docs);
});

it('says that a cured error is gone', async () => {
  server([]);
  renderAt('/dirsync/errors?error=17', <ErrorList title="Errors" />);
  expect(await screen.findByText(t.errors.gone)).toBeTruthy();
});

it('looks again at what is quarantined', async () => {
  const asked = server([row]);
  renderAt('/dirsync/errors', <ErrorList title="Errors" />);
  await screen.findByRole('table');
  await userEvent.click(screen.getByRole('button', { name: t.errors.recheck }));
  expect(await screen.findByText(t.errors.released(2))).toBeTruthy();
  expect(asked).toContain('POST /api/v1/errors/recheck');
});

it.each([
  ['SMTP:a@b.c', 'smtp:A@b.c', true],
  ['a@b.c', 'SMTP:a@b.c', true],
  ['a@b.c', 'x@b.c', false],
  ['a@b.c', null, false],
])('%s and %s: one address is %s', (a, b, expected) => {
  expect(sameAddress(a, b)).toBe(expected);
});

it('compares lists whatever their order', () => {
  expect(sameValues(['a', 'b'], ['b', 'a'])).toBe(true);
  expect(sameValues(['a'], ['a', 'a'])).toBe(false);
  expect(sameValues([], [])).toBe(true);
});

it('counts by category, and filters by a tile', async () => {
  const asked = stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/status': () => sampleStatus((status) => (status.errors.byCategory = { Reference: 4 })),
  });
  const router = renderAt('/dirsync/errors', <ErrorTiles />);
  const tile = await screen.findByRole('button', { name: /4.*Reference/ });
  expect(screen.getAllByRole('button')).toHaveLength(6);
  await userEvent.click(tile);
  expect(router.state.location.search).toBe('?category=Reference');
  await userEvent.click(tile);
  expect(router.state.location.search).toBe('');
  expect(asked.length).toBeGreaterThan(0);
});
