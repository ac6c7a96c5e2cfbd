// Chromium without a window, with a new profile; what it complains of is kept.
import { AxeBuilder } from '@axe-core/playwright';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Milliseconds to wait for a condition. */
export const LIMIT = 15_000;

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Answers that a page expects: they are no complaints. */
const expected = /status of (40[0134]|503) /;

export class Browser {
  /** @type {string[]} errors of the console and breaches of the Content-Security-Policy */
  complaints = [];

  /**
   * @param {import('playwright-core').Browser} chrome
   * @param {import('playwright-core').BrowserContext} context
   * @param {import('playwright-core').Page} page
   * @param {string | undefined} screenshots
   */
  constructor(chrome, context, page, screenshots) {
    this.chrome = chrome;
    this.context = context;
    this.page = page;
    this.screenshots = screenshots;
  }

  /**
   * @param {string} baseURL
   * @param {string | undefined} screenshots
   */
  static async launch(baseURL, screenshots) {
    const executablePath = process.env['CHROMIUM'] ?? places.find((place) => existsSync(place));
    if (!executablePath) throw new Error('chromium is missing: apt-get install chromium, or name one in CHROMIUM');
    const chrome = await chromium.launch({ executablePath, args: flags });
    const context = await chrome.newContext({
      baseURL,
      viewport: { width: 1360, height: 900 },
      colorScheme: 'light',
      reducedMotion: 'reduce',
      locale: 'en-GB',
    });
    context.setDefaultTimeout(LIMIT);
    // How far things jumped while a page loaded (web.dev/cls), and what the policy refused.
    await context.addInitScript(() => {
      const state = /** @type {any} */ (window);
      state.shift = 0;
      state.refused = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          const shift = /** @type {any} */ (entry);
          if (!shift.hadRecentInput) state.shift += shift.value;
        }
      }).observe({ type: 'layout-shift', buffered: true });
      document.addEventListener('securitypolicyviolation', (event) => {
        state.refused.push(`${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    const page = await context.newPage();
    const browser = new Browser(chrome, context, page, screenshots);
    page.on('console', (message) => {
      if (message.type() === 'error' && !expected.test(message.text())) {
        browser.complaints.push(`${new URL(page.url()).pathname}: ${message.text()}`);
      }
    });
    page.on('pageerror', (error) => browser.complaints.push(`${new URL(page.url()).pathname}: ${error.message}`));
    return browser;
  }

  /** Waits until nothing is on its way any more. */
  async settled() {
    await this.page.waitForFunction(
      () => document.querySelectorAll('[aria-busy="true"], .fui-Skeleton, .fui-SkeletonItem, .fui-Spinner').length === 0,
      undefined,
      { timeout: 70_000 },
    );
    const refused = await this.page.evaluate(() => /** @type {any} */ (window).refused.splice(0));
    for (const each of refused) this.complaints.push(`${new URL(this.page.url()).pathname}: refused by policy: ${each}`);
  }

  /**
   * Opens an address and waits for its heading and its content.
   * @param {string} path
   * @param {string} heading
   */
  async open(path, heading) {
    await this.page.goto(path);
    // Behind an open pane the heading is hidden from readers, and is still there.
    await this.page.getByRole('heading', { level: 1, name: heading, includeHidden: true }).waitFor();
    await this.settled();
  }

  /** How far things jumped since the page was opened; 0.1 is called good. */
  shift() {
    return this.page.evaluate(() => /** @type {number} */ (/** @type {any} */ (window).shift));
  }

  /**
   * What the system prefers: light, dark, or more contrast.
   * @param {'light' | 'dark' | 'contrast'} look
   */
  async look(look) {
    await this.page.emulateMedia(look === 'contrast' ? { colorScheme: 'dark', contrast: 'more' } : { colorScheme: look, contrast: 'no-preference' });
  }

  /** @param {string} name */
  async shot(name) {
    if (this.screenshots) await this.page.screenshot({ path: join(this.screenshots, `${name}.png`) });
  }

  /** What axe finds against WCAG 2.2 A and AA, in words; empty where all is well. */
  async violations() {
    const result = await new AxeBuilder({ page: this.page })
      // The sentinels at the edges of Fluent's focus zones: they hold no focus, they pass it on.
      .exclude('[data-tabster-dummy]')
      // Rows are alike: the first ones speak for a hundred.
      .exclude('tbody tr:nth-child(n+13)')
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    return result.violations.map(
      (each) => `${each.id} (${each.help}): ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`,
    );
  }

  async close() {
    await this.chrome.close();
  }
}
