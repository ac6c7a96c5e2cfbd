// What is tested: the addresses and secrets that `./quickstart --detach` prints.
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Target
 * @property {string} portalUrl
 * @property {string} signInUrl a link that signs in once
 * @property {string} ldapUrl
 * @property {string} bindDn
 * @property {string} bindPassword
 * @property {string} token an administrator's bearer token
 * @property {string} [readerSignInUrl] a link that signs a reader in once
 * @property {string} [dns] where the server looks for DNS records, and nobody listens: `127.0.0.1:5353`
 */

/**
 * Reads the command line.
 * @param {string[]} args
 * @returns {{target: Target, screenshots: string | undefined, only: string[] | undefined}}
 */
export function readTarget(args) {
  /** @param {string} name */
  const option = (name) => {
    const at = args.indexOf(name);
    return at === -1 ? undefined : args[at + 1];
  };
  const from = option('--json') ?? '-';
  const target = JSON.parse(readFileSync(from === '-' ? 0 : from, 'utf8'));
  for (const name of ['portalUrl', 'signInUrl', 'ldapUrl', 'bindDn', 'bindPassword', 'token']) {
    if (typeof target[name] !== 'string') throw new Error(`${from}: "${name}" is missing; give what ./quickstart --detach prints`);
  }
  return { target: { ...target, portalUrl: target.portalUrl.replace(/\/$/, '') }, screenshots: option('--screenshots'), only: option('--only')?.split(',') };
}

/** The server's API, asked with the administrator's token: the other witness of what the pages show. */
export class Api {
  /** @param {Target} target */
  constructor(target) {
    this.target = target;
  }

  /**
   * @param {string} path
   * @returns {Promise<any>}
   */
  get(path) {
    return this.#ask('GET', path);
  }

  /**
   * @param {string} path
   * @param {unknown} body
   * @returns {Promise<any>}
   */
  post(path, body) {
    return this.#ask('POST', path, body);
  }

  /** @param {string} path */
  delete(path) {
    return this.#ask('DELETE', path);
  }

  /**
   * @param {string} path
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {string} type
   */
  async put(path, bytes, type) {
    const headers = { Authorization: `Bearer ${this.target.token}`, 'Content-Type': type };
    const response = await fetch(this.target.portalUrl + path, { method: 'PUT', headers, body: bytes });
    if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  async #ask(method, path, body) {
    const response = await fetch(this.target.portalUrl + path, {
      method,
      headers: { Authorization: `Bearer ${this.target.token}`, ConsistencyLevel: 'eventual', 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  }
}
