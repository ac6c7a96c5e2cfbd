import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throttleKeys } from './events';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('asks at once, then once per interval, then once after the last', () => {
  const asked: string[][] = [];
  const throttle = throttleKeys((keys) => asked.push(keys), 400);
  throttle.add(['errors', 'status']);
  expect(asked).toEqual([['errors', 'status']]);
  for (let i = 0; i < 50; i += 1) throttle.add(['users']);
  throttle.add(['errors']);
  expect(asked).toHaveLength(1);
  vi.advanceTimersByTime(400);
  expect(asked).toEqual([
    ['errors', 'status'],
    ['errors', 'users'],
  ]);
  vi.advanceTimersByTime(4_000);
  expect(asked).toHaveLength(2);
  throttle.add(['runs']);
  expect(asked).toHaveLength(3);
});

it('says nothing after it was stopped', () => {
  const run = vi.fn();
  const throttle = throttleKeys(run, 400);
  throttle.add(['a']);
  throttle.add(['b']);
  throttle.stop();
  vi.advanceTimersByTime(4_000);
  expect(run).toHaveBeenCalledTimes(1);
});
