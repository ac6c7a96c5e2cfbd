import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { Domain } from '@microsoft/microsoft-graph-types';
import { expect, it } from 'vitest';
import { rootOf } from '../components/domains/DomainState';
import { t } from '../messages';
import { domainWords } from '../messages/domains';
import { admin, reader, renderAt, stubServer, type Answers } from '../test/render';
import { DomainsPage } from './Domains';

const initial: Domain = { id: 'contoso.onlockstep.example', isVerified: true, isInitial: true, authenticationType: 'Managed', isRoot: true };
const contoso: Domain = { id: 'contoso.com', isVerified: true, isDefault: true, authenticationType: 'Managed', isRoot: true };
const fabrikam: Domain = { id: 'fabrikam.com', isVerified: false, authenticationType: 'Managed', isRoot: true };
const federated: Domain = { id: 'corp.example', isVerified: true, authenticationType: 'Federated', isRoot: true };

function server(more: Answers = {}, session = admin) {
  return stubServer({
    '/api/v1/session': () => session,
    '/v1.0/domains': ({ method }) =>
      method === 'POST'
        ? new Response(JSON.stringify({ error: { code: 'Request_BadRequest', message: "'x' is no domain name" } }), { status: 400 })
        : { value: [contoso, federated, fabrikam, initial] },
    '/v1.0/domains/fabrikam.com/verificationDnsRecords': () => ({
      value: [
        { id: '1', recordType: 'Txt', label: 'fabrikam.com', ttl: 3600, text: 'MS=ms1', supportedService: 'Email' },
        { id: '2', recordType: 'Mx', label: 'fabrikam.com', ttl: 3600, mailExchange: 'ms1.msv1.invalid', preference: 32767 },
      ],
    }),
    '/v1.0/domains/fabrikam.com/domainNameReferences': () => ({ value: [] }),
    '/v1.0/domains/corp.example/domainNameReferences': () => ({
      value: [{ '@odata.type': '#microsoft.graph.group', id: 'g-1', displayName: 'Sales', mail: 'sales@corp.example' }],
    }),
    '/v1.0/domains/corp.example/federationConfiguration': () => ({ value: [{ issuerUri: 'https://sts.corp.example', isSignedAuthenticationRequestRequired: true }] }),
    ...more,
  });
}

it('lists what is not verified first, and the initial domain last', async () => {
  server();
  renderAt('/domains', <DomainsPage />);
  await screen.findByText('fabrikam.com');
  const rows = within(screen.getByRole('table')).getAllByRole('row').slice(1);
  expect(rows.map((row) => row.getAttribute('data-domain'))).toEqual(['fabrikam.com', 'contoso.com', 'corp.example', 'contoso.onlockstep.example']);
});

it('shows the records to publish, and what the resolver answered', async () => {
  const asked = server({
    '/v1.0/domains/fabrikam.com/verify': () =>
      new Response(JSON.stringify({ error: { code: 'DomainVerificationMissingDnsRecord', message: 'TXT there is no such name (NXDOMAIN)' } }), { status: 400 }),
  });
  renderAt('/domains?domain=fabrikam.com', <DomainsPage />);
  const pane = within(await screen.findByRole('dialog', { hidden: true }));
  expect(await pane.findByText('MS=ms1')).toBeTruthy();
  expect(pane.queryByText('ms1.msv1.invalid')).toBeNull();
  await userEvent.click(pane.getByRole('radio', { name: domainWords.mx, hidden: true }));
  expect(pane.getByText('ms1.msv1.invalid')).toBeTruthy();
  await userEvent.click(pane.getByRole('button', { name: domainWords.verify, hidden: true }));
  expect(await pane.findByText(/NXDOMAIN/)).toBeTruthy();
  expect(asked).toContain('POST /v1.0/domains/fabrikam.com/verify');
});

it('shows federated settings, and what refers to the domain as links', async () => {
  server();
  renderAt('/domains?domain=corp.example', <DomainsPage />);
  const pane = within(await screen.findByRole('dialog', { hidden: true }));
  expect(await pane.findByText('https://sts.corp.example')).toBeTruthy();
  expect((await pane.findByText('Sales')).getAttribute('href')).toBe('/groups?group=g-1');
  expect(pane.getByText(domainWords.defaultFederated)).toBeTruthy();
});

it('asks for the name before it renames what refers to a domain', async () => {
  const asked = server({ '/v1.0/domains/corp.example/forceDelete': () => new Response(null, { status: 204 }) });
  renderAt('/domains?domain=corp.example', <DomainsPage />);
  const pane = within(await screen.findByRole('dialog', { hidden: true }));
  await pane.findByText('Sales');
  await userEvent.click(pane.getByRole('button', { name: domainWords.remove, hidden: true }));
  const dialog = within((await screen.findByText(domainWords.removeTitle('corp.example'))).closest<HTMLElement>('[role=dialog]') ?? document.body);
  await dialog.findByText(domainWords.removeForced);
  const submit = dialog.getByRole('button', { name: domainWords.removeForceSubmit, hidden: true });
  await userEvent.click(submit);
  expect(dialog.getByText(domainWords.removeMismatch('corp.example'))).toBeTruthy();
  expect(asked.some((one) => one.includes('forceDelete'))).toBe(false);
  await userEvent.type(dialog.getByRole('textbox', { hidden: true }), 'corp.example');
  await userEvent.click(submit);
  await waitFor(() => expect(asked).toContain('POST /v1.0/domains/corp.example/forceDelete {"disableUserAccounts":false}'));
});

it('says why a name was not taken', async () => {
  server();
  renderAt('/domains', <DomainsPage />);
  await userEvent.click(await screen.findByRole('button', { name: domainWords.add }));
  await userEvent.type(await screen.findByRole('textbox', { name: domainWords.addName, hidden: true }), 'x');
  await userEvent.click(screen.getAllByRole('button', { name: domainWords.addSubmit, hidden: true }).at(-1) ?? document.body);
  expect(await screen.findByText("'x' is no domain name")).toBeTruthy();
});

it('lets a reader look and change nothing', async () => {
  server({}, reader);
  renderAt('/domains', <DomainsPage />);
  expect(await screen.findByText(domainWords.readOnly)).toBeTruthy();
  expect(screen.getByRole('button', { name: domainWords.add }).getAttribute('aria-disabled')).toBe('true');
});

it('says that a list could not be loaded', async () => {
  stubServer({ '/api/v1/session': () => reader, '/v1.0/domains': () => new Response('{"error":{"code":"x","message":"no"}}', { status: 403 }) });
  renderAt('/domains', <DomainsPage />);
  expect(await screen.findByText(t.failure.forbiddenTitle)).toBeTruthy();
});

it('finds the domain above, by whole labels', () => {
  const all: Domain[] = [{ id: 'contoso.com' }, { id: 'eu.contoso.com' }, { id: 'toso.com' }];
  expect(rootOf('de.eu.contoso.com', all)).toBe('eu.contoso.com');
  expect(rootOf('contoso.com', all)).toBeUndefined();
});
