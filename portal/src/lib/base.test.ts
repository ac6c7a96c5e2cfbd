import { expect, it } from 'vitest';
import { baseOf } from './base';

it.each([
  ['/', ''],
  ['/users', ''],
  ['/tenants/contoso.com/', '/tenants/contoso.com'],
  ['/tenants/contoso.com/dirsync/errors', '/tenants/contoso.com'],
  ['/tenants/01a20320-a200-7a92-9e4e-8badc03d9c40/signin', '/tenants/01a20320-a200-7a92-9e4e-8badc03d9c40'],
  ['/tenants', ''],
  ['/x/tenants/contoso.com/', ''],
])('%s is below "%s"', (pathname, expected) => {
  expect(baseOf(pathname)).toBe(expected);
});
