// Live pages: the server's events (/api/v1/events) say what changed; what is shown of it is asked for anew.
// A storm of events asks once at once, then at most once per interval, and once after the last.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

/** What each event makes old: first parts of query keys. */
export const invalidates = {
  status: ['status'],
  users: ['users', 'status'],
  groups: ['groups', 'status'],
  errors: ['errors', 'status', 'users'],
  runs: ['runs', 'status'],
} as const satisfies Record<string, readonly string[]>;

export type Connection = 'connecting' | 'live' | 'lost';

const SILENCE_MS = 40_000;
const INTERVAL_MS = 400;

/**
 * Calls `run` with every key given since the last call: at once for the first, then at most every
 * `intervalMs`.
 */
export function throttleKeys(run: (keys: string[]) => void, intervalMs: number) {
  const waiting = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    if (waiting.size === 0) return;
    const keys = [...waiting].sort();
    waiting.clear();
    timer = setTimeout(flush, intervalMs);
    run(keys);
  };
  return {
    add(keys: readonly string[]) {
      for (const key of keys) waiting.add(key);
      if (timer === undefined) flush();
    },
    stop() {
      clearTimeout(timer);
      waiting.clear();
    },
  };
}

/** Follows the server's events as long as the component is there. Says how the connection is. */
export function useLiveEvents(): Connection {
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>('connecting');

  useEffect(() => {
    let source: EventSource | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let silence: ReturnType<typeof setTimeout> | undefined;
    let attempt = 0;
    let wasLost = false;

    const throttle = throttleKeys((keys) => {
      for (const key of keys) void client.invalidateQueries({ queryKey: [key] });
    }, INTERVAL_MS);

    const lose = () => {
      source?.close();
      clearTimeout(silence);
      clearTimeout(retry);
      wasLost = true;
      setConnection('lost');
      retry = setTimeout(connect, Math.min(1_000 * 2 ** attempt, 15_000));
      attempt += 1;
    };
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(lose, SILENCE_MS);
    };
    const connect = () => {
      source = new EventSource('/api/v1/events');
      source.onopen = () => {
        attempt = 0;
        setConnection('live');
        alive();
        // What happened while nobody listened is unknown: ask for everything.
        if (wasLost) throttle.add(Object.values(invalidates).flat());
        wasLost = false;
      };
      source.onerror = lose;
      source.addEventListener('ping', alive);
      for (const [type, keys] of Object.entries(invalidates)) {
        source.addEventListener(type, () => {
          alive();
          throttle.add(keys);
        });
      }
    };
    connect();
    return () => {
      source?.close();
      clearTimeout(retry);
      clearTimeout(silence);
      throttle.stop();
    };
  }, [client]);

  return connection;
}
