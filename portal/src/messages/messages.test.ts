import { expect, it } from 'vitest';
import { sampleStatus } from '../test/render';
import { de as german } from './de';
import { charts as deCharts } from './de/charts';
import * as deDirectory from './de/directory';
import { domains as deDomains } from './de/domains';
import { fixes as deFixes } from './de/fixes';
import { help as deHelp } from './de/help';
import { palette as dePalette } from './de/palette';
import * as dePeople from './de/people';
import { plan as dePlan } from './de/plan';
import { rules as deRules } from './de/rules';
import { settings as deSettings } from './de/settings';
import { en as english } from './en';
import { charts } from './en/charts';
import * as directory from './en/directory';
import { domains } from './en/domains';
import { fixes } from './en/fixes';
import { help } from './en/help';
import { palette } from './en/palette';
import * as people from './en/people';
import { plan } from './en/plan';
import { rules } from './en/rules';
import { settings } from './en/settings';
import { languageOf } from './index';

// Those that are loaded with their pages, too.
const de = { ...german, planPage: dePlan, palette: dePalette, charts: deCharts, domains: deDomains, fixes: deFixes, rulesPage: deRules, helpPane: deHelp, settingsPage: deSettings, ...deDirectory, ...dePeople };
const en = { ...english, planPage: plan, palette, charts, domains, fixes, rulesPage: rules, helpPane: help, settingsPage: settings, ...directory, ...people };

/** Every message by its path: a text, or how many placeholders it takes. */
function shape(value: unknown, path = ''): string[] {
  if (typeof value === 'function') return [`${path}(${value.length})`];
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).flatMap(([name, inner]) => shape(inner, path === '' ? name : `${path}.${name}`));
  }
  return [path];
}

/** Every text that takes nothing. */
function texts(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => texts(inner, `${path}.${name}`));
}

it('German has the keys and the placeholders of English, no more and no less', () => {
  // A function without a placeholder may leave it out; what it is given is checked by its type.
  const without = (list: string[]) => list.map((one) => one.replace(/\(\d\)$/, '()')).sort();
  expect(without(shape(de))).toEqual(without(shape(en)));
  const placeholders = new Map(shape(en).map((one) => [one.replace(/\(\d\)$/, ''), one]));
  for (const one of shape(de)) {
    const takes = Number(/\((\d)\)$/.exec(one)?.[1] ?? 0);
    const wanted = Number(/\((\d)\)$/.exec(placeholders.get(one.replace(/\(\d\)$/, '')) ?? '')?.[1] ?? 0);
    expect(takes, one).toBe(wanted);
  }
});

it('no German text is empty, and sentences are not left in English', () => {
  const inEnglish = new Map(texts(en));
  const left = texts(de).filter(([path, text]) => text.trim() === '' || (text.includes(' ') && !path.endsWith('.command') && inEnglish.get(path) === text));
  // Proper names of the field, the same in both.
  expect(left.map(([, text]) => text).filter((text) => text !== 'Distinguished Name')).toEqual([]);
});

it('messages with a number have it in the form of the language', () => {
  expect(de.rangeOf(1, 100, 12_345)).toBe('1 bis 100 von 12.345');
  expect(en.rangeOf(1, 100, 12_345)).toBe('1 to 100 of 12,345');
  expect(de.deleted.restored(1)).toBe('1 Objekt wurde wiederhergestellt.');
});

it('says in German how it stands, by the same numbers', () => {
  const attention = sampleStatus((status) => {
    status.summary.state = 'attention';
    status.errors.usersWithErrors = 6;
  });
  expect(de.sentence(attention)).toBe('Im Gleichschritt, 6 Personen haben Fehler.');
  expect(en.sentence(attention)).toBe(attention.summary.sentence);
});

it.each([
  ['de', ['en-GB'], 'de'],
  ['en', ['de'], 'en'],
  [null, ['fr', 'de-AT', 'en'], 'de'],
  [null, ['fr'], 'en'],
  ['xx', [], 'en'],
])('chosen %s, preferred %s: %s', (chosen, preferred, expected) => {
  expect(languageOf(chosen, preferred)).toBe(expected);
});
