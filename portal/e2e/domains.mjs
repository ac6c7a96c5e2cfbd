// A domain's whole life in the browser, proven by a real DNS server: added, verified, made the default and not the
// default any more, and removed by force while people have names in it.
import assert from 'node:assert/strict';
import { Dns } from './dns.mjs';

/** @param {import('./run.mjs').World} world */
export async function domainChecks({ browser, api, target, check }) {
  const { page } = browser;
  if (!target.dns) {
    console.log('skip  domains proven by DNS: the target names no address for a DNS server ("dns")');
    return;
  }
  const name = `e2e-${Date.now().toString(36)}.test`;
  const dns = new Dns(target.dns);
  const pane = page.getByRole('dialog', { name: 'Domain details' });
  const before = (await api.get('/v1.0/domains')).value.find((/** @type {any} */ one) => one.isDefault).id;
  try {
    await check('Domains: verified by a TXT record, on the page without a reload', async () => {
      await dns.publish([`--txt-record=${name},v=spf1 -all`]);
      await api.post('/v1.0/domains', { id: name });
      await browser.open(`/domains?domain=${name}`, 'Domains');
      await pane.getByRole('button', { name: 'Verify' }).click();
      const missing = pane.getByRole('alert').filter({ hasText: 'The record is not there yet.' });
      await missing.waitFor();
      assert.match((await missing.textContent()) ?? '', /v=spf1 -all/, 'what DNS really has is said');
      const { value } = await api.get(`/v1.0/domains/${name}/verificationDnsRecords`);
      const text = value.find((/** @type {any} */ record) => record.recordType === 'Txt').text;
      await dns.publish([`--txt-record=${name},v=spf1 -all`, `--txt-record=${name},${text}`]);
      await pane.getByRole('button', { name: 'Verify' }).click();
      await pane.getByRole('heading', { name: 'Prove that it is yours' }).waitFor({ state: 'detached' });
      await page.locator(`tr[data-domain="${name}"]`).filter({ hasText: 'Verified' }).waitFor();
      assert.equal((await api.get(`/v1.0/domains/${name}`)).isVerified, true);
    });

    await check('Domains: made the default, and the other one again', async () => {
      await browser.open(`/domains?domain=${name}`, 'Domains');
      await pane.getByRole('button', { name: 'Make it the default' }).click();
      await pane.getByText(`${name} is the default domain now.`).waitFor();
      assert.equal((await api.get(`/v1.0/domains/${name}`)).isDefault, true);
      await browser.open(`/domains?domain=${before}`, 'Domains');
      await pane.getByRole('button', { name: 'Make it the default' }).click();
      await pane.getByText(`${before} is the default domain now.`).waitFor();
      assert.equal((await api.get(`/v1.0/domains/${name}`)).isDefault, false);
    });

    await check('Domains: removed by force once its name is typed; who had a name in it has another', async () => {
      const user = await api.post('/v1.0/users', {
        accountEnabled: true,
        displayName: 'Mia Mover',
        mailNickname: 'mia',
        userPrincipalName: `mia@${name}`,
        passwordProfile: { password: crypto.randomUUID() },
      });
      await browser.open(`/domains?domain=${name}`, 'Domains');
      await pane.locator('[data-reference]').filter({ hasText: 'Mia Mover' }).waitFor();
      await pane.getByRole('button', { name: 'Remove…' }).click();
      const question = page.getByRole('dialog', { name: `Remove ${name}?` });
      const remove = question.locator('button[type=submit]');
      await question.getByRole('textbox').fill('another.test');
      await remove.click();
      assert.equal((await api.get(`/v1.0/domains/${name}`)).id, name);
      await question.getByRole('textbox').fill(name);
      await browser.shot('domain-force-light');
      await remove.click();
      await page.locator(`tr[data-domain="${name}"]`).waitFor({ state: 'detached' });
      const { userPrincipalName } = await api.get(`/v1.0/users/${user.id}?$select=userPrincipalName`);
      assert.ok(!userPrincipalName.endsWith(name), userPrincipalName);
      await api.delete(`/v1.0/users/${user.id}`);
      await api.delete(`/v1.0/directory/deletedItems/${user.id}`);
      return userPrincipalName;
    });
  } finally {
    await dns.close();
  }
}
