import { expect, it } from 'vitest';
import type { Finding } from '../api/precheck';
import { changesOf } from './ldif';

const finding: Finding = { dn: 'uid=ann,dc=x', class: 'user', attribute: 'mail', value: 'ann ', problems: [], change: { action: 'edit', value: 'ann' }, safe: true };

it('takes the old value by its value and gives the new one; the undo the other way round', () => {
  expect(changesOf([finding])).toBe('version: 1\n\ndn: uid=ann,dc=x\nchangetype: modify\ndelete: mail\nmail:: YW5uIA==\n-\nadd: mail\nmail: ann\n-\n');
  expect(changesOf([finding], true)).toBe('version: 1\n\ndn: uid=ann,dc=x\nchangetype: modify\ndelete: mail\nmail: ann\n-\nadd: mail\nmail:: YW5uIA==\n-\n');
});

it('removes, passes over what is no change, encodes what LDIF cannot hold, and folds long lines', () => {
  expect(changesOf([{ ...finding, change: { action: 'remove' } }])).toBe('version: 1\n\ndn: uid=ann,dc=x\nchangetype: modify\ndelete: mail\nmail:: YW5uIA==\n-\n');
  expect(changesOf([{ ...finding, change: { action: 'none' } }, { ...finding, change: { action: 'keep' } }])).toBe('version: 1\n');
  expect(changesOf([{ ...finding, dn: 'cn=Zoë,dc=x' }])).toContain('dn:: Y249Wm/Dqyxk');
  const long = changesOf([{ ...finding, value: 'x'.repeat(200) }]);
  expect(Math.max(...long.split('\n').map((one) => one.length))).toBe(76);
  expect(long.replaceAll('\n ', '')).toContain(`mail: ${'x'.repeat(200)}\n`);
});
