#!/usr/bin/env node
// The set-up guide in headless Chromium, from an empty installation to a running sync against a real OpenLDAP server:
// everything but one line, the one that the guide gives to start the sync client, is done in the portal.
//
//   node e2e/guide.mjs --program target/debug/lockstep [--screenshots DIR]
//
// Needs chromium, slapd and slapadd. All runs on 127.0.0.1 in a folder of its own and is ended by its process id.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Browser } from './browser.mjs';

const PEOPLE = 40;
const SUFFIX = 'dc=contoso,dc=com';
const PASSWORD = 'sync-secret';
const LIMIT = 60_000;

const { values } = parseArgs({ options: { program: { type: 'string' }, screenshots: { type: 'string' } } });
const program = resolve(values.program ?? '../target/debug/lockstep');
const screenshots = values.screenshots === undefined ? undefined : resolve(values.screenshots);
if (screenshots !== undefined) mkdirSync(screenshots, { recursive: true });

const folder = mkdtempSync(join(tmpdir(), 'lockstep-guide-'));
/** @type {import('node:child_process').ChildProcess[]} */
const children = [];

/** @param {string} name */
const at = (name) => join(folder, name);

/** A port that is free now. */
function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/**
 * A command that must end well; what it printed.
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const done = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr}${done.error ?? ''}`);
  return done.stdout;
}

/**
 * A program that lasts; its words go to a file.
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 */
function start(name, command, args) {
  const log = openSync(at(`${name}.log`), 'a');
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', log, log], env: { ...process.env, NO_COLOR: '1' } });
  children.push(child);
  return child;
}

/**
 * @param {string} what
 * @param {() => Promise<boolean> | boolean} condition
 */
async function until(what, condition) {
  const end = Date.now() + LIMIT;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > end) throw new Error(`${what}: not within ${LIMIT} ms`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** @param {number} port */
function directory(port) {
  writeFileSync(at('sync-password'), PASSWORD);
  run(program, ['sample', '--people', String(PEOPLE), '--to', 'people.ldif', '--sync-password-file', 'sync-password']);
  mkdirSync(at('db'));
  const schemas = ['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `include /etc/ldap/schema/${name}.schema`);
  const sync = `dn.exact="cn=sync,ou=system,${SUFFIX}"`;
  writeFileSync(
    at('slapd.conf'),
    `${schemas.join('\n')}
pidfile ${at('slapd.pid')}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
loglevel none
database mdb
suffix "${SUFFIX}"
rootdn "cn=admin,${SUFFIX}"
rootpw admin
directory ${at('db')}
maxsize 1073741824
index objectClass,entryUUID,entryCSN eq
limits ${sync} size=unlimited time=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by ${sync} read by anonymous auth by * none
overlay syncprov
syncprov-checkpoint 1000 5
syncprov-sessionlog 10000
`,
  );
  run('/usr/sbin/slapadd', ['-w', '-q', '-f', 'slapd.conf', '-l', 'people.ldif']);
  start('slapd', '/usr/sbin/slapd', ['-d', '0', '-h', `ldap://127.0.0.1:${port}/`, '-f', at('slapd.conf')]);
}

let failed = false;
/** @type {Browser | undefined} */
let browser;
try {
  const [ldapPort, port] = [await freePort(), await freePort()];
  directory(ldapPort);
  // An empty installation: a server that knows the organization's name and domain, and nothing else.
  writeFileSync(
    at('lockstep.toml'),
    `[server]
listen = "127.0.0.1:${port}"
data_dir = "${at('server')}"

[tenant]
display_name = "Contoso"
initial_domain = "contoso.onlockstep.example"
domains = [{ name = "contoso.com", verified = true }]
`,
  );
  start('server', program, ['server']);
  const origin = `http://127.0.0.1:${port}`;
  await until('the server', async () => (await fetch(`${origin}/readyz`).catch(() => undefined))?.ok === true);
  run(program, ['user', 'add', 'admin']);
  const link = /https?:\/\/\S+/.exec(run(program, ['user', 'link', 'admin']))?.[0];
  assert.ok(link, 'no sign-in link');

  browser = await Browser.launch(origin, screenshots);
  const { page } = browser;
  page.setDefaultTimeout(LIMIT);
  await page.goto(link);
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
  // Something turns there until the first sync is seen: the page is not waited for, but its link.
  await page.goto('/setup');
  await page.getByRole('link', { name: 'Open the guide' }).click();
  await page.getByRole('heading', { level: 1, name: 'Add or sync users' }).waitFor();

  const next = () => page.getByRole('button', { name: 'Next', exact: true });
  /**
   * Looks at a step in light and dark.
   * @param {string} name
   */
  const look = async (name) => {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      await browser?.shot(`guide-${name}-${colorScheme}`);
      assert.deepEqual(await browser?.violations(), [], `${name}, ${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: 'light' });
    console.log(`ok    ${name}`);
  };
  const enabled = async () => {
    await until('the way on', async () => (await next().getAttribute('aria-disabled')) !== 'true');
    await next().click();
  };

  await page.getByRole('radio', { name: /Sync a directory continuously/ }).waitFor();
  await look('1-choose');
  await enabled();

  // One line, and only this one, is run beside the directory.
  await page.getByRole('button', { name: 'Make the command' }).click();
  const command = (await page.locator('pre').first().textContent()) ?? '';
  const enrol = /lockstep sync enroll --server (\S+) --code (\S+)$/.exec(command);
  assert.ok(enrol?.[1] && enrol[2], command);
  await look('2-client');
  start('client', program, ['sync', 'enroll', '--server', enrol[1], '--code', enrol[2], '--dir', at('client')]);
  await page.getByText('A sync client is connected and waits for its directory.').waitFor();
  await enabled();

  const field = (/** @type {string} */ name) => page.getByRole('textbox', { name });
  await field('Address').fill(`ldap://127.0.0.1:${ldapPort}`);
  await field('Search base').fill(SUFFIX);
  await field('Account that reads').fill(`cn=sync,ou=system,${SUFFIX}`);
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await page.getByText(/checks? fails?: mend it/).waitFor();
  assert.equal(await next().getAttribute('aria-disabled'), 'true', 'a directory that fails leads no further');
  await look('3-directory-refused');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await page.getByText('The directory can be read.').waitFor();
  await look('3-directory');
  await enabled();

  // Everything but the system's accounts.
  const box = (/** @type {string} */ dn) => page.locator(`[data-container="${dn}"]`).getByRole('checkbox');
  await box(SUFFIX).uncheck();
  for (const row of await page.locator('[data-container]').all()) {
    const dn = (await row.getAttribute('data-container')) ?? '';
    if (new RegExp(`^[^,]+,${SUFFIX}$`).test(dn) && !dn.startsWith('ou=system')) await box(dn).check();
  }
  await page.getByText(new RegExp(`^Chosen: ${PEOPLE} users`)).waitFor();
  await look('4-scope');
  await page.getByRole('button', { name: 'Take this, and begin to read' }).click();
  await page.getByText('The client reads the directory. It writes nothing until you start it.').waitFor();
  await enabled();

  await until('ten people', async () => (await page.locator('[data-person]').count()) === 10);
  await page.locator('[data-person]').first().getByRole('button').first().click();
  await page.getByRole('button', { name: 'Where do these values come from?' }).click();
  await page.getByText('surname <- sn', { exact: true }).waitFor();
  await look('5-people');
  await enabled();

  await page.getByRole('button', { name: 'Run the pre-check' }).click();
  await page.getByRole('table', { name: 'Findings of the pre-check' }).waitFor();
  await page.getByRole('button', { name: 'Accept all', exact: true }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download LDIF' }).click();
  const ldif = readFileSync(await (await saved).path(), 'utf8');
  assert.match(ldif, /^version: 1\n\ndn:/);
  assert.match(ldif, /changetype: modify\ndelete: mail\n/);
  await look('6-precheck');
  await enabled();

  await page.getByRole('button', { name: 'Show every object' }).waitFor();
  await look('7-preview');
  await enabled();

  // Nothing was written so far.
  const status = () => page.evaluate(async () => (await fetch('/api/v1/status')).json());
  assert.equal((await status()).objects.users, 0, 'something was written before the start');
  await page.getByRole('button', { name: 'Start synchronization' }).waitFor();
  await look('8-start');
  await page.getByRole('button', { name: 'Start synchronization' }).click();
  await until('everybody in the cloud', async () => (await status()).objects.users === PEOPLE);
  await page.getByText(/Synchronization has started/).waitFor();
  await look('9-started');
  assert.deepEqual(browser.complaints, []);
} catch (error) {
  failed = true;
  console.log(`FAIL  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  await browser?.shot('guide-failure');
  for (const name of ['server', 'client']) {
    try {
      console.log(`${name}: ${readFileSync(at(`${name}.log`), 'utf8').slice(-2_000)}`);
    } catch {
      // It was not started.
    }
  }
} finally {
  await browser?.close();
  for (const child of children.reverse()) {
    child.kill('SIGTERM');
    await Promise.race([
      new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done(undefined))),
      new Promise((done) => setTimeout(done, 10_000)),
    ]);
  }
  rmSync(folder, { recursive: true, force: true });
}
console.log(failed ? 'the set-up guide: FAILED' : 'the set-up guide: passed');
process.exitCode = failed ? 1 : 0;
