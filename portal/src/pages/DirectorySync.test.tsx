import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import type { PlanSummary, Status } from '../api/types';
import { t } from '../messages';
import { charts } from '../messages/en/charts';
import { admin, reader, renderAt, sampleStatus, stubServer, type Answers } from '../test/render';
import { DirectorySyncPage } from './DirectorySync';

const now = '2026-11-22T21:00:00Z';
const part = { at: now, runs: 2, failed: 0, created: 3, updated: 1, deleted: 0, members: 4, workMillis: 240, longestMillis: 200 };

function server(status: Status, more: Answers = {}) {
  return stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/status': () => status,
    '/api/v1/errors': () => ({ value: [], count: 0 }),
    '/v1.0/domains': () => ({ value: [{ id: 'contoso.local', isVerified: false }] }),
    '/api/v1/orders': () => ({ answer: 'accepted' }),
    '/api/v1/activity': () => ({ from: now, to: now, stepSeconds: 1_800, value: [part] }),
    ...more,
  });
}

const held: PlanSummary = {
  id: 'p',
  madeAt: '2026-11-22T21:00:00Z',
  counts: {
    user: { create: 0, update: 0, delete: 412, membersAdded: 0, membersRemoved: 0, held: 1_000 },
    group: { create: 0, update: 0, delete: 4, membersAdded: 0, membersRemoved: 0, held: 60 },
  },
  errors: 0,
  deletionsDigest: 'digest-1',
  verdict: { kind: 'held', reason: '412 of 1,000 users would be deleted. Nothing of the plan is written', remedy: 'Approve or restore.' },
};

describe('Manage directory synchronization', () => {
  it('has the eight items under the names admins know', async () => {
    server(sampleStatus());
    renderAt('/dirsync', <DirectorySyncPage />);
    const valueOf = (term: string) => screen.getByText(term, { selector: 'dt' }).nextElementSibling?.textContent;
    await waitFor(() => expect(valueOf('Domains verified')).toBe('2'));
    expect(valueOf('Domains not verified')).toContain('1');
    expect(valueOf('Directory sync enabled')).toBe('True');
    expect(valueOf('Latest directory sync')).toMatch(/now|seconds? ago/);
    expect(valueOf('Password sync enabled')).toBe('False');
    expect(valueOf('Last Password Sync')).toBe('Never');
    expect(valueOf('Directory sync client version')).toBe('0.1.0');
    expect(valueOf('Directory sync service account')).toBe('Sync_host_1a2b3c');
    expect(valueOf('Last export')).toBe('Never');
  });

  it('warns of what is stale, and of nothing else', async () => {
    server(sampleStatus((status) => (status.sync.stale = true)));
    renderAt('/dirsync', <DirectorySyncPage />);
    expect(await screen.findByText(t.dirsync.stale('3 days'))).toBeTruthy();
    expect(screen.queryByText(t.dirsync.passwordStale('3 days'))).toBeNull();
    expect(screen.getByRole('link', { name: t.dirsync.troubleshoot }).getAttribute('href')).toBe('/dirsync/troubleshoot');
  });

  it('shows which client writes, which stands by, and in which settings they differ', async () => {
    const client = (id: string, role: 'active' | 'standby'): Status['clients'][number] => ({
      id,
      serviceAccount: `Sync_${id}`,
      machine: `${id}.contoso.com`,
      version: '0.1.0',
      state: role === 'active' ? 'live' : 'standby',
      lastContact: new Date().toISOString(),
      connected: true,
      pending: { additions: 0, updates: 0, deletions: 0 },
      role,
      lease:
        role === 'active'
          ? { name: 'l', epoch: 7, takenAt: '2026-11-22T21:00:00Z', renewedAt: '2026-11-22T21:00:00Z', ageSeconds: 3, endedAt: null }
          : null,
    });
    const sent: unknown[] = [];
    server(
      sampleStatus((status) => {
        status.clients = [client('one', 'active'), client('two', 'standby')];
        status.configurationDifferences = [
          {
            lease: 'l',
            setting: 'sync.guard.count',
            values: [
              { client: 'one', serviceAccount: 'Sync_one', machine: 'one.contoso.com', value: '500' },
              { client: 'two', serviceAccount: 'Sync_two', machine: 'two.contoso.com', value: null },
            ],
          },
        ];
      }),
      {
        '/api/v1/orders': (request) => {
          sent.push(request);
          return { answer: 'accepted' };
        },
      },
    );
    renderAt('/dirsync', <DirectorySyncPage />);
    const table = await screen.findByRole('table', { name: t.dirsync.clientsTitle });
    const [, one, two] = within(table).getAllByRole('row');
    expect(one?.textContent).toContain(t.dirsync.role('active'));
    expect(one?.textContent).toContain('Epoch 7');
    expect(one?.textContent).toMatch(/taken .* ago/);
    expect(two?.textContent).toContain(t.dirsync.role('standby'));
    const differ = screen.getByRole('table', { name: t.dirsync.differences });
    expect(differ.textContent).toContain('sync.guard.count');
    expect(differ.textContent).toContain('Sync_two: not set');
    await userEvent.click(screen.getByRole('button', { name: t.dirsync.handOver }));
    expect(await screen.findByText(t.dirsync.accepted.handOver)).toBeTruthy();
    expect(sent).toHaveLength(1);
  });

  it('offers the newer client', async () => {
    server(
      sampleStatus((status) => {
        status.sync.updateAvailable = true;
        status.sync.latestVersion = '0.2.0';
      }),
    );
    renderAt('/dirsync', <DirectorySyncPage />);
    const link = await screen.findByRole('link', { name: t.dirsync.download });
    expect(link.getAttribute('href')).toBe('/downloads/lockstep');
  });

  it('approves exactly the plan that is shown, once the number of deletions was typed', async () => {
    const asked = server(sampleStatus((status) => (status.sync.heldPlan = held)));
    renderAt('/dirsync', <DirectorySyncPage />);
    const approve = await screen.findByRole('button', { name: t.held.approve });
    expect(screen.getByText(/Nothing of the plan is written\.$/)).toBeTruthy();
    await waitFor(() => expect(approve.getAttribute('aria-disabled')).not.toBe('true'));
    await userEvent.click(approve);
    const dialog = within(await screen.findByRole('dialog', { hidden: true }));
    await userEvent.type(dialog.getByRole('textbox', { hidden: true }), '412{Enter}');
    expect(dialog.getByText(t.held.mismatch(416))).toBeTruthy();
    expect(asked.some((each) => each.startsWith('POST'))).toBe(false);
    await userEvent.clear(dialog.getByRole('textbox', { hidden: true }));
    await userEvent.type(dialog.getByRole('textbox', { hidden: true }), '416{Enter}');
    await waitFor(() => expect(asked).toContain('POST /api/v1/orders {"order":"approve","digest":"digest-1"}'));
  });

  it('says what a plan without deletions takes away before it is approved', async () => {
    const none = { create: 0, update: 3, delete: 0, membersAdded: 0, membersRemoved: 45, held: 50 };
    const asked = server(sampleStatus((status) => (status.sync.heldPlan = { ...held, counts: { group: none } })));
    renderAt('/dirsync', <DirectorySyncPage />);
    const approve = await screen.findByRole('button', { name: t.held.approve });
    await waitFor(() => expect(approve.getAttribute('aria-disabled')).not.toBe('true'));
    await userEvent.click(approve);
    const dialog = within(await screen.findByRole('dialog', { hidden: true }));
    expect(dialog.getByText(/45 members removed from groups and 3 updates/)).toBeTruthy();
    await userEvent.type(dialog.getByRole('textbox', { hidden: true }), '0{Enter}');
    expect(dialog.getByText(t.held.mismatch(45))).toBeTruthy();
    expect(asked.some((each) => each.startsWith('POST'))).toBe(false);
  });

  it('lets a reader change nothing', async () => {
    const asked = server(
      sampleStatus((status) => (status.sync.heldPlan = held)),
      { '/api/v1/session': () => reader },
    );
    renderAt('/dirsync', <DirectorySyncPage />);
    expect(await screen.findByText(t.failure.readerOnly)).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: t.dirsync.syncNow }));
    await userEvent.click(screen.getByRole('button', { name: t.held.approve }));
    expect(screen.queryByRole('dialog', { hidden: true })).toBeNull();
    expect(asked.some((each) => each.startsWith('POST'))).toBe(false);
  });

  it('turns synchronization off only after its consequences were shown', async () => {
    const asked = server(sampleStatus(), { '/v1.0/organization/t': () => new Response(null, { status: 204 }) });
    renderAt('/dirsync', <DirectorySyncPage />);
    await userEvent.click(await screen.findByRole('button', { name: t.syncSwitch.off.command }));
    expect(await screen.findByText(t.syncSwitch.off.text(1_000, 60))).toBeTruthy();
    expect(asked.some((one) => one.startsWith('PATCH'))).toBe(false);
    await userEvent.click(screen.getByRole('button', { name: t.syncSwitch.off.submit, hidden: true }));
    await waitFor(() => expect(asked).toContain('PATCH /v1.0/organization/t {"onPremisesSyncEnabled":false}'));
  });

  it('draws what runs did over the time that is chosen, and the address keeps it', async () => {
    const asked = server(sampleStatus());
    const router = renderAt('/dirsync', <DirectorySyncPage />);
    expect(await screen.findByRole('img', { name: charts.changesLabel(3, 1, 0, 4) })).toBeTruthy();
    expect(screen.getByRole('img', { name: charts.timeLabel('120 ms', '200 ms') })).toBeTruthy();
    await userEvent.click(screen.getByRole('radio', { name: charts.ranges.month }));
    await waitFor(() => expect(asked).toContain('GET /api/v1/activity?hours=720&parts=60'));
    expect(router.state.location.search).toBe('?range=month');
  });
});
