import { describe, expect, it } from 'vitest';
import type { PlanItem, PlanReport } from '../api/types';
import { comparePlans, filterItems, lossesOf, propertyCounts, type PlanFilter } from './plans';

const item = (name: string, more: Partial<PlanItem> = {}): PlanItem => ({
  action: 'update',
  kind: 'user',
  anchor: `a-${name}`,
  name,
  dn: `uid=${name},ou=people,dc=contoso,dc=com`,
  membersAdded: 0,
  membersRemoved: 0,
  ...more,
});
const ann = item('ann', { changes: [{ property: 'mail', before: 'ann@contoso.com', after: 'a.lee@contoso.com', rule: 'mail <- mail' }] });
const bob = item('bob', { action: 'delete', reason: 'leftScope' });
const eva = item('eva', { action: 'delete', reason: 'deletedInSource', manager: ['a-ann', null] });
const sales = item('sales', { kind: 'group', membersAdded: 1, membersRemoved: 7 });
const all = [ann, bob, eva, sales];

const plan = (items: PlanItem[], truncated = false): PlanReport => ({
  summary: {
    id: 'p',
    madeAt: '2026-11-22T21:00:00Z',
    counts: {},
    errors: 0,
    deletionsDigest: 'd',
    verdict: { kind: 'pass' },
  },
  items,
  truncated,
  errors: [],
});

describe('filters of a plan', () => {
  it.each<[PlanFilter, string[]]>([
    [{}, ['ann', 'bob', 'eva', 'sales']],
    [{ kind: 'group' }, ['sales']],
    [{ change: 'delete' }, ['bob', 'eva']],
    [{ change: 'leftScope' }, ['bob']],
    [{ change: 'members' }, ['sales']],
    [{ property: 'mail' }, ['ann']],
    [{ property: 'manager' }, ['eva']],
    [{ property: 'members' }, ['sales']],
    [{ text: ' A.LEE@ ' }, ['ann']],
    [{ text: 'uid=eva' }, ['eva']],
    [{ kind: 'user', change: 'delete', text: 'bob' }, ['bob']],
    [{ kind: 'group', change: 'delete' }, []],
  ])('%j leaves %j', (filter, names) => {
    expect(filterItems(all, filter).map((one) => one.name)).toEqual(names);
  });

  it('counts the objects of each property, most first', () => {
    const more = item('mia', { changes: [{ property: 'mail', after: 'x', rule: '' }, { property: 'city', after: 'y', rule: '' }] });
    expect(propertyCounts([...all, more])).toEqual([['mail', 2], ['city', 1], ['manager', 1], ['members', 1]]);
  });
});

describe('two plans', () => {
  it('are the same where only the rules differ', () => {
    const other = { ...ann, changes: ann.changes?.map((change) => ({ ...change, rule: 'another' })) ?? [] };
    expect(comparePlans(plan([ann, bob]), plan([other, bob]))).toEqual({ onlyNow: [], onlyOther: [], differs: [], cut: false });
  });

  it('differ by objects, by values and by members', () => {
    const other = item('ann', { changes: [{ property: 'mail', after: 'else@contoso.com', rule: '' }] });
    const fewer = { ...sales, membersRemoved: 6 };
    const found = comparePlans(plan([ann, bob, sales], true), plan([other, eva, fewer]));
    expect(found.onlyNow).toEqual([bob]);
    expect(found.onlyOther).toEqual([eva]);
    expect(found.differs).toEqual([{ now: ann, other }, { now: sales, other: fewer }]);
    expect(found.cut).toBe(true);
  });
});

it('what is to be typed is what a plan takes away most of', () => {
  const counts = { create: 1, update: 3, delete: 0, membersAdded: 9, membersRemoved: 45, held: 60 };
  const { summary } = plan([]);
  expect(lossesOf({ ...summary, counts: { user: { ...counts, delete: 5 }, group: counts } }).toType).toBe(5);
  expect(lossesOf({ ...summary, counts: { group: counts } }).toType).toBe(45);
  expect(lossesOf({ ...summary, counts: { group: { ...counts, membersRemoved: 0 } } }).toType).toBe(3);
});
