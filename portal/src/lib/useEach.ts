// Does something with several objects, one after the other, and says of each what became of it.
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { explain } from '../components/Failure';

export interface Refusal {
  name: string;
  why: string;
}

interface State {
  running: boolean;
  done: number;
  total: number;
  refused: Refusal[];
}

const idle: State = { running: false, done: 0, total: 0, refused: [] };

export interface Each extends State {
  /** How many were done without a refusal. */
  succeeded: number;
  run: <T>(items: readonly T[], name: (item: T) => string, act: (item: T) => Promise<unknown>) => Promise<void>;
  reset: () => void;
}

/** `old`: first parts of the query keys that this makes old. */
export function useEach(old: readonly string[]): Each {
  const client = useQueryClient();
  const [state, setState] = useState<State>(idle);
  const keys = useRef(old);
  const run = useCallback<Each['run']>(
    async (items, name, act) => {
      setState({ ...idle, running: true, total: items.length });
      const refused: Refusal[] = [];
      for (const [index, item] of items.entries()) {
        try {
          await act(item);
        } catch (error) {
          refused.push({ name: name(item), why: explain(error instanceof Error ? error : new Error(String(error))).text });
        }
        setState({ running: true, done: index + 1, total: items.length, refused: [...refused] });
      }
      for (const key of keys.current) void client.invalidateQueries({ queryKey: [key] });
      setState((now) => ({ ...now, running: false }));
    },
    [client],
  );
  const reset = useCallback(() => setState(idle), []);
  return { ...state, succeeded: state.done - state.refused.length, run, reset };
}
