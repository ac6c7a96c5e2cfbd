// LDIF change records (RFC 2849): what was accepted of a pre-check, and what undoes it.
import type { Finding } from '../api/precheck';

const WIDTH = 76;

/** Whether a value may stand as it is; others are written in base64. */
function isSafe(value: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^(?![ :<])[\x01-\x09\x0b\x0c\x0e-\x7f]*$/.test(value) && !value.endsWith(' ');
}

function base64(value: string): string {
  let octets = '';
  for (const octet of new TextEncoder().encode(value)) octets += String.fromCharCode(octet);
  return btoa(octets);
}

function line(name: string, value: string): string {
  const whole = value === '' ? `${name}:` : isSafe(value) ? `${name}: ${value}` : `${name}:: ${base64(value)}`;
  let text = whole.slice(0, WIDTH);
  for (let at = WIDTH; at < whole.length; at += WIDTH - 1) text += `\n ${whole.slice(at, at + WIDTH - 1)}`;
  return `${text}\n`;
}

function record(dn: string, attribute: string, old: string | undefined, next: string | undefined): string {
  const part = (what: string, value: string | undefined) =>
    value === undefined ? '' : `${what}: ${attribute}\n${line(attribute, value)}-\n`;
  return `\n${line('dn', dn)}changetype: modify\n${part('delete', old)}${part('add', next)}`;
}

/**
 * The changes of these findings: each old value is deleted by its value, so that the change fails where it is another
 * one by now. With `undo`, what takes them back.
 */
export function changesOf(findings: readonly Finding[], undo = false): string {
  const records = findings.map(({ dn, attribute, value, change }) => {
    const next = change.action === 'edit' ? change.value : undefined;
    if (change.action !== 'edit' && change.action !== 'remove') return '';
    return undo ? record(dn, attribute, next, value) : record(dn, attribute, value, next);
  });
  return `version: 1\n${records.join('')}`;
}
