// The status report on paper, and the pages that are needed on the way, on a phone.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param {import('./run.mjs').World} world */
export async function paperChecks({ browser, api, check }) {
  const { page } = browser;

  for (const [path, heading, name] of /** @type {const} */ ([
    ['/', 'Home', 'home'],
    ['/dirsync', 'Manage directory synchronization', 'dirsync'],
  ])) {
    await check(`print: ${path} is a report on white paper, without the frame, also from the dark theme`, async () => {
      await page.emulateMedia({ colorScheme: 'dark' });
      await browser.open(path, heading);
      await page.emulateMedia({ colorScheme: 'dark', media: 'print' });
      try {
        await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
        const { tenant } = await api.get('/api/v1/status');
        await page.getByText(`Status report of ${tenant.displayName}`).waitFor();
        for (const role of /** @type {const} */ (['banner', 'navigation', 'toolbar'])) {
          assert.equal(await page.getByRole(role).count(), 0, `no ${role} on paper`);
        }
        const main = page.locator('main');
        assert.match((await main.textContent()) ?? '', /Last export/);
        const pdf = await page.pdf({ format: 'A4', printBackground: false });
        const pages = (pdf.toString('latin1').match(/\/Type\s*\/Page[^s]/g) ?? []).length;
        assert.ok(pages >= 1 && pages <= 6, `${pages} pages`);
        if (browser.screenshots) writeFileSync(join(browser.screenshots, `${name}-report.pdf`), pdf);
        await browser.shot(`${name}-print`);
        return `${pages} pages`;
      } finally {
        await page.emulateMedia({ colorScheme: 'light', media: 'screen' });
      }
    });
  }

  await check('a phone (390 px): status, errors, plan and runs need no sideways scrolling', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    try {
      for (const [path, heading, name] of /** @type {const} */ ([
        ['/', 'Home', 'home'],
        ['/dirsync', 'Manage directory synchronization', 'dirsync'],
        ['/dirsync/plan', 'Preview and approve', 'plan'],
        ['/dirsync/errors', 'Directory sync errors', 'errors'],
        ['/dirsync/runs', 'Run history', 'runs'],
        ['/users', 'Active users', 'users'],
      ])) {
        await browser.open(path, heading);
        await browser.shot(`${name}-phone`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${path} is ${over} px too wide`);
        // What is pressed is large enough for a finger (WCAG 2.2, 2.5.8).
        const small = await page.evaluate(() =>
          [...document.querySelectorAll('main button.fui-Button, main a.fui-Button')]
            .map((each) => ({ text: each.textContent, box: each.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
            .map(({ text, box }) => `${text} ${box.width}x${box.height}`),
        );
        assert.deepEqual(small, [], path);
      }
    } finally {
      await page.setViewportSize({ width: 1360, height: 900 });
    }
  });
}
