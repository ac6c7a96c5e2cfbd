import { describe, expect, it } from 'vitest';
import { absoluteTime, duration, noteServerNow, relativeTime, serverNowMs, utcOffset } from './time';

const now = Date.parse('2026-11-22T21:00:00Z');

describe('relativeTime', () => {
  it.each([
    ['2026-11-22T21:00:00Z', 'now'],
    ['2026-11-22T20:59:56Z', '4 seconds ago'],
    ['2026-11-22T20:59:01Z', '59 seconds ago'],
    ['2026-11-22T20:59:00Z', '1 minute ago'],
    ['2026-11-22T20:00:01Z', '59 minutes ago'],
    ['2026-11-22T20:00:00Z', '1 hour ago'],
    ['2026-11-19T21:00:00Z', '3 days ago'],
    ['2026-11-22T21:12:34Z', 'in 12 minutes'],
    ['2020-11-22T21:00:00Z', '6 years ago'],
  ])('%s is %s', (instant, expected) => {
    expect(relativeTime(instant, now)).toBe(expected);
  });
});

it('says the offset from UTC with the exact moment', () => {
  const text = absoluteTime('2026-11-22T21:00:00Z');
  expect(text).toContain(`(${utcOffset(new Date('2026-11-22T21:00:00Z'))})`);
  expect(utcOffset(new Date(0))).toMatch(/^UTC[+-]\d\d:\d\d$/);
  expect(absoluteTime('nonsense')).toBe('nonsense');
});

it('counts by the clock of the server', () => {
  noteServerNow(new Date(Date.now() + 3_600_000).toISOString());
  expect(serverNowMs() - Date.now()).toBeGreaterThan(3_590_000);
  noteServerNow('nonsense');
  expect(serverNowMs() - Date.now()).toBeGreaterThan(3_590_000);
  noteServerNow(new Date().toISOString());
  expect(Math.abs(serverNowMs() - Date.now())).toBeLessThan(10);
});

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_250, '1.3 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h 0 min'],
])('%d ms is %s', (millis, expected) => {
  expect(duration(millis)).toBe(expected);
});
