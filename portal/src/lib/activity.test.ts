import { expect, it } from 'vitest';
import type { ActivityPart } from '../api/types';
import { changesOf, meanOf, rangeOf, ranges, roundUp, totalOf } from './activity';

const part = (more: Partial<ActivityPart>): ActivityPart => ({
  at: '2026-11-22T21:00:00Z',
  runs: 0,
  failed: 0,
  created: 0,
  updated: 0,
  deleted: 0,
  members: 0,
  workMillis: 0,
  longestMillis: 0,
  ...more,
});

it('sums the parts, and keeps the longest of them', () => {
  const parts = [part({ runs: 2, created: 3, members: 1, workMillis: 300, longestMillis: 200 }), part({ runs: 1, failed: 1, deleted: 4, workMillis: 50, longestMillis: 50 })];
  expect(totalOf(parts)).toEqual({ runs: 3, failed: 1, created: 3, updated: 0, deleted: 4, members: 1, workMillis: 350, longestMillis: 200 });
  expect(parts.map(changesOf)).toEqual([4, 4]);
  expect(parts.map(meanOf)).toEqual([150, 50]);
  expect(meanOf(part({}))).toBe(0);
  expect(totalOf([]).longestMillis).toBe(0);
});

it.each([[0, 1], [1, 1], [1.5, 2], [3, 5], [5, 5], [6, 10], [99, 100], [101, 200], [45_000, 50_000], [812_345, 1_000_000]])('an axis for %d ends at %d', (n, end) => {
  expect(roundUp(n)).toBe(end);
});

it('a range that is none is a day, and parts are whole minutes', () => {
  expect([rangeOf('week'), rangeOf('month'), rangeOf('year'), rangeOf(null)]).toEqual(['week', 'month', 'day', 'day']);
  for (const { hours, parts } of Object.values(ranges)) expect((hours * 60) % parts).toBe(0);
});
