import { describe, expect, it } from 'vitest';
import { pagesOf, rowsInWindow, rowsOf, withLoaded, type Page } from './window';

it.each([
  ['at the top', 200, 800, 1_000_000, { from: 0, to: 27 }],
  ['scrolled down', -40_000, 800, 1_000_000, { from: 988, to: 1032 }],
  ['at the end', -3_960, 800, 100, { from: 87, to: 100 }],
  ['below the window', 5_000, 800, 100, { from: 0, to: 0 }],
  ['an empty list', 200, 800, 0, { from: 0, to: 0 }],
])('rows in the window: %s', (_, top, height, count, rows) => {
  expect(rowsInWindow(top, height, 40, count)).toEqual(rows);
});

describe('pages by nextLink', () => {
  const one: Page[] = [{ token: undefined, size: undefined }];

  it('grow as they are loaded, and end where no link leads on', () => {
    const two = withLoaded(one, 0, 100, 'b');
    expect(two).toEqual([{ token: undefined, size: 100 }, { token: 'b', size: undefined }]);
    const whole = withLoaded(two, 1, 30, undefined);
    expect(rowsOf(whole)).toBe(130);
    expect(withLoaded(whole, 1, 30, undefined)).toBe(whole);
    expect(withLoaded(whole, 0, 100, 'b')).toBe(whole);
  });

  it('lead elsewhere after rows came, and become fewer after they went', () => {
    const three: readonly Page[] = [{ token: undefined, size: 100 }, { token: 'b', size: 100 }, { token: 'c', size: 5 }];
    expect(withLoaded(three, 0, 100, 'b2')).toEqual([{ token: undefined, size: 100 }, { token: 'b2', size: 100 }, { token: 'c', size: 5 }]);
    expect(withLoaded(three, 0, 40, undefined)).toEqual([{ token: undefined, size: 40 }]);
    expect(withLoaded(three, 7, 1, undefined)).toBe(three);
  });

  it('are asked for where their rows are near the window, the next one at the end of what is known', () => {
    const pages: Page[] = [{ token: undefined, size: 100 }, { token: 'b', size: 100 }, { token: 'c', size: 100 }, { token: 'd', size: undefined }];
    expect(pagesOf(one, { from: 0, to: 0 })).toEqual([0]);
    expect(pagesOf(pages, { from: 0, to: 30 })).toEqual([0]);
    expect(pagesOf(pages, { from: 90, to: 130 })).toEqual([0, 1]);
    expect(pagesOf(pages, { from: 260, to: 290 })).toEqual([2, 3]);
    expect(pagesOf(pages, { from: 900, to: 940 })).toEqual([3]);
  });
});
