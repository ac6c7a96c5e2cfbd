// The rules: where mail comes from, an expression on a real person, a draft that is wrong, then right, then a plan.
import assert from 'node:assert/strict';

/** @param {import('./run.mjs').World} world */
export async function rulesChecks({ browser, directory, api, check }) {
  const { page } = browser;
  const heading = 'Rules';
  const rules = async () => (await api.post('/api/v1/orders', { order: 'rules' })).rules;

  await check('rules: where mail comes from, as the client has it', async () => {
    const view = await rules();
    await browser.open('/dirsync/rules', heading);
    const row = page.locator('[data-attribute="mail"]');
    await row.getByRole('button').click();
    await page.waitForURL(/attribute=mail/);
    const flow = view.rules.find((/** @type {any} */ rule) => rule.target === 'user').flows.find((/** @type {any} */ one) => one.to === 'mail');
    await row.getByRole('list').getByText(flow.from, { exact: true }).first().waitFor();
    return view.file;
  });

  await check('rules: a rule has an address', async () => {
    const { rules: all } = await rules();
    await browser.open(`/dirsync/rules?view=rules&rule=${encodeURIComponent(all[0].name)}`, heading);
    const shown = page.locator(`[data-rule="${all[0].name}"]`);
    await shown.getByRole('table').waitFor();
    assert.equal(await shown.locator('tbody tr').count(), all[0].flows.length);
  });

  const [person] = await directory.people(5);
  if (!person) throw new Error('the directory has nobody');

  await check('rules: an expression, worked out for a person of the directory', async () => {
    await browser.open('/dirsync/rules?view=try', heading);
    await page.getByRole('combobox', { name: 'Person or entry' }).or(page.getByRole('textbox', { name: 'Person or entry' })).first().fill(person.dn);
    const expression = page.getByRole('textbox', { name: 'Expression' });
    await expression.fill('UCase(FirstText([mail])) & "!"');
    await page.getByRole('button', { name: 'Work it out' }).click();
    const result = page.locator('[data-result]');
    await result.getByText(`"${person.mail.toUpperCase()}!"`).waitFor();
    await browser.shot('rules-try');
    await expression.fill('UCase([maill])');
    await page.getByRole('button', { name: 'Work it out' }).click();
    await page.locator('[data-result="mistake"]').waitFor();
    // No rule reads it, so the client reads it now.
    await expression.fill('[carLicense]');
    await page.getByRole('button', { name: 'Work it out' }).click();
    await page.locator('[data-result="nothing"], [data-result="value"]').first().waitFor();
  });

  await check('rules: a draft is checked as it is typed, previewed as a plan, and downloaded', async () => {
    await browser.open('/dirsync/rules?view=draft', heading);
    const editor = page.getByRole('textbox', { name: 'Rule set (TOML)' });
    const state = (/** @type {string} */ name) => page.locator(`[data-draft="${name}"]`).waitFor({ timeout: 20_000 });
    await state('sound');
    const text = await editor.inputValue();
    await editor.fill(text.replace('direction = "inbound"', 'direction = "inbond"'));
    await state('refused');
    const line = text.slice(0, text.indexOf('direction = "inbound"')).split('\n').length;
    await page.locator(`[data-problem="${line}"]`).waitFor();
    await browser.shot('rules-draft-refused');
    const more = `
[[rule]]
name = "In from LDAP - Person - offices"
direction = "inbound"
precedence = 10
source_types = ["inetOrgPerson"]
metaverse_type = "person"
link_type = "Join"
flow = [{ to = "department", constant = "By the draft" }]
`;
    await editor.fill(text + more);
    await state('sound');
    const written = (await api.get('/api/v1/status')).sync.lastExport;
    await page.getByRole('button', { name: 'Preview by the draft' }).click();
    const preview = page.locator('[data-preview]');
    await preview.waitFor({ timeout: 60_000 });
    assert.ok(Number(await preview.getAttribute('data-preview')) > 0, 'the draft changes people');
    await preview.getByRole('group', { name: 'Objects' }).getByRole('button').first().click();
    await preview.getByText('By the draft').first().waitFor();
    await browser.shot('rules-draft');
    assert.equal((await api.get('/api/v1/status')).sync.lastExport, written, 'nothing was written');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    assert.equal((await saved).suggestedFilename(), 'rules.toml');
    await page.getByRole('button', { name: 'Begin anew' }).click();
    assert.equal(await editor.inputValue(), text);
  });

  for (const scheme of /** @type {const} */ (['dark', 'light'])) {
    await check(`axe: the page of the rules, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      for (const [name, query] of Object.entries({ attributes: '?attribute=displayName', rules: '?view=rules', try: '?view=try', draft: '?view=draft' })) {
        await browser.open(`/dirsync/rules${query}`, heading);
        if (name === 'rules') await page.locator('[data-rule]').first().getByRole('button').click();
        if (name === 'draft') await page.locator('[data-draft="sound"]').waitFor({ timeout: 20_000 });
        await browser.shot(`rules-${name}-${scheme}`);
        assert.deepEqual(await browser.violations(), [], name);
      }
    });
  }

  await check('rules: on a phone’s width', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    try {
      for (const query of ['?attribute=mail', '?view=rules', '?view=try', '?view=draft']) {
        await browser.open(`/dirsync/rules${query}`, heading);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0, `too wide: ${query}`);
      }
    } finally {
      await page.setViewportSize({ width: 1360, height: 900 });
    }
  });
}
