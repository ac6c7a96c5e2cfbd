// How long answers live, and what a lost session does. The server's events say when to ask anew (events.ts).
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './http';

export const sessionKey = ['session'] as const;

/** Makes the cache that one portal page lives from. */
export function makeQueryClient(): QueryClient {
  const onError = (error: Error) => {
    // The session ended: the frame sees null and goes to the sign-in page.
    if (error instanceof ApiError && error.status === 401) client.setQueryData(sessionKey, null);
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (count, error) =>
          count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
        retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 5_000),
      },
    },
  });
  return client;
}
