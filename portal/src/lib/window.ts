// Which rows of a long list are near the window: only those are in the document. Pure, but for the hook.
import { useLayoutEffect, useState, type RefObject } from 'react';

export interface Rows {
  /** The first row, from 0. */
  from: number;
  /** The first row after them. */
  to: number;
}

/** Rows that are drawn above and below what can be seen, so that a step of the keyboard or the wheel finds them. */
export const OVERSCAN = 12;

/** The rows of a list whose top is `top` pixels below that of the window. */
export function rowsInWindow(top: number, height: number, row: number, count: number, overscan = OVERSCAN): Rows {
  const first = Math.floor(-top / row) - overscan;
  const last = Math.ceil((height - top) / row) + overscan;
  const to = Math.min(count, Math.max(last, 0));
  return { from: Math.max(0, Math.min(first, to)), to };
}

export interface Page {
  /** The nextLink's token that leads to it; undefined of the first. */
  token: string | undefined;
  /** Rows; undefined until it was loaded once. */
  size: number | undefined;
}

/** How many rows are known. */
export const rowsOf = (pages: readonly Page[]) => pages.reduce((sum, page) => sum + (page.size ?? 0), 0);

/** The pages that have these rows, and the one to come where they reach the end of what is known. */
export function pagesOf(pages: readonly Page[], rows: Rows): number[] {
  const found: number[] = [];
  let at = 0;
  pages.forEach((page, index) => {
    const size = page.size ?? 1;
    if (at < rows.to + (page.size === undefined ? OVERSCAN : 0) && at + size > rows.from) found.push(index);
    at += size;
  });
  // A list that became shorter than where one stands: its last page.
  return found.length === 0 && pages.length > 0 ? [pages.length - 1] : found;
}

/**
 * The pages, after one was loaded: its size, and the page that it leads to. Where it leads elsewhere than before (rows
 * came or went), that page is loaded by the new token; those behind it are put right in the same way when they are seen.
 */
export function withLoaded(pages: readonly Page[], index: number, size: number, next: string | undefined): readonly Page[] {
  const page = pages[index];
  if (!page) return pages;
  const follower = pages[index + 1];
  if (page.size === size && follower?.token === next && (next !== undefined || follower === undefined)) return pages;
  const known = [...pages.slice(0, index), { ...page, size }];
  if (next === undefined) return known;
  return [...known, { token: next, size: follower?.size }, ...pages.slice(index + 2)];
}

/** The rows of a table body near the window, kept up to date. */
export function useRowsInWindow(body: RefObject<HTMLElement | null>, row: number, count: number): Rows {
  const [place, setPlace] = useState({ top: 0, height: window.innerHeight });
  useLayoutEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const next = { top: body.current?.getBoundingClientRect().top ?? 0, height: window.innerHeight };
      setPlace((now) => {
        const before = rowsInWindow(now.top, now.height, row, count);
        const after = rowsInWindow(next.top, next.height, row, count);
        return before.from === after.from && before.to === after.to ? now : next;
      });
    };
    const soon = () => {
      if (frame === 0) frame = requestAnimationFrame(look);
    };
    look();
    // In the capture phase: whatever scrolls.
    document.addEventListener('scroll', soon, { passive: true, capture: true });
    window.addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(frame);
      document.removeEventListener('scroll', soon, { capture: true });
      window.removeEventListener('resize', soon);
    };
  }, [body, row, count]);
  return rowsInWindow(place.top, place.height, row, count);
}
