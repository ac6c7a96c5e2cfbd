// Signing in: refused, by a one-time link, and by that link again.
import assert from 'node:assert/strict';

/** @param {import('./run.mjs').World} world */
export async function accountChecks({ browser, target, check }) {
  const { page } = browser;

  await check('sign-in: pages ask for it, and lead back', async () => {
    await page.goto('/dirsync/runs');
    await page.waitForURL('**/signin?next=%2Fdirsync%2Fruns');
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  });

  for (const scheme of /** @type {const} */ (['light', 'dark'])) {
    await check(`axe: /signin, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await browser.settled();
      await browser.shot(`signin-${scheme}`);
      assert.deepEqual(await browser.violations(), []);
    });
  }
  await page.emulateMedia({ colorScheme: 'light' });

  await check('sign-in: a wrong password is refused with the next step', async () => {
    await page.getByLabel('User name').fill('nobody');
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'do not match' }).waitFor();
  });

  await check('sign-in: the one-time link signs in, and leaves the address', async () => {
    await page.goto(target.signInUrl);
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    assert.equal(new URL(page.url()).hash, '');
    assert.equal(new URL(page.url()).pathname, '/');
    assert.equal(await page.title(), 'Home - Lockstep');
  });

  await check('sign-in: the link is good for one use', async () => {
    const other = await browser.chrome.newContext();
    try {
      const second = await other.newPage();
      await second.goto(target.signInUrl);
      await second.getByRole('alert').filter({ hasText: 'used already or is too old' }).waitFor();
    } finally {
      await other.close();
    }
  });
}
