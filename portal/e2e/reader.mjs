// A reader sees everything and changes nothing: neither by the pages, nor past them.
import assert from 'node:assert/strict';

/** @param {import('./run.mjs').World} world */
export async function readerChecks({ browser, target, check }) {
  if (!target.readerSignInUrl) {
    console.log('skip  a reader: the target has no sign-in link of one ("readerSignInUrl")');
    return;
  }
  const context = await browser.chrome.newContext({ baseURL: target.portalUrl, locale: 'en-GB', viewport: { width: 1360, height: 900 } });
  const page = await context.newPage();
  try {
    await check('reader: signs in, and every page is there', async () => {
      await page.goto(target.readerSignInUrl ?? '');
      await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
      for (const [path, heading] of /** @type {const} */ ([
        ['/users', 'Active users'],
        ['/groups', 'Groups'],
        ['/deleted', 'Deleted'],
        ['/domains', 'Domains'],
        ['/dirsync', 'Manage directory synchronization'],
        ['/dirsync/plan', 'Preview and approve'],
        ['/dirsync/errors', 'Directory sync errors'],
        ['/dirsync/runs', 'Run history'],
      ])) {
        await page.goto(path);
        await page.getByRole('heading', { level: 1, name: heading }).waitFor();
        assert.equal(await page.getByText('You may not see this').count(), 0, path);
      }
    });

    await check('reader: the pages offer no change, and say why', async () => {
      await page.goto('/dirsync');
      await page.getByText('Your role is reader', { exact: false }).first().waitFor();
      for (const name of ['Sync now', 'Pause']) {
        assert.equal(await page.getByRole('button', { name }).getAttribute('aria-disabled'), 'true', name);
      }
      await page.goto('/users');
      for (const name of ['Add a user', 'Import users']) {
        assert.equal(await page.getByRole('button', { name }).first().getAttribute('aria-disabled'), 'true', name);
      }
      await page.goto('/dirsync/plan');
      await page.getByText('Only an administrator can have a plan made and approve it.', { exact: false }).waitFor();
      await page.keyboard.press('Control+k');
      const palette = page.getByRole('dialog', { name: 'Search and commands' });
      await palette.getByRole('combobox').fill('sync now');
      assert.equal(await palette.getByRole('option', { name: 'Sync now' }).count(), 0);
    });

    await check('reader: the server refuses what the pages do not offer', async () => {
      const refused = await page.evaluate(async () => {
        /** @type {[string, string, unknown][]} */
        const tries = [
          ['POST', '/api/v1/orders', { order: 'pause' }],
          ['POST', '/api/v1/errors/recheck', undefined],
          ['POST', '/v1.0/domains', { id: 'reader.example' }],
          ['DELETE', '/v1.0/users/00000000-0000-0000-0000-000000000000', undefined],
        ];
        const statuses = [];
        for (const [method, path, body] of tries) {
          const answer = await fetch(path, {
            method,
            headers: { 'X-Lockstep-Request': '1', 'Content-Type': 'application/json' },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          });
          statuses.push(answer.status);
        }
        return statuses;
      });
      assert.deepEqual(refused, [403, 403, 403, 403]);
    });
  } finally {
    await context.close();
  }
}
