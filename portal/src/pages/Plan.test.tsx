// Preview and approve: what it asks the client for, what a filter leaves, what the decision sends.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import type { PlanItem, PlanReport, Status } from '../api/types';
import { t } from '../messages';
import { words } from '../messages/plan';
import { admin, reader, renderAt, sampleStatus, stubServer, type Answers } from '../test/render';
import { PlanPage } from './Plan';

const item = (name: string, more: Partial<PlanItem> = {}): PlanItem => ({
  action: 'delete',
  reason: 'deletedInSource',
  kind: 'user',
  anchor: `a-${name}`,
  name,
  membersAdded: 0,
  membersRemoved: 0,
  ...more,
});

const plan = (items: PlanItem[]): PlanReport => ({
  summary: {
    id: 'p',
    madeAt: '2026-11-22T21:00:00Z',
    counts: { user: { create: 0, update: 1, delete: 2, membersAdded: 0, membersRemoved: 0, held: 1_000 } },
    errors: 0,
    deletionsDigest: 'digest-1',
    verdict: { kind: 'held', reason: 'Too many.', remedy: 'Approve or restore.' },
  },
  items,
  truncated: false,
  errors: [],
});
const whole = plan([
  item('Ann'),
  item('Bob', { reason: 'leftScope' }),
  item('Eva', { action: 'update', changes: [{ property: 'mail', before: 'eva@contoso.com', after: 'e@contoso.com', rule: 'mail <- mail' }] }),
]);

function server(status: Status, more: Answers = {}) {
  return stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/status': () => status,
    '/api/v1/orders': (request) =>
      (request.body as { order: string }).order === 'preview' ? { answer: 'plan', plan: whole } : { answer: 'accepted' },
    ...more,
  });
}
const held = () => sampleStatus((status) => (status.sync.heldPlan = whole.summary));

describe('Preview and approve', () => {
  it('asks for a plan once, and says that it is the one that waits', async () => {
    const asked = server(held());
    renderAt('/dirsync/plan', <PlanPage />);
    expect(await screen.findByText(words.sameAsHeld)).toBeTruthy();
    expect(asked.filter((each) => each.startsWith('POST'))).toEqual(['POST /api/v1/orders {"order":"preview","limit":5000}']);
    expect(screen.getByText(words.expiryText)).toBeTruthy();
  });

  it('shows what the filters of the address leave, and an object opens to its differences', async () => {
    server(held());
    const router = renderAt('/dirsync/plan?change=update', <PlanPage />);
    const objects = within(await screen.findByRole('group', { name: words.objects }));
    expect(objects.getByText('Eva')).toBeTruthy();
    expect(objects.queryByText('Ann')).toBeNull();
    expect(screen.getByText(words.shown(1, 3))).toBeTruthy();
    await userEvent.click(objects.getByRole('button'));
    expect(await screen.findByText('e@contoso.com')).toBeTruthy();
    await userEvent.selectOptions(screen.getByRole('combobox', { name: words.action }), 'leftScope');
    await waitFor(() => expect(router.state.location.search).toBe('?change=leftScope'));
    expect(await screen.findByText('Bob')).toBeTruthy();
    await userEvent.selectOptions(screen.getByRole('combobox', { name: words.kind }), 'group');
    expect(await screen.findByText(words.noMatch)).toBeTruthy();
  });

  it('approves the waiting plan by its digest, and rejecting pauses', async () => {
    const asked = server(held());
    renderAt('/dirsync/plan', <PlanPage />);
    await userEvent.click(await screen.findByRole('button', { name: t.held.approve }));
    const dialog = within(await screen.findByRole('dialog', { hidden: true }));
    await userEvent.type(dialog.getByRole('textbox', { hidden: true }), '2{Enter}');
    await waitFor(() => expect(asked).toContain('POST /api/v1/orders {"order":"approve","digest":"digest-1"}'));
    await userEvent.click(await screen.findByRole('button', { name: words.reject }));
    await userEvent.click(await screen.findByRole('button', { name: words.pause, hidden: true }));
    await waitFor(() => expect(asked).toContain('POST /api/v1/orders {"order":"pause"}'));
    expect(await screen.findByText(words.paused)).toBeTruthy();
  });

  it('compares with the preview before', async () => {
    let asked = 0;
    server(held(), {
      '/api/v1/orders': () => {
        asked += 1;
        return { answer: 'plan', plan: asked === 1 ? plan([item('Ann'), item('Cid')]) : whole };
      },
    });
    renderAt('/dirsync/plan', <PlanPage />);
    await userEvent.click(await screen.findByRole('button', { name: words.again }));
    await waitFor(() => expect(asked).toBe(2));
    await userEvent.selectOptions(await screen.findByRole('combobox', { name: words.compareWith }), 'before');
    expect(await screen.findByText(words.onlyNow(2))).toBeTruthy();
    expect(screen.getByText(words.onlyOther(1))).toBeTruthy();
  });

  it('asks for no plan for a reader, who sees the numbers of what waits', async () => {
    const asked = server(held(), { '/api/v1/session': () => reader });
    renderAt('/dirsync/plan', <PlanPage />);
    expect(await screen.findByText(words.readerOnly)).toBeTruthy();
    expect(screen.getByRole('table', { name: t.plan.counts })).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: t.held.approve }));
    expect(screen.queryByRole('dialog', { hidden: true })).toBeNull();
    expect(asked.some((each) => each.startsWith('POST'))).toBe(false);
  });

  it('says a refusal in the client’s words', async () => {
    server(sampleStatus(), { '/api/v1/orders': () => ({ answer: 'refused', reason: 'The first read is not over.' }) });
    renderAt('/dirsync/plan', <PlanPage />);
    expect(await screen.findByText('The first read is not over.')).toBeTruthy();
  });
});
