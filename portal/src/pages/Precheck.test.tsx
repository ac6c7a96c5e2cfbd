import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import type { Finding, PrecheckState } from '../api/precheck';
import { precheck as de } from '../messages/de/precheck';
import { precheck as en } from '../messages/en/precheck';
import { p } from '../messages/precheck';
import { admin, reader, renderAt, stubServer } from '../test/render';
import { PrecheckPage } from './Precheck';

const problem = (rule: string, kind: 'blank' | 'duplicate' | 'character', severity: 'error' | 'warning' = 'error') => ({ rule, kind, severity, message: `${rule} says no` });
const findings: Finding[] = [
  { dn: 'uid=ann,dc=x', class: 'user', attribute: 'displayName', value: ' ', problems: [problem('displayName.blank', 'blank')], change: { action: 'edit', value: 'Ann' }, safe: true },
  { dn: 'cn=Lee\\, Bo,dc=x', class: 'user', attribute: 'mail', value: 'b o@x.com', problems: [problem('proxyAddresses.character', 'character')], change: { action: 'edit', value: 'bo@x.com' }, safe: false },
  { dn: 'uid=c,dc=x', class: 'contact', attribute: 'mail', value: 'c@x.com', problems: [problem('proxyAddresses.duplicate', 'duplicate', 'warning')], change: { action: 'none' }, safe: false, note: 'decide', others: ['uid=d,dc=x'] },
];

const summary = { checked: 9, skipped: {}, findings: 3, errors: 2, proposed: 2, safe: 1, byRule: {}, duplicatesNotListed: 0 };
const done: PrecheckState = { running: false, read: 20, report: { at: '2026-11-23T10:00:00Z', source: 'ldap://x', summary, findings } };

function server(states: PrecheckState[], session = admin) {
  return stubServer({
    '/api/v1/session': () => session,
    '/api/v1/orders': () => ({ answer: 'precheck', state: states.length > 1 ? states.shift() : states[0] }),
  });
}

/** jsdom's files have no text(). */
function textOf(file: Blob | undefined): Promise<string> {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    if (file) reader.readAsText(file);
  });
}

it('begins a pre-check, follows it, and shows what it found', async () => {
  const asked = server([{ running: false, read: 0 }, { running: true, read: 7 }, done]);
  renderAt('/dirsync/precheck', <PrecheckPage />);
  expect(await screen.findByText(p.never)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: p.run }));
  expect(asked).toContain('POST /api/v1/orders {"order":"precheck","start":true}');
  expect(await screen.findByText(p.running(7))).toBeTruthy();
  expect(await screen.findByText('Lee, Bo', undefined, { timeout: 5_000 })).toBeTruthy();
  expect(screen.getByText(/uid=d,dc=x/)).toBeTruthy();
});

it('accepts row by row, and gives the LDIF of what was accepted', async () => {
  server([done]);
  const files: Blob[] = [];
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: (blob: Blob) => (files.push(blob), 'blob:x'), revokeObjectURL: () => undefined }));
  // A browser would save the file; jsdom would go to its address.
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
  renderAt('/dirsync/precheck', <PrecheckPage />);
  const box = await screen.findByRole('checkbox', { name: p.accept('mail', 'Lee, Bo') });
  // What nobody proposes nobody can accept.
  expect(screen.queryByRole('checkbox', { name: p.accept('mail', 'c') })).toBeNull();
  const ldif = screen.getByRole('button', { name: p.ldif });
  expect(ldif.getAttribute('aria-disabled')).toBe('true');
  await userEvent.click(screen.getByRole('button', { name: p.acceptSafe }));
  expect(screen.getByText(p.accepted(1))).toBeTruthy();
  await userEvent.click(box);
  await userEvent.click(ldif);
  await waitFor(() => expect(files.length).toBe(1));
  const text = await textOf(files[0]);
  expect(text).toContain('mail: bo@x.com');
  expect(text).toContain('dn: uid=ann,dc=x');
});

it('filters by severity, kind and words', async () => {
  server([done]);
  renderAt('/dirsync/precheck?severity=warning', <PrecheckPage />);
  const table = within(await screen.findByRole('table'));
  expect(table.getAllByRole('row').length).toBe(2);
  await userEvent.selectOptions(screen.getByRole('combobox', { name: p.severity }), 'error');
  await userEvent.selectOptions(screen.getByRole('combobox', { name: p.kind }), 'blank');
  await waitFor(() => expect(screen.getAllByRole('row').length).toBe(2));
});

it('says so where no client is connected, and to a reader', async () => {
  stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/orders': () => new Response(JSON.stringify({ error: { code: 'ServiceUnavailable', message: 'No sync client was ever connected' } }), { status: 503 }),
  });
  renderAt('/dirsync/precheck', <PrecheckPage />);
  expect(await screen.findByText(p.noClient)).toBeTruthy();
});

it('asks nothing for a reader', async () => {
  const asked = server([done], reader);
  renderAt('/dirsync/precheck', <PrecheckPage />);
  expect(await screen.findByText(p.readOnly)).toBeTruthy();
  expect(asked.some((one) => one.startsWith('POST'))).toBe(false);
});

it('has German words for every English one', () => {
  const keys = (value: object): string[] => Object.entries(value).flatMap(([name, inner]) => (typeof inner === 'object' && name !== 'rules' ? keys(inner as object).map((one) => `${name}.${one}`) : [name]));
  expect(keys(de)).toEqual(keys(en));
});
