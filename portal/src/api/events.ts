// Live pages: the server's events (/api/v1/events) say what changed; what is shown of it is asked for anew.
// A storm of events asks once at once, then at most once per interval, and once after the last.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { at } from '../lib/base';

/** What each event makes old: first parts of query keys. What has no event of its own comes with the others. */
export const invalidates = {
  status: ['status', 'domains'],
  users: ['users', 'contacts', 'devices', 'deleted', 'status', 'history'],
  groups: ['groups', 'contacts', 'devices', 'deleted', 'status', 'history'],
  errors: ['errors', 'status', 'users'],
  runs: ['runs', 'status'],
} as const satisfies Record<string, readonly string[]>;

export type Connection = 'connecting' | 'live' | 'lost';

const SILENCE_MS = 40_000;
const INTERVAL_MS = 400;

/**
 * Calls `run` with a key: at once when it is given, then, however often it is given, once every `intervalMs`.
 * Each key has its own rhythm, so that one that is often given holds up no other.
 */
export function throttleKeys(run: (key: string) => void, intervalMs: number) {
  // Keys that ran a moment ago, and whether they were given again since.
  const resting = new Map<string, { timer: ReturnType<typeof setTimeout>; again: boolean }>();
  const start = (key: string) => {
    const timer = setTimeout(() => {
      const again = resting.get(key)?.again === true;
      resting.delete(key);
      if (again) start(key);
    }, intervalMs);
    resting.set(key, { timer, again: false });
    run(key);
  };
  return {
    add(keys: readonly string[]) {
      for (const key of new Set(keys)) {
        const rest = resting.get(key);
        if (rest) rest.again = true;
        else start(key);
      }
    },
    stop() {
      for (const { timer } of resting.values()) clearTimeout(timer);
      resting.clear();
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

    const throttle = throttleKeys((key) => void client.invalidateQueries({ queryKey: [key] }), INTERVAL_MS);

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
      source = new EventSource(at('/api/v1/events'));
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
