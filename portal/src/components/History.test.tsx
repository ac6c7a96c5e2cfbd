import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import type { HistoryRow } from '../api/types';
import { t } from '../messages';
import { admin, renderAt, stubServer } from '../test/render';
import { History } from './History';

const ann = { kind: 'user' as const, id: 'id-1', anchor: 'a-1', name: 'Ann Lee' };
const rows: HistoryRow[] = [
  {
    id: 3,
    at: '2026-11-22T20:00:00Z',
    run: 'run-1',
    client: 'client-1',
    object: ann,
    outcome: 'updated',
    changes: [
      { property: 'city', before: 'Zug', after: 'Bern', rule: 'city <- l' },
      { property: 'jobTitle', before: 'Chief' },
    ],
    errors: ['PropertyConflict'],
  },
  {
    id: 2,
    at: '2026-11-22T19:00:00Z',
    object: { kind: 'group', id: 'id-2', name: 'Sales' },
    outcome: 'membership',
    membersAdded: 12,
    added: [{ anchor: 'a-1', id: 'id-1', name: 'Ann Lee' }, { anchor: 'a-9' }],
  },
];

function server() {
  const asked: string[] = [];
  stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/history': ({ url }) => {
      asked.push(url.searchParams.toString());
      if (url.searchParams.get('after') === 'more') return { value: [{ ...rows[0], id: 1, outcome: 'created', changes: [] }] };
      return { value: rows, next: 'more' };
    },
  });
  return asked;
}

it('says what changed from what to what, by which rule, in which run', async () => {
  const asked = server();
  renderAt('/users', <History filter={{ object: 'id-1' }} of="object" />);
  const list = within(await screen.findByRole('list', { name: t.history.title }));
  const [first, second] = list.getAllByRole('listitem');
  if (!first || !second) throw new Error('two rows');
  for (const words of ['city <- l', 'Zug', 'Chief', t.history.removed, t.history.outcomes.updated]) {
    expect(within(first).getByText(words)).toBeTruthy();
  }
  expect(within(first).getByText(/Bern/)).toBeTruthy();
  expect(within(first).getByRole('link', { name: t.history.run }).getAttribute('href')).toBe('/dirsync/runs?run=run-1');
  expect(within(second).getByText(/Ann Lee, a-9, and 10 more/)).toBeTruthy();
  expect(within(second).getByText(t.history.byTenant)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: t.history.more }));
  expect(await screen.findByText(t.history.outcomes.created)).toBeTruthy();
  expect(asked).toEqual(['top=50&object=id-1', 'top=50&object=id-1&after=more']);
});

it('names the objects of a run, each with the way to it', async () => {
  server();
  renderAt('/dirsync/runs', <History filter={{ run: 'run-1' }} of="run" />);
  const link = await screen.findByRole('link', { name: 'Sales' });
  expect(link.getAttribute('href')).toBe('/groups?group=id-2');
});
