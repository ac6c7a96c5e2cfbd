// The main job: the card, the pane, the page with the eight items, an error that comes and goes live.
import assert from 'node:assert/strict';
import { LIMIT } from './browser.mjs';

const items = [
  'Domains verified',
  'Domains not verified',
  'Directory sync enabled',
  'Latest directory sync',
  'Password sync enabled',
  'Last Password Sync',
  'Directory sync client version',
  'Directory sync service account',
];

/** @param {import('./run.mjs').World} world */
export async function jobChecks({ browser, directory, api, check }) {
  const { page } = browser;

  await check('Home: the card DirSync Status says how it stands', async () => {
    await browser.open('/', 'Home');
    const card = page.getByRole('region', { name: 'DirSync Status' });
    const status = await api.get('/api/v1/status');
    const state = await card.locator('[data-state]').getAttribute('data-state');
    assert.equal(state, status.summary.state);
    assert.ok(await card.getByText('Last sync').isVisible());
    assert.ok(await card.getByText('Last export').isVisible());
    await card.getByRole('link', { name: 'Manage directory synchronization' }).click();
    await page.getByRole('heading', { level: 1, name: 'Manage directory synchronization' }).waitFor();
    return status.summary.sentence;
  });

  await check('Active users: list, count and sync status are those of the API', async () => {
    await browser.open('/users', 'Active users');
    const { '@odata.count': count, value } = await api.get('/v1.0/users?$count=true&$top=100&$orderby=displayName&$select=id');
    const table = page.getByRole('table', { name: 'Users' });
    const rows = table.locator('tbody tr[data-id]');
    assert.equal(await rows.first().getAttribute('data-id'), value[0].id);
    assert.equal(await table.getAttribute('aria-rowcount'), String(count + 1));
    await page.getByText(`of ${count.toLocaleString('en')}`).waitFor();
    assert.match((await rows.first().textContent()) ?? '', /Synced from on-premises|In cloud/);
    return `${count} users`;
  });

  await check('Active users: search, order and pages live in the address', async () => {
    const { value } = await api.get('/v1.0/users?$top=1&$select=id,displayName,userPrincipalName&$orderby=userPrincipalName desc');
    await page.getByRole('button', { name: 'User name' }).click();
    await page.waitForURL('**/users?sort=userPrincipalName');
    await page.getByRole('button', { name: 'User name' }).click();
    await page.waitForURL('**/users?sort=userPrincipalName&dir=desc');
    const first = page.locator(`tbody tr:first-child[data-id="${value[0].id}"]`);
    await first.waitFor();
    await page.getByRole('searchbox', { name: 'Search users' }).fill(value[0].displayName);
    await page.waitForURL(/[?&]q=/);
    await first.waitFor();
    await page.reload();
    await first.waitFor();
  });

  await check('Active users: scrolling leads to the last of all, and only what is near the window is in the document', async () => {
    await browser.open('/users', 'Active users');
    const count = (await api.get('/v1.0/users?$count=true&$top=1'))['@odata.count'];
    const last = (await api.get('/v1.0/users?$top=1&$select=id&$orderby=displayName desc')).value[0].id;
    const rows = page.locator('tbody tr[data-id]');
    let most = 0;
    const limit = Date.now() + LIMIT;
    while ((await page.locator(`tr[data-id="${last}"]`).count()) === 0) {
      assert.ok(Date.now() < limit, 'the last row never came');
      await page.mouse.wheel(0, 2_000);
      most = Math.max(most, await rows.count());
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    }
    assert.ok(most <= 70, `${most} rows in the document`);
    await page.locator(`tr[data-id="${last}"] button`).click();
    await page.getByRole('dialog', { name: 'User details' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'To the top' }).click();
    await page.waitForFunction(() => window.scrollY === 0);
    return `${count} rows, at most ${most} in the document`;
  });

  await check('saved views: named, brought back, forgotten', async () => {
    await browser.open('/users?view=synced&sort=mail', 'Active users');
    await page.getByRole('button', { name: 'Saved views' }).click();
    await page.getByRole('menuitem', { name: 'Save this view…' }).click();
    await page.getByRole('dialog', { name: 'Save this view' }).getByRole('textbox').fill('By mail');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'By mail' }).waitFor();
    await browser.open('/users', 'Active users');
    await page.getByRole('button', { name: 'Saved views' }).click();
    await page.getByRole('menuitem', { name: 'By mail' }).click();
    await page.waitForURL(/view=synced/);
    assert.match(page.url(), /sort=mail/);
    await page.getByRole('button', { name: 'By mail' }).click();
    await page.getByRole('menuitem', { name: 'Forget “By mail”' }).click();
    await page.getByRole('button', { name: 'Saved views' }).waitFor();
  });

  await check('Active users: the banner leads to the users with errors', async () => {
    await browser.open('/users', 'Active users');
    const status = await api.get('/api/v1/status');
    assert.ok(status.errors.usersWithErrors > 0, 'the sample organization has defects');
    await page.getByRole('link', { name: 'Show users with errors' }).click();
    await page.waitForURL('**/users?view=errors');
    const filter = encodeURIComponent('onPremisesProvisioningErrors/any(o:o/category ne null)');
    const { value } = await api.get(`/v1.0/users?$filter=${filter}&$select=id&$top=999`);
    await page.waitForFunction(
      (/** @type {number} */ n) => document.querySelector('table[aria-rowcount]')?.getAttribute('aria-rowcount') === String(n + 1),
      value.length,
      { timeout: LIMIT },
    );
    return `${value.length} users`;
  });

  await check('Active users: "..." > Directory synchronization > Go to DirSync management', async () => {
    await browser.open('/users', 'Active users');
    await page.getByRole('button', { name: 'More commands' }).click();
    await page.getByRole('menuitem', { name: 'Directory synchronization' }).click();
    const pane = page.getByRole('dialog', { name: 'Directory synchronization' });
    await pane.getByText('Latest directory sync').waitFor();
    await pane.getByRole('link', { name: 'Go to DirSync management' }).click();
    await page.getByRole('heading', { level: 1, name: 'Manage directory synchronization' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/dirsync');
  });

  await check('Manage directory synchronization: all eight items', async () => {
    await browser.open('/dirsync', 'Manage directory synchronization');
    const { sync, domains } = await api.get('/api/v1/status');
    /** @type {Record<string, string>} */
    const shown = {};
    for (const item of items) {
      const value = page.locator('dt', { hasText: new RegExp(`^${item}$`) }).locator('xpath=following-sibling::dd');
      shown[item] = ((await value.textContent()) ?? '').trim();
      assert.notEqual(shown[item], '', item);
    }
    assert.equal(shown['Domains verified'], String(domains.verified));
    assert.ok(shown['Domains not verified']?.startsWith(String(domains.notVerified)));
    assert.equal(shown['Directory sync enabled'], sync.enabled ? 'True' : 'False');
    assert.match(shown['Latest directory sync'] ?? '', /(ago|now).*UTC[+-]\d\d:\d\d/);
    assert.equal(shown['Password sync enabled'], sync.passwordSyncEnabled ? 'True' : 'False');
    assert.equal(shown['Last Password Sync'], 'Never');
    assert.equal(shown['Directory sync client version'], sync.clientVersion);
    assert.equal(shown['Directory sync service account'], sync.serviceAccount);
    return Object.entries(shown).map(([item, value]) => `${item} = ${value}`).join('; ');
  });

  await check('errors: all object types are listed, as many as the API has', async () => {
    const { count } = await api.get('/api/v1/errors?top=1');
    await page.waitForFunction(
      (/** @type {number} */ n) => document.querySelectorAll('tr[data-error]').length === n,
      Math.min(count, 100),
      { timeout: LIMIT },
    );
    const kinds = await page.locator('tr[data-error] td:first-child [role=img]').evaluateAll((icons) =>
      icons.map((icon) => icon.getAttribute('aria-label')),
    );
    assert.ok(kinds.includes('User') && kinds.includes('Group'), `kinds: ${[...new Set(kinds)].join()}`);
    return `${count} errors`;
  });

  const { ann, bob } = await twoPeople(directory, api);

  await check('errors: a conflict made by ldapmodify appears live, both objects named', async () => {
    await browser.open('/dirsync', 'Manage directory synchronization');
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    const row = conflict();
    assert.equal(await row.count(), 0);
    const began = Date.now();
    await directory.set(ann.dn, 'mail', bob.mail, ann.mail);
    await row.waitFor();
    const took = Date.now() - began;
    assert.match((await row.textContent()) ?? '', new RegExp(escape(bob.mail), 'i'));
    await row.getByRole('button').click();
    const pane = page.getByRole('dialog', { name: 'Error details' });
    await pane.getByRole('table', { name: 'Both objects' }).getByText(bob.name).first().waitFor();
    await pane.getByText('What to do').waitFor();
    await page.keyboard.press('Escape');
    await pane.waitFor({ state: 'hidden' });
    assert.ok(await page.evaluate(() => 'sameDocument' in window), 'the page was not reloaded');
    return `${took} ms from ldapmodify to the page`;
  });

  await check('errors: it vanishes live after its cure', async () => {
    const began = Date.now();
    await directory.undo();
    await conflict().waitFor({ state: 'detached' });
    const took = Date.now() - began;
    assert.ok(await page.evaluate(() => 'sameDocument' in window), 'the page was not reloaded');
    return `${took} ms from ldapmodify to the page`;
  });

  function conflict() {
    return page.locator('tr[data-code="PropertyConflict"]').filter({ hasText: ann.name }).filter({ hasText: bob.name }).first();
  }

  await check('Active users: a new title is there live, in the open pane', async () => {
    await browser.open(`/users?user=${ann.id}`, 'Active users');
    const pane = page.getByRole('dialog', { name: 'User details' });
    const title = `Keeper of Step ${Date.now() % 10_000}`;
    const began = Date.now();
    await directory.set(ann.dn, 'title', title, ann.title);
    // The value itself, not the history that tells of it.
    const value = pane.locator('dd').filter({ hasText: new RegExp(`^${title}$`) });
    await value.waitFor();
    const took = Date.now() - began;
    await directory.undo();
    await value.waitFor({ state: 'detached' });
    return `${took} ms from ldapmodify to the page`;
  });

  await check('orders: sync now, pause and resume are obeyed', async () => {
    await browser.open('/dirsync', 'Manage directory synchronization');
    await page.getByRole('button', { name: 'Sync now' }).click();
    await page.getByText('A cycle was started.').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('[data-state="paused"]').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('[data-state]:not([data-state="paused"])').waitFor();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
  });

  await check('preview: the command leads to a page of its own, with a plan, and nothing is written', async () => {
    const { count } = await api.get('/api/v1/errors?top=1');
    await browser.open('/dirsync', 'Manage directory synchronization');
    await page.getByRole('button', { name: 'Preview changes' }).click();
    await page.waitForURL('**/dirsync/plan');
    await page.getByRole('heading', { level: 1, name: 'Preview and approve' }).waitFor();
    await page.getByRole('button', { name: 'Preview again' }).waitFor();
    assert.equal((await api.get('/api/v1/errors?top=1')).count, count);
    return ((await page.getByText(/^(No changes|Objects)$/).first().textContent()) ?? '').trim();
  });

  await check('errors: filters, export and help', async () => {
    await browser.open('/dirsync/errors?category=DuplicateAttribute', 'Directory sync errors');
    const { count } = await api.get('/api/v1/errors?category=DuplicateAttribute&top=1');
    await page.getByText(`${count} error`, { exact: false }).first().waitFor();
    assert.equal(await page.locator('tr[data-error]').count(), Math.min(count, 100));
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Export all errors as CSV' }).click(),
    ]);
    assert.equal(await download.failure(), null);
    const all = await api.get('/api/v1/errors?top=1');
    const exported = await api.get('/api/v1/errors/export?format=json');
    assert.equal((exported.value ?? exported).length, all.count);
    await page.locator('tr[data-error] button').first().click();
    const link = page.getByRole('dialog', { name: 'Error details' }).getByRole('link', { name: /^About / });
    const help = await page.request.get((await link.getAttribute('href')) ?? '');
    assert.equal(help.status(), 200);
  });

  await check('errors: re-check answers', async () => {
    await browser.open('/dirsync/errors', 'Directory sync errors');
    await page.getByRole('button', { name: 'Re-check now' }).click();
    await page.getByText(/^Re-checked: /).waitFor();
  });

  await check('runs: the newest first, with their steps', async () => {
    await browser.open('/dirsync/runs', 'Run history');
    const { value } = await api.get('/api/v1/runs?top=50');
    assert.ok(value.length > 0);
    await page.getByRole('button', { name: /^Steps of the run of/ }).first().click();
    await page.waitForURL('**/dirsync/runs?run=*');
    await page.getByRole('table', { name: 'Steps' }).waitFor();
    return `${value.length} runs`;
  });

  await check('troubleshooter: makes the checks of server and client, and none fails', async () => {
    await browser.open('/dirsync/troubleshoot', 'Troubleshooter');
    const checks = page.locator('li[data-check]');
    assert.ok((await checks.count()) >= 4);
    const failing = await page.locator('li[data-result="fail"]').allTextContents();
    assert.deepEqual(failing, []);
    return `${await checks.count()} checks`;
  });

  await check('set-up: says that the first sync was seen, and the download is there', async () => {
    await browser.open('/setup', 'Set up directory synchronization');
    await page.getByText(/^First sync seen/).waitFor();
    const link = page.getByRole('link', { name: 'Download the sync client' });
    const head = await page.request.head((await link.getAttribute('href')) ?? '');
    assert.equal(head.status(), 200);
  });

  await check('groups: list, and a pane with members', async () => {
    const { value } = await api.get('/v1.0/groups?$top=1&$select=id,displayName&$orderby=displayName');
    await browser.open(`/groups?group=${value[0].id}`, 'Groups');
    await page.getByRole('dialog', { name: 'Group details' }).getByRole('heading', { name: /^Members/ }).waitFor();
    assert.ok((await page.locator('tbody tr[data-id]').count()) > 0);
  });

  await check('an address that names no page says so', async () => {
    await browser.open('/no/such/page', 'There is no such page');
  });
}

/**
 * Two people with plain addresses, without errors, as directory and cloud know them.
 * @param {import('./directory.mjs').Directory} directory
 * @param {import('./target.mjs').Api} api
 */
async function twoPeople(directory, api) {
  const errors = await api.get('/api/v1/errors/export?format=json');
  const troubled = new Set(
    (errors.value ?? errors).flatMap((/** @type {any} */ row) => [row.object?.dn, row.other?.dn].map((dn) => dn?.toLowerCase())),
  );
  const found = [];
  for (const person of await directory.people(100)) {
    if (!/^[\w.+-]+@contoso\.com$/i.test(person.mail) || troubled.has(person.dn.toLowerCase())) continue;
    const { value } = await api.get(`/v1.0/users?$filter=${encodeURIComponent(`mail eq '${person.mail}'`)}&$select=id,displayName`);
    if (value.length !== 1) continue;
    found.push({ ...person, id: String(value[0].id), name: String(value[0].displayName) });
    if (found.length === 2) break;
  }
  const [ann, bob] = found;
  if (!ann || !bob) throw new Error('the directory has no two people without errors; start it anew: ./quickstart --fresh');
  return { ann, bob };
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
