import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import type { ErrorRow, Fixes } from '../api/types';
import { t } from '../messages';
import { fixWords } from '../messages/fixes';
import { admin, reader, renderAt, stubServer } from '../test/render';
import { ErrorPane } from './ErrorPane';
import { GuidedFix } from './GuidedFix';

const row: ErrorRow = {
  id: 17,
  code: 'PropertyConflict',
  category: 'DuplicateAttribute',
  severity: 'degraded',
  object: { kind: 'user', id: 'o-1', anchor: 'a-1', name: 'Ann Lee', dn: 'uid=ann,dc=contoso,dc=com' },
  other: { kind: 'user', id: 'o-2', name: 'Ann of the Cloud' },
  property: 'proxyAddresses',
  value: 'smtp:ann@contoso.com',
  message: 'The address is in use.',
  remedy: 'Change one of the two.',
  firstSeen: '2026-11-22T20:00:00Z',
  lastSeen: '2026-11-22T21:00:00Z',
  attempts: 3,
  docs: '/docs/errors/PropertyConflict.html',
};

const change = {
  id: 1,
  at: '2026-11-22T21:00:00Z',
  object: { kind: 'user', id: 'o-2', name: 'Ann of the Cloud' },
  outcome: 'updated',
  changes: [{ property: 'mail', before: 'ann@contoso.com' }],
} as const;

function fixes(privileged: string[]): Fixes {
  return {
    error: row,
    etag: '17.o1v2.o2v3.',
    fixes: [
      { fix: 'moveAnchor', changes: [], errors: [], cured: true, privileged },
      { fix: 'dropValue', changes: [{ ...change, changes: [...change.changes] }], errors: [], cured: true, privileged },
    ],
    entries: [{ object: row.object, dn: 'uid=ann,dc=contoso,dc=com', holds: false, attribute: 'mail', certain: true, ldif: 'version: 1\n' }],
  };
}

const apply = (fix: 'moveAnchor' | 'dropValue') => ({ name: `${fixWords.apply}: ${fixWords.titles[fix]}` });

it('shows what each fix changes, and applies what was shown', async () => {
  const asked = stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/errors/17/fixes': () => fixes([]),
    '/api/v1/errors/17/fix': () => ({ ...fixes([]).fixes[1], retry: 'notNeeded' }),
  });
  renderAt('/x', <GuidedFix row={row} />);
  const offer = within(await screen.findByRole('region', { name: fixWords.titles.dropValue }));
  expect(offer.getByText('Ann of the Cloud')).toBeTruthy();
  expect(offer.getByText('ann@contoso.com')).toBeTruthy();
  const entry = within(screen.getByRole('region', { name: fixWords.giveUp('Ann Lee') }));
  expect(entry.getByText('version: 1')).toBeTruthy();
  await userEvent.click(await screen.findByRole('button', apply('dropValue')));
  expect(await screen.findByText(new RegExp(fixWords.retries.notNeeded))).toBeTruthy();
  expect(asked).toContain('POST /api/v1/errors/17/fix {"fix":"dropValue","etag":"17.o1v2.o2v3.","confirmed":false}');
});

it('asks twice where rights are concerned', async () => {
  const asked = stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/errors/17/fixes': () => fixes(['Ann administers this tenant']),
    '/api/v1/errors/17/fix': () =>
      new Response('{"error":{"code":"PreconditionFailed","message":"It changed."}}', { status: 412 }),
  });
  renderAt('/x', <GuidedFix row={row} />);
  const offer = within(await screen.findByRole('region', { name: fixWords.titles.moveAnchor }));
  const button = offer.getByRole('button', apply('moveAnchor'));
  await userEvent.click(button);
  expect(asked.some((one) => one.startsWith('POST'))).toBe(false);
  await userEvent.click(offer.getByRole('checkbox', { name: fixWords.confirm }));
  await userEvent.click(button);
  expect(await screen.findByText('It changed.')).toBeTruthy();
  expect(asked).toContain('POST /api/v1/errors/17/fix {"fix":"moveAnchor","etag":"17.o1v2.o2v3.","confirmed":true}');
});

it('lets a reader look only', async () => {
  const asked = stubServer({ '/api/v1/session': () => reader, '/api/v1/errors/17/fixes': () => fixes([]) });
  renderAt('/x', <GuidedFix row={row} />);
  await userEvent.click(await screen.findByRole('button', apply('dropValue')));
  expect(asked.some((one) => one.startsWith('POST'))).toBe(false);
});

it('ignores an error until it changes, and shows it again', async () => {
  let closed = 0;
  const asked = stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/errors/17/fixes': () => ({ ...fixes([]), fixes: [], entries: [] }),
    '/api/v1/errors/17/ignored': () => row,
  });
  const pane = (one: ErrorRow) => <ErrorPane open loading={false} row={one} onClose={() => (closed += 1)} />;
  renderAt('/x', pane(row));
  // jsdom moves no focus on a busy machine, and the drawer stays hidden from assistive technology until it has it.
  await userEvent.click(await screen.findByRole('button', { name: t.errors.ignore, hidden: true }));
  await vi.waitFor(() => expect(closed).toBe(1));
  expect(asked).toContain('PUT /api/v1/errors/17/ignored');
});

it('says who ignores an error', async () => {
  const asked = stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/errors/17/fixes': () => ({ ...fixes([]), fixes: [], entries: [] }),
    '/api/v1/errors/17/ignored': () => row,
  });
  const ignored = { ...row, ignored: { by: 'maria', at: '2026-11-22T21:00:00Z' } };
  renderAt('/x', <ErrorPane open loading={false} row={ignored} onClose={() => undefined} />);
  expect(await screen.findByText(/maria/)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: t.errors.showAgain, hidden: true }));
  await vi.waitFor(() => expect(asked).toContain('DELETE /api/v1/errors/17/ignored'));
});
