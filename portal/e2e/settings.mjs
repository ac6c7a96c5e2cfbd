// Settings: people, tokens, the threshold, the log; the API as the other witness.
import assert from 'node:assert/strict';

/** @param {import('./run.mjs').World} world */
export async function settingsChecks({ browser, api, check }) {
  const { page } = browser;
  const heading = 'Settings';
  const name = `e2e-${Date.now().toString(36)}`;

  await check('settings: a person is added by a link, changed, and removed', async () => {
    await browser.open('/settings', heading);
    await page.getByRole('button', { name: 'Add a person…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a person' });
    await dialog.getByRole('textbox', { name: 'Name to sign in with' }).fill(name);
    await page.keyboard.press('Enter');
    const secret = await page.locator('[data-secret]').textContent();
    assert.match(secret ?? '', /\/signin#lkl_/);
    await page.getByRole('button', { name: 'Done' }).click();
    const row = page.locator(`[data-person="${name}"]`);
    await row.getByText('Reader', { exact: false }).waitFor();
    await row.getByRole('button').click();
    await page.getByRole('menuitem', { name: 'Make administrator' }).click();
    await row.getByText('Administrator', { exact: false }).waitFor();
    const role = async () => (await api.get('/api/v1/people')).value.find((/** @type {any} */ one) => one.name === name)?.role;
    assert.equal(await role(), 'admin');
    await browser.shot('settings-people');
    await row.getByRole('button').click();
    await page.getByRole('menuitem', { name: 'Remove…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await row.waitFor({ state: 'detached' });
    assert.equal(await role(), undefined);
  });

  await check('settings: a token is made, works, is seen as used, and ends', async () => {
    await browser.open('/settings?view=clients', heading);
    await page.getByRole('button', { name: 'New token…' }).click();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill(name);
    await page.keyboard.press('Enter');
    const secret = (await page.locator('[data-secret]').textContent())?.trim() ?? '';
    await page.getByRole('button', { name: 'Done' }).click();
    const ask = async () => (await fetch(new URL('/api/v1/status', page.url()), { headers: { Authorization: `Bearer ${secret}` } })).status;
    assert.equal(await ask(), 200);
    await page.reload();
    const row = page.locator(`[data-token="${name}"]`);
    await row.waitFor();
    assert.doesNotMatch((await row.textContent()) ?? '', /Not seen/);
    await page.locator('[data-token]').getByText('Connected').first().waitFor();
    await browser.shot('settings-clients');
    await row.getByRole('button', { name: `Revoke… ${name}` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
    assert.equal(await ask(), 401);
  });

  await check('settings: a code for another sync client', async () => {
    await page.getByRole('button', { name: 'New sync client…' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill(name);
    await page.keyboard.press('Enter');
    assert.match((await page.locator('[data-secret]').textContent()) ?? '', /lockstep sync enroll --server http.* --code lke_/);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: `Revoke… ${name}` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.locator(`[data-token="${name}"]`).waitFor({ state: 'detached' });
  });

  await check('settings: the deletion threshold, by Graph’s words', async () => {
    await browser.open('/settings?view=sync', heading);
    await page.getByRole('textbox', { name: 'Threshold' }).fill('17');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('[data-guard]').getByText('More than 17 objects').waitFor();
    const [now] = (await api.get('/v1.0/directory/onPremisesSynchronization')).value;
    assert.equal(now.configuration.accidentalDeletionPrevention.alertThreshold, 17);
    await page.getByRole('textbox', { name: 'Threshold' }).fill('500');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('[data-guard]').getByText('More than 500 objects').waitFor();
  });

  await check('settings: every change has its line', async () => {
    await browser.open('/settings?view=log', heading);
    await page.getByText(`Removed ${name}`).waitFor();
    await page.getByText(`Revoked the token ${name}`).first().waitFor();
    await page.getByText('Set the deletion threshold: 17').first().waitFor();
  });

  await check('help: the page of the book that belongs to the page, in a pane', async () => {
    await browser.open('/dirsync/rules', 'Rules');
    await page.getByRole('button', { name: 'Help for this page' }).click();
    const pane = page.getByRole('dialog', { name: 'Help' });
    await pane.locator('[data-help="/docs/guides/writing-rules.html"]').getByRole('heading', { name: 'Writing rules' }).waitFor();
    const links = await pane.locator('[data-help] a').evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
    assert.ok(links.length > 0 && links.every((link) => link.startsWith('http')));
    assert.ok((await page.request.get(links.find((link) => link.includes('/docs/')) ?? '')).ok());
    await browser.shot('help-pane');
    assert.deepEqual(await browser.violations(), []);
    await page.keyboard.press('Escape');
    await pane.waitFor({ state: 'detached' });
  });

  for (const scheme of /** @type {const} */ (['dark', 'light'])) {
    await check(`axe: the page of settings, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      for (const view of ['people', 'clients', 'sync', 'log']) {
        await browser.open(`/settings?view=${view}`, heading);
        await browser.shot(`settings-${view}-${scheme}`);
        assert.deepEqual(await browser.violations(), [], view);
      }
    });
  }

  await check('settings: on a phone’s width', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    try {
      for (const view of ['people', 'clients', 'sync', 'log']) {
        await browser.open(`/settings?view=${view}`, heading);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0, `too wide: ${view}`);
      }
    } finally {
      await page.setViewportSize({ width: 1360, height: 900 });
    }
  });
}
