// What runs did over a time, as the server tells it in parts, made ready to be drawn. Pure.
import type { ActivityPart } from '../api/types';

export const ranges = {
  day: { hours: 24, parts: 48 },
  week: { hours: 168, parts: 56 },
  month: { hours: 720, parts: 60 },
} as const;
export type Range = keyof typeof ranges;

export function rangeOf(text: string | null): Range {
  return text === 'week' || text === 'month' ? text : 'day';
}

export const changeKinds = ['created', 'updated', 'deleted', 'members'] as const;
export type ChangeKind = (typeof changeKinds)[number];

export const changesOf = (part: ActivityPart) => changeKinds.reduce((sum, kind) => sum + part[kind], 0);
export const meanOf = (part: { runs: number; workMillis: number }) => (part.runs === 0 ? 0 : part.workMillis / part.runs);

/** All parts together. */
export function totalOf(parts: readonly ActivityPart[]) {
  const sum = (of: Exclude<keyof ActivityPart, 'at'>) => parts.reduce((total, part) => total + part[of], 0);
  return {
    runs: sum('runs'),
    failed: sum('failed'),
    created: sum('created'),
    updated: sum('updated'),
    deleted: sum('deleted'),
    members: sum('members'),
    workMillis: sum('workMillis'),
    longestMillis: Math.max(0, ...parts.map((part) => part.longestMillis)),
  };
}

/** The smallest of 1, 2, 5, 10, 20, ... that is not below a number: where an axis ends. */
export function roundUp(n: number): number {
  if (n <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(n));
  return power * ([1, 2, 5].find((step) => step * power >= n) ?? 10);
}
