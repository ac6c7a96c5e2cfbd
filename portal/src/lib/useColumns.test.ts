import { expect, it } from 'vitest';
import { chosenColumns, type Column } from './useColumns';

const column = (name: string, optional = false): Column<unknown> => ({ name, label: name, weight: 1, sortable: false, optional, show: () => name });
const all = [column('name'), column('mail'), column('city', true)];

it.each([
  [null, 'name,mail'],
  ['', 'name,mail'],
  ['nonsense', 'name,mail'],
  ['city', 'name,city'],
  ['city,name,mail', 'name,mail,city'],
  ['name', 'name'],
])('%s shows %s', (asked, expected) => {
  expect(chosenColumns(all, asked).map((one) => one.name).join()).toBe(expected);
});
