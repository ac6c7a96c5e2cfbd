// Without a mouse: the palette, the keys, and the main flows from one end to the other by keyboard alone.
import assert from 'node:assert/strict';

/** @param {import('./run.mjs').World} world */
export async function keyboardChecks({ browser, api, check }) {
  const { page } = browser;
  const palette = page.getByRole('dialog', { name: 'Search and commands' });
  const input = palette.getByRole('combobox', { name: 'Go to, search, or do' });

  await check('palette: Ctrl+K and / open it, Escape closes it and gives the focus back', async () => {
    await browser.open('/', 'Home');
    await page.getByRole('link', { name: 'Go to Active users' }).focus();
    await page.keyboard.press('Control+k');
    await input.waitFor();
    await page.keyboard.press('Escape');
    await palette.waitFor({ state: 'hidden' });
    await page.keyboard.press('/');
    await input.waitFor();
    assert.equal(await input.inputValue(), '', 'the slash opened it, and is no text');
    await page.keyboard.press('Escape');
    await palette.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Search and commands' }).click();
    await input.waitFor();
  });

  for (const look of /** @type {const} */ (['light', 'dark', 'contrast'])) {
    await check(`axe: the palette and the sheet of keys, ${look}`, async () => {
      await browser.look(look);
      await browser.open('/', 'Home');
      await page.keyboard.press('Control+k');
      await input.fill('an');
      await palette.getByRole('group', { name: 'People' }).waitFor();
      await browser.shot(`palette-${look}`);
      assert.deepEqual(await browser.violations(), []);
      await page.keyboard.press('Escape');
      await palette.waitFor({ state: 'hidden' });
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
      await browser.shot(`keys-${look}`);
      assert.deepEqual(await browser.violations(), []);
    });
  }
  await browser.look('light');

  await check('palette: a page by a part of its name', async () => {
    await browser.open('/', 'Home');
    await page.keyboard.press('Control+k');
    await input.waitFor();
    await page.keyboard.type('run hist');
    await palette.getByRole('option', { name: 'Run history' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Run history' }).waitFor();
    await palette.waitFor({ state: 'hidden' });
  });

  await check('palette: a person and a group by name', async () => {
    for (const [list, kind, heading, title] of /** @type {const} */ ([
      ['users', 'user', 'Active users', 'User details'],
      ['groups', 'group', 'Groups', 'Group details'],
    ])) {
      const one = (await api.get(`/v1.0/${list}?$top=1&$select=id,displayName&$orderby=displayName desc`)).value[0];
      await page.keyboard.press('Control+k');
      await input.fill(one.displayName);
      await palette.getByRole('option').filter({ hasText: one.displayName }).first().waitFor();
      // The arrows lead to it; what is chosen is said to readers.
      for (let step = 0; step < 10; step += 1) {
        const chosen = await palette.locator('[role=option][aria-selected=true]').textContent();
        if (chosen?.includes(one.displayName)) break;
        await page.keyboard.press('ArrowDown');
      }
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/${list}?${kind}=*`);
      await page.getByRole('heading', { level: 1, name: heading, includeHidden: true }).waitFor();
      await page.getByRole('dialog', { name: title }).getByText(one.displayName).first().waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog', { name: title }).waitFor({ state: 'hidden' });
    }
  });

  await check('palette: pause and resume, and the outcome is said in it', async () => {
    await browser.open('/', 'Home');
    await page.keyboard.press('Control+k');
    await input.waitFor();
    await page.keyboard.type('pause');
    await palette.getByRole('option', { name: 'Pause synchronization' }).waitFor();
    await page.keyboard.press('Enter');
    await palette.getByText('Synchronization is paused.').waitFor();
    await input.fill('resume');
    await palette.getByRole('option', { name: 'Resume synchronization' }).waitFor();
    await page.keyboard.press('Enter');
    await palette.getByText('Synchronization goes on.').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[data-state]:not([data-state="paused"])').first().waitFor();
  });

  await check('keys: g and a letter go to a page, ? shows them, and single ones can be turned off', async () => {
    await browser.open('/', 'Home');
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.getByRole('heading', { level: 1, name: 'Directory sync errors' }).waitFor();
    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await sheet.waitFor();
    await sheet.getByRole('switch').focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.keyboard.press('Control+k');
    await input.waitFor();
    assert.equal(new URL(page.url()).pathname, '/dirsync/errors', 'g h did nothing');
    await page.keyboard.type('keyboard');
    await page.keyboard.press('Enter');
    await sheet.getByRole('switch').focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
  });

  await check('keyboard alone: search a person, open, read, close; filter errors, open one; sync now', async () => {
    await browser.open('/users', 'Active users');
    const user = (await api.get('/v1.0/users?$top=1&$select=id,displayName&$orderby=displayName')).value[0];
    await tabTo('Search users');
    await page.keyboard.type(user.displayName);
    await page.waitForURL(/[?&]q=/);
    await page.locator(`tr[data-id="${user.id}"]`).waitFor();
    await tabTo(user.displayName);
    await page.keyboard.press('Enter');
    const pane = page.getByRole('dialog', { name: 'User details' });
    await pane.waitFor();
    await page.keyboard.press('Escape');
    await pane.waitFor({ state: 'hidden' });
    assert.equal(await nameOfFocus(), user.displayName);

    await browser.open('/dirsync/errors', 'Directory sync errors');
    await tabTo(/^\d+ ?Duplicate attribute|Duplicate attribute/);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/dirsync/errors?category=DuplicateAttribute');
    await tabTo(/: details for /);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Error details' }).waitFor();
    await page.keyboard.press('Escape');

    await browser.open('/dirsync', 'Manage directory synchronization');
    await tabTo('Sync now');
    await page.keyboard.press('Enter');
    await page.getByText('A cycle was started.').waitFor();
  });

  /** What a reader would call what has the focus. */
  function nameOfFocus() {
    return page.evaluate(() => {
      const at = document.activeElement;
      return (at?.getAttribute('aria-label') ?? at?.textContent ?? '').trim();
    });
  }

  /**
   * Presses Tab until something of this name has the focus.
   * @param {string | RegExp} name
   */
  async function tabTo(name) {
    const seen = [];
    for (let step = 0; step < 80; step += 1) {
      await page.keyboard.press('Tab');
      const now = await nameOfFocus();
      if (typeof name === 'string' ? now === name : name.test(now)) return;
      seen.push(now.slice(0, 30));
    }
    throw new Error(`Tab never comes to ${name}; it came to ${seen.join(' | ')}`);
  }
}
