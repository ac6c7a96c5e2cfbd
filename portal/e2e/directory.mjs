// The real directory server, changed with OpenLDAP's own tools. What was changed is changed back at the end.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** @typedef {{dn: string, mail: string, title: string | undefined}} Person */

export class Directory {
  /** @type {string[]} LDIF that undoes what was done, latest first */
  #undo = [];

  /** @param {import('./target.mjs').Target} target */
  constructor(target) {
    this.folder = mkdtempSync(join(tmpdir(), 'lockstep-e2e-'));
    const password = join(this.folder, 'password');
    writeFileSync(password, target.bindPassword, { mode: 0o600 });
    this.bind = ['-x', '-H', target.ldapUrl, '-D', target.bindDn, '-y', password];
    this.base = target.bindDn.slice(target.bindDn.toLowerCase().indexOf('dc='));
  }

  /**
   * People with a mail address, in the order the server gives them.
   * @param {number} most
   * @returns {Promise<Person[]>}
   */
  async people(most) {
    const { stdout } = await execute(
      'ldapsearch',
      [...this.bind, '-LLL', '-o', 'ldif-wrap=no', '-E', `pr=${most}/noprompt`, '-b', this.base,
        '(&(objectClass=inetOrgPerson)(mail=*))', 'mail', 'title'],
      { maxBuffer: 256 * 1024 * 1024 },
    );
    return stdout
      .split(/\n\n+/)
      .map(parse)
      .filter((entry) => entry['dn'] !== undefined && entry['mail'] !== undefined)
      .slice(0, most)
      .map((entry) => ({ dn: entry['dn'] ?? '', mail: entry['mail'] ?? '', title: entry['title'] }));
  }

  /**
   * Sets one attribute of an entry.
   * @param {string} dn
   * @param {string} attribute
   * @param {string} value
   * @param {string | undefined} before what it is to be again at the end
   */
  async set(dn, attribute, value, before) {
    this.#undo.unshift(replace(dn, attribute, before));
    await this.#modify(replace(dn, attribute, value));
  }

  /** Undoes the latest change now. */
  async undo() {
    const ldif = this.#undo.shift();
    if (ldif !== undefined) await this.#modify(ldif);
  }

  /**
   * Deletes entries, to be put back as they were, with their entryUUIDs: as a restore of the directory does.
   * @param {string[]} dns
   */
  async remove(dns) {
    let back = '';
    for (const dn of dns) {
      const { stdout } = await execute('ldapsearch', [...this.bind, '-LLL', '-o', 'ldif-wrap=no', '-s', 'base', '-b', dn, '*', 'entryUUID']);
      back += `${stdout.trim()}\n\n`;
    }
    this.#undo.unshift(back);
    await execute('ldapdelete', [...this.bind, ...dns]);
  }

  async close() {
    try {
      while (this.#undo.length > 0) await this.undo();
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** @param {string} ldif */
  async #modify(ldif) {
    const file = join(this.folder, 'change.ldif');
    writeFileSync(file, ldif);
    // Entries without a `changetype` are added; relaxed, with the entryUUID that they had.
    const adds = /^changetype:/m.test(ldif) ? [] : ['-a', '-e', 'relax'];
    await execute('ldapmodify', [...this.bind, ...adds, '-f', file]);
  }
}

/** @param {string} text */
const base64 = (text) => Buffer.from(text, 'utf8').toString('base64');

/**
 * @param {string} dn
 * @param {string} attribute
 * @param {string | undefined} value
 */
function replace(dn, attribute, value) {
  const lines = [`dn:: ${base64(dn)}`, 'changetype: modify', `replace: ${attribute}`];
  if (value !== undefined) lines.push(`${attribute}:: ${base64(value)}`);
  return `${lines.join('\n')}\n`;
}

/**
 * One entry of an LDIF that is not wrapped; of several values the first.
 * @param {string} text
 * @returns {Record<string, string>}
 */
function parse(text) {
  /** @type {Record<string, string>} */
  const entry = {};
  for (const line of text.split('\n')) {
    const found = /^([^:#\s]+)(::?) ?(.*)$/.exec(line);
    if (!found) continue;
    const [, name = '', colons, value = ''] = found;
    entry[name.toLowerCase()] ??= colons === '::' ? Buffer.from(value, 'base64').toString('utf8') : value;
  }
  return entry;
}
