// Domains, devices, deleted objects: what administrators do on these pages, with the API as the other witness.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

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

  await check('Active users: add, change and delete a cloud-only user', async () => {
    const name = `cleo${stamp}@contoso.com`;
    await browser.open('/users', 'Active users');
    await page.getByRole('button', { name: 'Add a user' }).click();
    const form = page.getByRole('dialog', { name: 'Add a user' });
    await form.getByLabel('Display name').fill(`Cleo ${stamp}`);
    await form.getByLabel('User name').fill(`cleo${stamp}`);
    await form.getByLabel('Job title').fill('Architect');
    await form.getByRole('button', { name: 'Add user' }).click();
    const pane = page.getByRole('dialog', { name: 'User details' });
    await pane.getByText('Architect').first().waitFor();
    assert.equal((await api.get(`/v1.0/users/${name}?$select=jobTitle`)).jobTitle, 'Architect');
    await pane.getByRole('button', { name: 'Edit' }).click();
    await pane.getByLabel('Job title').fill('');
    await pane.getByLabel('City').fill('Bonn');
    await pane.getByRole('button', { name: 'Save' }).click();
    await pane.getByRole('button', { name: 'Edit' }).waitFor();
    const after = await api.get(`/v1.0/users/${name}?$select=id,jobTitle,city`);
    assert.deepEqual([after.jobTitle, after.city], [null, 'Bonn']);
    await pane.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete user' }).click();
    await page.getByText(`Cleo ${stamp} was deleted.`).waitFor();
    await api.delete(`/v1.0/directory/deletedItems/${after.id}`);
  });

  await check('Active users: a photo is shown as soon as there is one, and initials again without it', async () => {
    const made = await api.post('/v1.0/users', {
      accountEnabled: true,
      displayName: 'Phoebe Picture',
      mailNickname: 'phoebe',
      userPrincipalName: `phoebe@${(await api.get('/api/v1/status')).tenant.initialDomain}`,
      passwordProfile: { password: 'not-kept-anywhere' },
    });
    const jpeg = readFileSync(new URL('../../crates/lockstep/src/sample/photo.jpg', import.meta.url));
    const photo = `/v1.0/users/${made.id}/photo/$value`;
    try {
      await browser.open(`/users?user=${made.id}`, 'Active users');
      const pane = page.getByRole('dialog', { name: 'User details' });
      const picture = pane.locator('img');
      await pane.getByText('PP', { exact: true }).waitFor();
      assert.equal(await picture.count(), 0);
      await api.put(photo, jpeg, 'image/jpeg');
      await picture.waitFor();
      await page.waitForFunction(() => [...document.querySelectorAll('img')].every((img) => img.complete && img.naturalWidth > 0));
      assert.deepEqual(await browser.violations(), []);
      for (const look of /** @type {const} */ (['light', 'dark'])) {
        await browser.look(look);
        await browser.shot(`user-photo-${look}`);
      }
      await browser.look('light');
      await api.delete(photo);
      await picture.waitFor({ state: 'detached' });
      await pane.getByText('PP', { exact: true }).waitFor();
    } finally {
      await api.delete(`/v1.0/users/${made.id}`);
      await api.delete(`/v1.0/directory/deletedItems/${made.id}`);
    }
  });

  await check('Import users: what is wrong is said before anything is written, and each row has its result', async () => {
    await browser.open('/users/import', 'Import users');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Template', exact: true }).click()]);
    const template = readFileSync((await download.path()) ?? '', 'utf8');
    const row = (/** @type {string} */ name, /** @type {string} */ shown) => `${name},,,${shown},,,,,,,,,,,\r\n`;
    const taken = (await api.get('/v1.0/users?$top=1&$select=userPrincipalName')).value[0].userPrincipalName;
    const good = [`ida${stamp}@contoso.com`, `ivo${stamp}@contoso.com`];
    const file = template + row(good[0] ?? '', 'Ida') + row(taken, 'Double') + row('nobody@nowhere.example', 'No Body') + row(good[1] ?? '', 'Ivo');
    const count = async () => (await api.get('/v1.0/users?$count=true&$top=1'))['@odata.count'];
    const before = await count();
    await page.locator('input[type=file]').setInputFiles({ name: 'users.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
    await page.getByText('4 users: 2 ready, 2 with errors.', { exact: false }).waitFor();
    await page.getByText('User Name belongs to somebody already.').waitFor();
    await page.getByText('nowhere.example is no domain of your organization.', { exact: false }).waitFor();
    assert.equal(await count(), before);
    await page.getByRole('button', { name: 'Add 2 users' }).click();
    await page.getByText('2 users were added. 2 were left out for errors in the file.').waitFor();
    assert.equal(await count(), before + 2);
    assert.deepEqual(await browser.violations(), []);
    for (const name of good) {
      const { id } = await api.get(`/v1.0/users/${name}?$select=id`);
      await api.delete(`/v1.0/users/${id}`);
      await api.delete(`/v1.0/directory/deletedItems/${id}`);
    }
  });

  await check('errors: tiles count as the API does, and filter', async () => {
    await browser.open('/dirsync/errors', 'Directory sync errors');
    const { errors } = await api.get('/api/v1/status');
    const tile = page.locator('button[data-category="DuplicateAttribute"]');
    await tile.filter({ hasText: new RegExp(`^${errors.byCategory.DuplicateAttribute ?? 0}\\D`) }).waitFor();
    await tile.click();
    await page.waitForURL('**/dirsync/errors?category=DuplicateAttribute');
    await page.locator('button[data-category="DuplicateAttribute"][aria-pressed="true"]').waitFor();
  });

  /** The records of the new domain, once it is there. */
  async function waitForRecords() {
    await page.waitForURL(`**/domains?domain=${domain}`);
    return api.get(`/v1.0/domains/${domain}/verificationDnsRecords`);
  }
}
