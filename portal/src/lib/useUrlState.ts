// What a page shows lives in its address: filters, sort, the open pane. So it can be sent, and Back works.
import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

type Change = Record<string, string | undefined>;

/**
 * The address's parameters and a way to change some of them. An empty or undefined value takes one out.
 * `replace` for what is typed letter by letter; a step of its own in the history for what is opened.
 */
export function useUrlState(): [URLSearchParams, (change: Change, options?: { replace?: boolean }) => void] {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (values: Change, options: { replace?: boolean } = {}) => {
      setParams(
        (now) => {
          const next = new URLSearchParams(now);
          for (const [name, value] of Object.entries(values)) {
            if (value === undefined || value === '') next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { replace: options.replace ?? false, preventScrollReset: true },
      );
    },
    [setParams],
  );
  return [params, change];
}
