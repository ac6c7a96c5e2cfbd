#!/usr/bin/env node
// The portal in headless Chromium against a running Lockstep and its directory server.
//
//   npm run e2e -- --json FILE [--screenshots DIR] [--only plan,keyboard]
//
// FILE is what `./quickstart --detach` prints; - is stdin. Without --only: everything.
//
// Needs chromium, ldapsearch and ldapmodify. Changes two people of the directory and changes them back.
// Closes with one line: "N passed, N failed"; exits 1 where one failed.
import { mkdirSync } from 'node:fs';
import { Browser } from './browser.mjs';
import { readTarget, Api } from './target.mjs';
import { Directory } from './directory.mjs';
import { accountChecks } from './account.mjs';
import { appearanceChecks } from './appearance.mjs';
import { domainChecks } from './domains.mjs';
import { jobChecks } from './job.mjs';
import { keyboardChecks } from './keyboard.mjs';
import { pageChecks } from './pages.mjs';
import { paperChecks } from './paper.mjs';
import { planChecks } from './plan.mjs';
import { readerChecks } from './reader.mjs';
import { rulesChecks } from './rules.mjs';
import { settingsChecks } from './settings.mjs';

const { target, screenshots, only } = readTarget(process.argv.slice(2));
if (screenshots) mkdirSync(screenshots, { recursive: true });

let passed = 0;
let failed = 0;

/**
 * Runs one named check. A failure is counted and the rest goes on, so that one run tells all.
 * @param {string} name
 * @param {() => Promise<string | void>} run gives a remark for people
 */
async function check(name, run) {
  const began = Date.now();
  try {
    const remark = await run();
    passed += 1;
    console.log(`ok    ${name}${remark ? `: ${remark}` : ''} (${Date.now() - began} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const browser = await Browser.launch(target.portalUrl, screenshots);
const directory = new Directory(target);
const api = new Api(target);
try {
  const world = { browser, directory, api, target, check };
  await accountChecks(world);
  const groups = {
    job: jobChecks,
    plan: planChecks,
    rules: rulesChecks,
    settings: settingsChecks,
    pages: pageChecks,
    domains: domainChecks,
    reader: readerChecks,
    keyboard: keyboardChecks,
    paper: paperChecks,
    appearance: appearanceChecks,
  };
  for (const [name, checks] of Object.entries(groups)) {
    if (!only || only.includes(name)) await checks(world);
  }
  await check('no error in the console, no breach of the Content-Security-Policy', async () => {
    if (browser.complaints.length > 0) throw new Error(browser.complaints.join('\n      '));
  });
  await check('signing out leads to the sign-in page, and pages ask for it again', async () => {
    const { page } = browser;
    await page.goto('/dirsync');
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL('**/signin*');
    await page.goto('/users');
    await page.waitForURL('**/signin?next=%2Fusers');
  });
} finally {
  await directory.close();
  await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * @typedef {object} World
 * @property {Browser} browser
 * @property {Directory} directory
 * @property {Api} api
 * @property {import('./target.mjs').Target} target
 * @property {typeof check} check
 */
