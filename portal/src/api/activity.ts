// What runs did over a time.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ranges, type Range } from '../lib/activity';
import { request } from './http';
import type { ActivityAnswer } from './types';

/** What runs did over a time, in parts. Asked anew with each run, and by the minute, since time passes. */
export function useActivity(range: Range) {
  const { hours, parts } = ranges[range];
  return useQuery({
    queryKey: ['runs', 'activity', range],
    queryFn: ({ signal }) => request<ActivityAnswer>(`/api/v1/activity?hours=${hours}&parts=${parts}`, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}
