// The rows of a list of any length: pages by their nextLinks, those near the window loaded, the others known by where
// they begin.
import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import type { DirectoryObject } from '@microsoft/microsoft-graph-types';
import { useEffect, useState, type RefObject } from 'react';
import { listQuery, type ListOptions } from '../lib/odata';
import { OVERSCAN, pagesOf, rowsOf, useRowsInWindow, withLoaded, type Page } from '../lib/window';
import { graphPage, type GraphPage, type ListName } from './queries';

const ROWS_A_PAGE = 100;

interface Chain {
  question: string;
  pages: readonly Page[];
}

/**
 * The rows of a list that are near the window. `name` is the first part of its keys, `path` where Graph has it, `body`
 * what the rows are drawn in, `rowPx` how tall one is. Pages are asked for by their nextLinks as they come into sight,
 * and those that are out of sight are forgotten after a while; where each begins is kept while the page is open, and
 * for a time after it, so that Back finds the place. While another question is on its way the old rows stay.
 */
export function useGraphRows<T extends DirectoryObject>(
  name: ListName,
  path: string,
  body: RefObject<HTMLElement | null>,
  rowPx: number,
  options: Omit<ListOptions, 'top' | 'count' | 'skipToken'>,
) {
  const client = useQueryClient();
  const question = `${path}?${listQuery({ ...options, top: ROWS_A_PAGE })}`;
  const fresh = (of: string): Chain => ({ question: of, pages: client.getQueryData<Page[]>(['chain', of]) ?? [{ token: undefined, size: undefined }] });
  const [chain, setChain] = useState<Chain>(() => fresh(question));
  const now = chain.question === question ? chain : fresh(question);
  if (now !== chain) setChain(now);

  const { pages } = now;
  const known = rowsOf(pages);
  const rows = useRowsInWindow(body, rowPx, known);
  const near = pagesOf(pages, rows);
  const loads = useQueries({
    queries: near.map((index) => {
      const asked = `${path}?${listQuery({ ...options, top: ROWS_A_PAGE, count: index === 0, skipToken: pages[index]?.token })}`;
      return { queryKey: [name, asked], queryFn: ({ signal }: { signal: AbortSignal }) => graphPage<T>(asked, signal) };
    }),
  });
  // The first page also says how many there are; it stays asked for, that this stays true.
  const firstAsked = `${path}?${listQuery({ ...options, top: ROWS_A_PAGE, count: true })}`;
  const first = useQuery({ queryKey: [name, firstAsked], queryFn: ({ signal }) => graphPage<T>(firstAsked, signal), placeholderData: keepPreviousData });

  let next: readonly Page[] = pages;
  loads.forEach((load, at) => {
    const index = near[at];
    if (load.data && index !== undefined) next = withLoaded(next, index, load.data.items.length, load.data.next);
  });
  if (next !== pages) setChain({ question, pages: next });
  useEffect(() => {
    client.setQueryData(['chain', question], pages);
  }, [client, question, pages]);

  const isOld = first.isPlaceholderData;
  const starts = [0];
  for (const page of pages) starts.push((starts.at(-1) ?? 0) + (page.size ?? 0));
  const at = (row: number): T | undefined => {
    const place = near.findIndex((index) => row >= (starts[index] ?? 0) && row < (starts[index + 1] ?? 0));
    const index = near[place];
    return place === -1 || index === undefined ? undefined : loads[place]?.data?.items[row - (starts[index] ?? 0)];
  };
  // Before the first answer to another question: the rows of the one before.
  const old = isOld || known === 0 ? (first.data?.items.slice(0, 2 * OVERSCAN) ?? []) : undefined;
  const from = old ? 0 : rows.from;
  const to = old ? old.length : rows.to;
  const failed = loads.find((load) => load.error)?.error ?? null;
  return {
    rows: old ?? Array.from({ length: to - from }, (_, index) => at(from + index)),
    /** The rows that are drawn, and those of them that can be seen. */
    from,
    to,
    seen: old ? { from: 0, to } : { from: Math.min(from + (from > 0 ? OVERSCAN : 0), known), to: to < known ? Math.max(0, to - OVERSCAN) : to },
    /** Rows that were found on the way so far. */
    known: old ? old.length : known,
    count: first.data?.count,
    isPending: first.data === undefined,
    isOld,
    isEmpty: first.data !== undefined && !isOld && first.data.items.length === 0,
    error: first.error,
    isMore: loads.some((load) => load.isPending && load.fetchStatus === 'fetching') && known > 0,
    moreError: failed,
    retry: () => void client.refetchQueries({ queryKey: [name], predicate: (query) => query.state.status === 'error' }),
    /** All rows that were loaded and are not forgotten. */
    loaded: () =>
      pages.flatMap((page, index) => {
        const asked = `${path}?${listQuery({ ...options, top: ROWS_A_PAGE, count: index === 0, skipToken: page.token })}`;
        return client.getQueryData<GraphPage<T>>([name, asked])?.items ?? [];
      }),
  };
}
