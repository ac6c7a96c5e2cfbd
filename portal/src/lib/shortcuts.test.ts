import { expect, it } from 'vitest';
import { deedOf, isTyping, places } from './shortcuts';

const key = (name: string, more: Partial<{ ctrlKey: boolean; metaKey: boolean; altKey: boolean }> = {}) => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...more,
});

it.each([
  ['Ctrl+K opens the palette, also out of a field', key('k', { ctrlKey: true }), true, false, false, { open: 'palette' }],
  ['so does Cmd+K', key('K', { metaKey: true }), false, false, true, { open: 'palette' }],
  ['and no other key with Ctrl', key('g', { ctrlKey: true }), false, false, true, undefined],
  ['AltGr writes letters', key('k', { ctrlKey: true, altKey: true }), false, false, true, undefined],
  ['/ opens the palette', key('/'), false, false, true, { open: 'palette' }],
  ['but not while a person types', key('/'), true, false, true, undefined],
  ['nor where single keys are off', key('/'), false, false, false, undefined],
  ['? opens the help', key('?'), false, false, true, { open: 'help' }],
  ['g waits for the second key', key('g'), false, false, true, { wait: true }],
  ['g g goes to Groups', key('g'), false, true, true, { go: '/groups' }],
  ['g p goes to the plan', key('p'), false, true, true, { go: '/dirsync/plan' }],
  ['p alone does nothing', key('p'), false, false, true, undefined],
])('%s', (_, pressed, typing, afterG, singleKeys, deed) => {
  expect(deedOf(pressed, typing, afterG, singleKeys)).toEqual(deed);
});

it('no second key is given twice', () => {
  const keys = places.flatMap((place) => place.key ?? []);
  expect(new Set(keys).size).toBe(keys.length);
});

it('knows a field from the rest of a page', () => {
  document.body.innerHTML = '<input id="field"><button id="button"></button><div role="dialog"><button id="inside"></button></div>';
  expect(isTyping(document.getElementById('field'))).toBe(true);
  expect(isTyping(document.getElementById('inside'))).toBe(true);
  expect(isTyping(document.getElementById('button'))).toBe(false);
  expect(isTyping(null)).toBe(false);
});
