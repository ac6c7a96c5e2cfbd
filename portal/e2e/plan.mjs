// The deletion guard end to end: people vanish from the directory, the plan waits, a person looks at it on its page and
// approves it by its number, and the people come back with the ids that they had.
import assert from 'node:assert/strict';

/** @param {import('./run.mjs').World} world */
export async function planChecks({ browser, directory, api, check }) {
  const { page } = browser;
  const heading = 'Preview and approve';
  const status = async () => api.get('/api/v1/status');
  const { objects } = await status();
  const victims = (await directory.people(10_000)).slice(-Math.ceil(objects.syncedUsers * 0.1) - 5);

  await check('plan: too many deletions wait, on the page without a reload', async () => {
    await browser.open('/dirsync/plan', heading);
    await directory.remove(victims.map((each) => each.dn));
    const waiting = page.locator('section[data-held]');
    await waiting.waitFor({ timeout: 60_000 });
    await waiting.getByText('How long an approval counts').waitFor();
    await page.getByRole('button', { name: 'Preview again' }).click();
    await page.getByText('The list below is the plan that waits.').waitFor();
    return `${victims.length} deletions`;
  });

  await check('plan: filters live in the address, and lead to the objects', async () => {
    await browser.open('/dirsync/plan?change=delete&kind=user', heading);
    const plan = (await api.post('/api/v1/orders', { order: 'preview', limit: 5000 })).plan;
    const deleted = plan.items.filter((/** @type {any} */ item) => item.action === 'delete' && item.kind === 'user');
    assert.ok(deleted.length > 0);
    await page.waitForFunction((/** @type {number} */ n) => document.querySelectorAll('[data-item]').length === n, Math.min(deleted.length, 100));
    await page.getByRole('combobox', { name: 'Kind of change' }).selectOption('update');
    await page.waitForURL(/change=update/);
    await page.getByRole('combobox', { name: 'Kind of change' }).selectOption('delete');
    await page.getByRole('searchbox', { name: 'Search this plan' }).fill(deleted[0].name);
    await page.waitForURL(/[?&]q=/);
    await page.locator(`[data-item="${deleted[0].anchor}"]`).getByRole('button').click();
    await page.getByText('It is deleted, and can be restored for 30 days.').waitFor();
  });

  for (const scheme of /** @type {const} */ (['dark', 'light'])) {
    await check(`axe: a plan that waits, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await browser.open('/dirsync/plan?change=delete', heading);
      await page.locator('[data-item]').first().getByRole('button').click();
      await browser.shot(`plan-held-${scheme}`);
      assert.deepEqual(await browser.violations(), []);
    });
  }

  await check('plan: rejecting says what it means, and changes nothing until it is chosen', async () => {
    await page.getByRole('button', { name: 'Reject…' }).click();
    const question = page.getByRole('dialog', { name: 'Reject this plan?' });
    await question.getByRole('button', { name: 'Pause synchronization' }).waitFor();
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'hidden' });
    assert.ok((await status()).sync.heldPlan);
  });

  await check('plan: compared with the preview before it', async () => {
    await page.getByRole('button', { name: 'Preview again' }).click();
    await page.getByRole('button', { name: 'Preview again' }).waitFor();
    await page.getByRole('combobox', { name: 'Compare with' }).selectOption('before');
    await page.getByText('Both plans do the same.').waitFor();
  });

  await check('plan: approved by its number, on a phone’s width, and written', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    try {
      await browser.open('/dirsync/plan', heading);
      await browser.shot('plan-held-phone');
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0, 'too wide');
      const { heldPlan } = (await status()).sync;
      /** @type {number} */
      const deletions = Object.values(heldPlan.counts).reduce((sum, /** @type {any} */ counts) => sum + counts.delete, 0);
      await page.getByRole('button', { name: 'Approve…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Approve this plan?' });
      await dialog.getByRole('textbox').fill(String(deletions + 1));
      await page.keyboard.press('Enter');
      await dialog.getByText('This is not the number.', { exact: false }).waitFor();
      await dialog.getByRole('textbox').fill(String(deletions));
      await page.keyboard.press('Enter');
      await page.locator('section[data-held]').waitFor({ state: 'detached', timeout: 30_000 });
      await until(async () => (await status()).objects.syncedUsers <= objects.syncedUsers - victims.length, 'the deletions are written');
      return `${deletions} deletions`;
    } finally {
      await page.setViewportSize({ width: 1360, height: 900 });
    }
  });

  await check('plan: the people come back', async () => {
    await directory.undo();
    await until(async () => (await status()).objects.syncedUsers === objects.syncedUsers, 'everybody is back');
  });
}

/**
 * @param {() => Promise<boolean>} reached
 * @param {string} what
 */
async function until(reached, what) {
  const limit = Date.now() + 60_000;
  while (!(await reached())) {
    if (Date.now() > limit) throw new Error(`after a minute: not yet so that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
