// How every page looks and can be used: axe in light, dark and high contrast, no jumps, keyboard, theme, size. Takes the
// screenshots.
import assert from 'node:assert/strict';

const FIRST_ROUTE_BYTES = 250 * 1024;
const SHIFT = 0.02;

/** @param {import('./run.mjs').World} world */
export async function appearanceChecks({ browser, api, check }) {
  const { page } = browser;
  const error = (await api.get('/api/v1/errors?category=DuplicateAttribute&top=1')).value[0];
  const user = (await api.get('/v1.0/users?$top=1&$select=id&$orderby=displayName')).value[0];
  const group = (await api.get('/v1.0/groups?$top=1&$select=id&$orderby=displayName')).value[0];
  const run = (await api.get('/api/v1/runs?top=1')).value[0];
  const { device, deleted } = await samples(api);

  /** @type {[name: string, path: string, heading: string][]} */
  const pages = [
    ['home', '/', 'Home'],
    ['users', '/users', 'Active users'],
    ['users-with-errors', '/users?view=errors', 'Active users'],
    ['users-pane', '/users?panel=dirsync', 'Active users'],
    ['user-details', `/users?user=${user.id}`, 'Active users'],
    ['user-new', '/users?panel=new', 'Active users'],
    ['import', '/users/import', 'Import users'],
    ['groups', '/groups', 'Groups'],
    ['group-details', `/groups?group=${group.id}`, 'Groups'],
    ['contacts', '/contacts', 'Contacts'],
    ['devices', '/devices', 'Devices'],
    ['device-details', `/devices?device=${device.id}`, 'Devices'],
    ['deleted', '/deleted', 'Deleted'],
    ['deleted-details', `/deleted?object=${deleted.id}`, 'Deleted'],
    ['domains', '/domains', 'Domains'],
    ['domain-details', '/domains?domain=contoso.local', 'Domains'],
    ['setup', '/setup', 'Set up directory synchronization'],
    ['dirsync', '/dirsync', 'Manage directory synchronization'],
    ['plan', '/dirsync/plan', 'Preview and approve'],
    ['errors', '/dirsync/errors', 'Directory sync errors'],
    ['error-details', `/dirsync/errors?error=${error?.id}`, 'Directory sync errors'],
    ['runs', `/dirsync/runs?run=${run.id}`, 'Run history'],
    ['precheck', '/dirsync/precheck', 'Pre-check'],
    ['guide', '/setup/guide', 'Add or sync users'],
    ['troubleshooter', '/dirsync/troubleshoot', 'Troubleshooter'],
    ['not-found', '/no/such/page', 'There is no such page'],
  ];

  for (const scheme of /** @type {const} */ (['light', 'dark', 'contrast'])) {
    await browser.look(scheme);
    for (const [name, path, heading] of pages) {
      await check(`axe and no jumps: ${path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '{id}')}, ${scheme}`, async () => {
        await page.goto(path);
        // Behind an open pane the heading is hidden from readers, and is still there.
        await page.getByRole('heading', { level: 1, name: heading, includeHidden: true }).waitFor();
        await browser.settled();
        await browser.shot(`${name}-${scheme}`);
        const shift = await browser.shift();
        assert.ok(shift < SHIFT, `things jumped by ${shift.toFixed(4)} while the page loaded`);
        assert.deepEqual(await browser.violations(), []);
      });
    }
  }
  await browser.look('light');

  await check('forced colours (a contrast theme of Windows): pages keep their words and their states', async () => {
    await page.emulateMedia({ forcedColors: 'active' });
    try {
      for (const [path, heading, name] of /** @type {const} */ ([
        ['/', 'Home', 'home'],
        ['/dirsync', 'Manage directory synchronization', 'dirsync'],
      ])) {
        await browser.open(path, heading);
        await browser.shot(`${name}-forced`);
        assert.ok(await page.locator('[data-state]').first().isVisible());
        assert.deepEqual(await browser.violations(), []);
      }
    } finally {
      await page.emulateMedia({ forcedColors: 'none' });
    }
  });

  await check('where the values of a user come from, explained by the sync client', async () => {
    for (const scheme of /** @type {const} */ (['dark', 'light'])) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(`/users?user=${user.id}`);
      const pane = page.getByRole('dialog', { name: 'User details' });
      await pane.getByRole('button', { name: 'Where do these values come from?' }).click();
      await pane.getByText('In scope, and in the cloud. Nothing is to be done.').waitFor();
      await pane.getByText('surname <- sn', { exact: true }).scrollIntoViewIfNeeded();
      await browser.settled();
      await browser.shot(`user-explained-${scheme}`);
      assert.deepEqual(await browser.violations(), []);
    }
  });

  await check('a narrow window (320 px) needs no sideways scrolling of the page', async () => {
    await page.setViewportSize({ width: 320, height: 800 });
    for (const [, path, heading] of pages.filter(([name]) => ['home', 'users', 'dirsync', 'setup', 'domains', 'domain-details', 'devices', 'deleted', 'deleted-details', 'user-new', 'import', 'errors'].includes(name))) {
      await browser.open(path, heading);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${path} is ${over} px too wide`);
    }
    await page.getByRole('button', { name: 'Open navigation' }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'Home' }).click();
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.setViewportSize({ width: 1360, height: 900 });
  });

  await check('keyboard: skip link, navigation, focus on the heading, Escape closes a pane and gives the focus back', async () => {
    await browser.open('/', 'Home');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Skip to main content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
    await page.getByRole('link', { name: 'Active users' }).first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Active users' }).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    assert.equal(await page.title(), 'Active users - Lockstep');
    await browser.settled();
    const first = page.locator('tbody tr[data-id] button').first();
    await first.focus();
    await page.keyboard.press('Enter');
    const pane = page.getByRole('dialog', { name: 'User details' });
    await pane.waitFor();
    await page.keyboard.press('Escape');
    await pane.waitFor({ state: 'hidden' });
    await page.waitForFunction(() => document.activeElement?.closest('tr[data-id]') !== null);
  });

  await check('theme: the switch overrules the system and is kept', async () => {
    await browser.open('/', 'Home');
    const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    assert.equal(await scheme(), 'light');
    await page.getByRole('button', { name: 'Theme' }).click();
    await page.getByRole('menuitemradio', { name: 'High contrast' }).click();
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'contrast');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'contrast');
    await page.getByRole('button', { name: 'Theme' }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).click();
    await page.waitForFunction(() => getComputedStyle(document.documentElement).colorScheme === 'dark');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    assert.equal(await scheme(), 'dark');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Theme' }).click();
    await page.getByRole('menuitemradio', { name: 'As the system' }).click();
    await page.waitForFunction(() => getComputedStyle(document.documentElement).colorScheme === 'light');
  });

  await check('language: German is complete on the page, kept, and put back', async () => {
    await browser.open('/', 'Home');
    await page.getByRole('button', { name: 'Language' }).click();
    await page.getByRole('menuitemradio', { name: 'Deutsch' }).click();
    await page.getByRole('heading', { level: 1, name: 'Startseite' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
    for (const [path, heading, name] of /** @type {const} */ ([
      ['/', 'Startseite', 'home'],
      ['/dirsync', 'Verzeichnissynchronisierung verwalten', 'dirsync'],
      ['/users', 'Aktive Benutzer', 'users'],
    ])) {
      await browser.open(path, heading);
      await browser.shot(`${name}-german-light`);
      assert.deepEqual(await browser.violations(), []);
    }
    await page.getByRole('button', { name: 'Sprache' }).click();
    await page.getByRole('menuitemradio', { name: 'English' }).click();
    await page.getByRole('heading', { level: 1, name: 'Active users' }).waitFor();
  });

  await check('first route: scripts under 250 KB compressed', async () => {
    const fresh = await browser.chrome.newContext({ storageState: await browser.context.storageState() });
    try {
      const first = await fresh.newPage();
      await first.goto(new URL('/', page.url()).href);
      await first.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
      await first.waitForLoadState('load');
      const bytes = await first.evaluate(() =>
        performance
          .getEntriesByType('resource')
          .map((entry) => /** @type {PerformanceResourceTiming} */ (entry))
          .filter((entry) => entry.name.endsWith('.js'))
          .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
      );
      assert.ok(bytes > 0 && bytes < FIRST_ROUTE_BYTES, `${bytes} bytes`);
      return `${(bytes / 1024).toFixed(1)} KB`;
    } finally {
      await fresh.close();
    }
  });

  function focused() {
    return page.evaluate(() => document.activeElement?.textContent);
  }
}

/**
 * A device and a deleted user to look at.
 * @param {import('./target.mjs').Api} api
 */
async function samples(api) {
  const device = await api.post('/v1.0/devices', {
    accountEnabled: true,
    displayName: 'Reception desk',
    deviceId: crypto.randomUUID(),
    operatingSystem: 'Windows',
    operatingSystemVersion: '10.0.26100',
    alternativeSecurityIds: [{ type: 2, key: 'AA==' }],
  });
  const name = `former.${Date.now().toString(36)}`;
  const deleted = await api.post('/v1.0/users', {
    accountEnabled: true,
    displayName: 'Former Colleague',
    jobTitle: 'Consultant',
    mailNickname: name,
    userPrincipalName: `${name}@contoso.com`,
    passwordProfile: { password: crypto.randomUUID() },
  });
  await api.delete(`/v1.0/users/${deleted.id}`);
  return { device, deleted };
}
