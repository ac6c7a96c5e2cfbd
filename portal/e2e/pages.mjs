// Domains, devices, deleted objects: what administrators do on these pages, with the API as the other witness.
import assert from 'node:assert/strict';

/** @param {import('./run.mjs').World} world */
export async function pageChecks({ browser, api, check }) {
  const { page } = browser;
  const stamp = Date.now().toString(36);
  const domain = `e2e-${stamp}.example`;

  await check('Domains: as many as the API has, and Home leads there', async () => {
    await browser.open('/', 'Home');
    await page.getByRole('link', { name: 'Manage domains' }).click();
    await page.getByRole('heading', { level: 1, name: 'Domains' }).waitFor();
    await browser.settled();
    const { value } = await api.get('/v1.0/domains');
    assert.equal(await page.locator('tr[data-domain]').count(), value.length);
  });

  await check('Domains: add one, see its records, and what DNS really answered', async () => {
    await browser.open('/domains', 'Domains');
    await page.getByRole('button', { name: 'Add domain' }).click();
    await page.getByRole('textbox', { name: 'Domain name' }).fill(`somebody@${domain}`);
    await page.keyboard.press('Enter');
    const pane = page.getByRole('dialog', { name: 'Domain details' });
    const { value } = await waitForRecords();
    const text = value.find((/** @type {any} */ record) => record.recordType === 'Txt').text;
    await pane.getByText(text, { exact: true }).waitFor();
    await pane.getByRole('radio', { name: 'MX' }).check();
    await pane.getByText(/\.msv1\.invalid$/).waitFor();
    await pane.getByRole('button', { name: 'Verify' }).click();
    const answer = pane.getByRole('alert').filter({ hasText: domain });
    await answer.waitFor();
    assert.match((await answer.textContent()) ?? '', /resolver|answer/i);
    assert.equal((await api.get(`/v1.0/domains/${domain}`)).isVerified, false);
  });

  await check('Domains: one that nothing refers to is removed', async () => {
    await browser.open(`/domains?domain=${domain}`, 'Domains');
    await page.getByRole('button', { name: 'Remove…' }).click();
    const question = page.getByRole('dialog', { name: `Remove ${domain}?` });
    await question.getByText('Nothing refers to it.', { exact: false }).waitFor();
    await question.getByRole('button', { name: 'Remove domain' }).click();
    await page.locator(`tr[data-domain="${domain}"]`).waitFor({ state: 'detached' });
    const { value } = await api.get('/v1.0/domains');
    assert.ok(!value.some((/** @type {any} */ one) => one.id === domain));
  });

  await check('Domains: what refers to one is listed, and removing says what would become of it', async () => {
    const { value } = await api.get('/v1.0/domains/contoso.com/domainNameReferences?$top=20&$select=id');
    await browser.open('/domains?domain=contoso.com', 'Domains');
    const pane = page.getByRole('dialog', { name: 'Domain details' });
    await pane.locator('[data-reference]').first().waitFor();
    assert.equal(await pane.locator('[data-reference]').count(), value.length);
    assert.equal(await pane.getByRole('button', { name: 'Remove…' }).getAttribute('aria-disabled'), 'true', 'the default domain stays');
  });

  await check('Devices: a new one is there live, and its pane opens', async () => {
    await browser.open('/devices', 'Devices');
    const device = await api.post('/v1.0/devices', {
      accountEnabled: true,
      displayName: `WS-${stamp}`,
      deviceId: crypto.randomUUID(),
      operatingSystem: 'Windows',
      operatingSystemVersion: '10.0.26100',
      alternativeSecurityIds: [{ type: 2, key: 'AA==' }],
    });
    await page.locator(`tr[data-id="${device.id}"] button`).click();
    const pane = page.getByRole('dialog', { name: 'Device details' });
    await pane.getByText('10.0.26100').waitFor();
    await page.keyboard.press('Escape');
    await api.delete(`/v1.0/devices/${device.id}`);
    await page.locator(`tr[data-id="${device.id}"]`).waitFor({ state: 'detached' });
    await api.delete(`/v1.0/directory/deletedItems/${device.id}`);
  });

  await check('columns: chosen ones are shown, kept, and put back', async () => {
    await browser.open('/users', 'Active users');
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Job title' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('columnheader', { name: 'Job title' }).waitFor();
    await browser.open('/users', 'Active users');
    await page.getByRole('columnheader', { name: 'Job title' }).waitFor();
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('menuitem', { name: 'As it was' }).click();
    await page.getByRole('columnheader', { name: 'Job title' }).waitFor({ state: 'detached' });
  });

  await check('Deleted: restore by keyboard, then delete permanently', async () => {
    const user = await api.post('/v1.0/users', {
      accountEnabled: true,
      displayName: `Zoe ${stamp}`,
      mailNickname: `zoe${stamp}`,
      userPrincipalName: `zoe${stamp}@contoso.com`,
      passwordProfile: { password: crypto.randomUUID() },
    });
    await api.delete(`/v1.0/users/${user.id}`);
    await browser.open('/deleted', 'Deleted');
    await page.getByRole('checkbox', { name: `Select Zoe ${stamp}` }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Restore…' }).focus();
    await page.keyboard.press('Enter');
    const question = page.getByRole('dialog', { name: 'Restore 1 object?' });
    await question.getByText(`Zoe ${stamp}`).waitFor();
    await question.getByRole('button', { name: 'Restore' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('1 object was restored.').waitFor();
    assert.equal((await api.get(`/v1.0/users/${user.id}`)).displayName, `Zoe ${stamp}`);

    await api.delete(`/v1.0/users/${user.id}`);
    await page.locator(`tr[data-id="${user.id}"] button`).click();
    await page.getByRole('dialog', { name: 'Deleted object' }).getByRole('button', { name: 'Delete permanently…' }).click();
    const last = page.getByRole('dialog', { name: 'Delete 1 object permanently?' });
    await last.getByText(`Zoe ${stamp}`).waitFor();
    await last.getByRole('button', { name: 'Delete permanently' }).click();
    await page.getByText('1 object was deleted permanently.').waitFor();
    const { value } = await api.get('/v1.0/directory/deletedItems/microsoft.graph.user?$top=999&$select=id');
    assert.ok(!value.some((/** @type {any} */ one) => one.id === user.id));
  });

  /** The records of the new domain, once it is there. */
  async function waitForRecords() {
    await page.waitForURL(`**/domains?domain=${domain}`);
    return api.get(`/v1.0/domains/${domain}/verificationDnsRecords`);
  }
}
