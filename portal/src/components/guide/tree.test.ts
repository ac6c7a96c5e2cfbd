import { expect, it } from 'vitest';
import { isIn, topmost, treeOf } from './tree';

const containers = [
  { dn: 'dc=contoso,dc=com', users: 0, groups: 0, others: 0 },
  { dn: 'ou=people,dc=contoso,dc=com', users: 3, groups: 0, others: 0 },
  { dn: 'ou=West\\, North,OU=People,dc=contoso,dc=com', users: 2, groups: 1, others: 0 },
  { dn: 'ou=groups,dc=contoso,dc=com', users: 0, groups: 4, others: 0 },
];

it('counts what lies below, and names each container within the one above it', () => {
  const nodes = treeOf(containers);
  expect(nodes.map(({ name, depth, users, groups }) => [name, depth, users, groups])).toEqual([
    ['dc=contoso,dc=com', 0, 5, 5],
    ['ou=people', 1, 5, 1],
    ['ou=West\\, North', 2, 2, 1],
    ['ou=groups', 1, 0, 4],
  ]);
});

it('takes in what lies below, and names only the topmost', () => {
  const nodes = treeOf(containers);
  const [, people, west] = nodes;
  if (!people || !west) throw new Error('the tree has four containers');
  const chosen = new Set([people.dn, west.dn]);
  expect(isIn(nodes, new Set([people.dn]), west)).toBe(true);
  expect(isIn(nodes, new Set([west.dn]), people)).toBe(false);
  expect(topmost(nodes, chosen)).toEqual([people]);
});
