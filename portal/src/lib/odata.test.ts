import { expect, it } from 'vitest';
import { listQuery, searchOption, skipTokenOf } from './odata';

it('escapes what a person types', () => {
  expect(searchOption('  ann lee ')).toBe('"ann lee"');
  expect(searchOption('say "hi" \\o/')).toBe('"say \\"hi\\" \\\\o/"');
  expect(searchOption('   ')).toBeUndefined();
});

it('leaves out what is not asked', () => {
  expect(decodeURIComponent(listQuery({ select: ['id', 'mail'], top: 100 }))).toBe('$select=id,mail&$top=100');
  const all = new URLSearchParams(
    listQuery({ select: ['id'], filter: "a eq 'b&c'", search: '"x"', orderBy: 'mail desc', top: 5, count: true, skipToken: 'a+b/=' }),
  );
  expect(all.get('$filter')).toBe("a eq 'b&c'");
  expect(all.get('$skiptoken')).toBe('a+b/=');
  expect(all.get('$count')).toBe('true');
});

it('finds the token of the next page in any case', () => {
  expect(skipTokenOf('http://host/v1.0/users?$top=1&$skiptoken=a%2Bb')).toBe('a+b');
  expect(skipTokenOf('/v1.0/users?%24skipToken=x')).toBe('x');
  expect(skipTokenOf('http://host/v1.0/users?$top=1')).toBeUndefined();
  expect(skipTokenOf(undefined)).toBeUndefined();
});
