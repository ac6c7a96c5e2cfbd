// The palette: what it finds, what it does, and what it offers to whom.
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import type { Session } from '../../api/types';
import { t } from '../../messages';
import { words } from '../../messages/palette';
import { admin, reader, renderAt, sampleStatus, stubServer } from '../../test/render';
import { matching } from './entries';
import { Palette } from './Palette';

function open(session: Session = admin) {
  const asked = stubServer({
    '/api/v1/session': () => session,
    '/api/v1/status': () => sampleStatus(),
    '/api/v1/orders': () => ({ answer: 'accepted' }),
    '/v1.0/users': () => ({ value: [{ id: 'u-1', displayName: 'Zoë Lee', userPrincipalName: 'zoe@contoso.com' }] }),
    '/v1.0/groups': () => ({ value: [] }),
  });
  const onClose = vi.fn();
  const router = renderAt('/here', <Palette session={session} onClose={onClose} onKeys={() => undefined} />);
  return { asked, onClose, router };
}
const input = () => screen.findByRole('combobox', { hidden: true });

it('goes to a page by a part of its name', async () => {
  const { router, onClose } = open();
  await userEvent.type(await input(), 'run hist{Enter}');
  await waitFor(() => expect(router.state.location.pathname).toBe('/dirsync/runs'));
  expect(onClose).toHaveBeenCalled();
});

it('finds a person, and the arrows say what is chosen', async () => {
  const { router, asked } = open();
  await userEvent.type(await input(), 'zoe');
  const option = await screen.findByRole('option', { name: /Zoë Lee/, hidden: true });
  expect(option.getAttribute('aria-selected')).toBe('true');
  expect((await input()).getAttribute('aria-activedescendant')).toBe(option.id);
  expect(asked.some((one) => one.startsWith('GET /v1.0/users?') && one.includes('%22zoe%22'))).toBe(true);
  await userEvent.type(await input(), '{Enter}');
  await waitFor(() => expect(router.state.location.search).toBe('?user=u-1'));
});

it('sends an order, stays, and says what became of it', async () => {
  const { asked, onClose } = open();
  await userEvent.type(await input(), words.syncNow);
  await userEvent.type(await input(), '{Enter}');
  expect(await screen.findByText(t.dirsync.accepted.syncNow)).toBeTruthy();
  expect(asked).toContain('POST /api/v1/orders {"order":"syncNow","full":false}');
  expect(onClose).not.toHaveBeenCalled();
});

it('offers a reader no orders', async () => {
  open(reader);
  await userEvent.type(await input(), words.pause);
  await screen.findByRole('option', { name: /Zoë Lee/, hidden: true });
  expect(screen.queryByRole('option', { name: words.pause, hidden: true })).toBeNull();
});

it.each([
  ['', ['Åse', 'Sync now', 'Run history']],
  ['ase', ['Åse']],
  ['now syn', ['Sync now']],
  ['h', ['Run history']],
  ['x', []],
])('"%s" finds %j', (text, labels) => {
  const entries = ['Åse', 'Sync now', 'Run history'].map((label) => ({ id: label, label, run: () => undefined }));
  expect(matching(entries, text).map((entry) => entry.label)).toEqual(labels);
});
