import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throttleKeys } from './events';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('asks at once, then once per interval, then once after the last', () => {
  const asked: string[] = [];
  const throttle = throttleKeys((key) => asked.push(key), 400);
  throttle.add(['errors', 'status']);
  expect(asked).toEqual(['errors', 'status']);
  for (let i = 0; i < 50; i += 1) throttle.add(['errors']);
  // One that rests holds up no other.
  throttle.add(['users']);
  expect(asked).toEqual(['errors', 'status', 'users']);
  vi.advanceTimersByTime(400);
  expect(asked).toEqual(['errors', 'status', 'users', 'errors']);
  vi.advanceTimersByTime(4_000);
  expect(asked).toHaveLength(4);
  throttle.add(['errors']);
  expect(asked).toHaveLength(5);
});

it('says nothing after it was stopped', () => {
  const run = vi.fn();
  const throttle = throttleKeys(run, 400);
  throttle.add(['a']);
  throttle.add(['a']);
  throttle.stop();
  vi.advanceTimersByTime(4_000);
  expect(run).toHaveBeenCalledTimes(1);
});
