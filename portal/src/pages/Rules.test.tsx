import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';
import type { ExpressionReport, RulesView } from '../api/rules';
import { words } from '../messages/rules';
import { admin, reader, renderAt, stubServer } from '../test/render';
import { RulesPage } from './Rules';

const view: RulesView = {
  file: 'rules.toml',
  builtIn: false,
  name: 'Contoso',
  text: 'name = "Contoso"\n',
  textIsSame: true,
  rules: [
    {
      name: 'In from LDAP',
      direction: 'inbound',
      precedence: 100,
      link: 'Provision',
      sourceTypes: ['inetorgperson'],
      metaverseType: 'person',
      scope: [['uid NOTSTARTSWITH "svc-"', 'mail ISNOTNULL']],
      flows: [{ to: 'mail', how: 'expression', from: 'Trim([rfc822Mailbox])', reads: ['rfc822Mailbox'], merge: 'update', line: 9 }],
      line: 3,
    },
    {
      name: 'Out to cloud',
      direction: 'outbound',
      precedence: 200,
      link: 'Provision',
      metaverseType: 'person',
      target: 'user',
      flows: [{ to: 'mail', how: 'direct', from: '[mail]', reads: ['mail'], merge: 'update', line: 19 }],
      line: 15,
    },
  ],
};
const report: ExpressionReport = { name: 'Ann', dn: 'uid=ann,dc=x', gives: 'text', reads: [{ name: 'cn', value: '"Ann"' }], result: { kind: 'value', of: 'text', many: false, values: ['"ANN"'], cut: false } };

function server(session = admin, more: (body: { order: string; rules?: string }) => unknown = () => undefined) {
  return stubServer({
    '/api/v1/session': () => session,
    '/v1.0/users': () => ({ value: [] }),
    '/api/v1/orders': ({ body }) => {
      const order = body as { order: string; rules?: string };
      return more(order) ?? (order.order === 'rules' ? { answer: 'rules', rules: view } : { answer: 'refused', reason: 'no' });
    },
  });
}

beforeEach(() => {
  sessionStorage.clear();
  // jsdom scrolls nowhere.
  Element.prototype.scrollIntoView = () => undefined;
});

it('follows mail from the cloud back to the directory', async () => {
  server();
  const router = renderAt('/dirsync/rules', <RulesPage />);
  await userEvent.click(await screen.findByRole('button', { name: /mail/ }));
  expect(screen.getByText('[mail]')).toBeTruthy();
  expect(screen.getByText('Trim([rfc822Mailbox])')).toBeTruthy();
  expect(screen.getByText(/uid NOTSTARTSWITH/)).toBeTruthy();
  expect(router.state.location.search).toContain('attribute=mail');
  expect(screen.getByRole('link', { name: 'In from LDAP' }).getAttribute('href')).toBe('/dirsync/rules?view=rules&rule=In%20from%20LDAP');
});

it('a rule has an address, and its flow leads to the playground', async () => {
  server(admin, (body) => (body.order === 'evaluate' ? { answer: 'evaluated', report } : undefined));
  const router = renderAt('/dirsync/rules?view=rules&rule=In%20from%20LDAP', <RulesPage />);
  await userEvent.click(await screen.findByRole('button', { name: words.tryThis('mail') }));
  expect(router.state.location.search).toContain('expression=Trim');
  await userEvent.type(await screen.findByLabelText(new RegExp(words.person)), 'ann');
  await userEvent.click(screen.getByRole('button', { name: words.run }));
  expect(await screen.findByText('"ANN"')).toBeTruthy();
  expect(within(screen.getByText(words.readValues).parentElement ?? document.body).getByText('"Ann"')).toBeTruthy();
});

it('a mistake is shown at its place', async () => {
  const mistake: ExpressionReport = { name: 'Ann', dn: 'uid=ann,dc=x', result: { kind: 'mistake', line: 1, column: 7, message: 'no attribute', suggestion: 'did you mean [cn]?' } };
  server(admin, (body) => (body.order === 'evaluate' ? { answer: 'evaluated', report: mistake } : undefined));
  renderAt('/dirsync/rules?view=try&object=ann&expression=UCase([cnn])', <RulesPage />);
  await userEvent.click(await screen.findByRole('button', { name: words.run }));
  expect(await screen.findByText(/no attribute; did you mean/)).toBeTruthy();
  expect(screen.getByText(/\^/).textContent).toBe('UCase([cnn])\n      ^');
});

it('a draft is checked as it is typed, and only a sound one can be previewed', async () => {
  const problem = { line: 2, column: 3, rule: 'x', message: 'unknown key', remedy: 'leave it out' };
  server(admin, (body) => (body.order === 'rules' && body.rules?.includes('bad') ? { answer: 'rules', rules: { ...view, rules: [], problems: [problem] } } : undefined));
  renderAt('/dirsync/rules?view=draft', <RulesPage />);
  const editor = await screen.findByLabelText<HTMLTextAreaElement>(words.text);
  await screen.findByText(words.sound(2));
  const button = screen.getByRole('button', { name: words.preview });
  expect(button.getAttribute('aria-disabled')).not.toBe('true');
  await userEvent.type(editor, 'bad');
  expect(await screen.findByText(/unknown key; leave it out/)).toBeTruthy();
  expect(button.getAttribute('aria-disabled')).toBe('true');
  await userEvent.click(screen.getByRole('button', { name: words.goTo(2, 3) }));
  expect(editor.selectionStart).toBe('name = "Contoso"\n'.length + 2);
  expect(sessionStorage.getItem('lockstep-rules-draft')).toContain('bad');
  await userEvent.click(screen.getByRole('button', { name: words.reset }));
  await waitFor(() => expect(editor.value).toBe(view.text));
});

it('says so where no client is connected, and to readers', async () => {
  stubServer({
    '/api/v1/session': () => admin,
    '/api/v1/orders': () => new Response('{"error":{"code":"ServiceUnavailable","message":"No sync client is connected; start it."}}', { status: 503 }),
  });
  renderAt('/dirsync/rules', <RulesPage />);
  expect(await screen.findByText(/No sync client is connected/)).toBeTruthy();
  vi.unstubAllGlobals();
  const asked = server(reader);
  renderAt('/dirsync/rules', <RulesPage />);
  expect(await screen.findByText(words.readerOnly)).toBeTruthy();
  expect(asked.some((one) => one.includes('orders'))).toBe(false);
});
