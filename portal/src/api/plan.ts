// Plans that a sync client makes when it is asked. One is kept while its page is open, and the one before it, so that
// they can be compared.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from './http';
import type { OrderAnswer, PlanReport } from './types';

/** Objects that a client lists at most. */
export const PLAN_OBJECTS = 5_000;
const KEPT_MS = 15 * 60_000;

const planKey = ['plan', 'now'] as const;
const beforeKey = ['plan', 'before'] as const;

/** A client's refusal, in its words. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

async function makePlan(rules: string | undefined, signal?: AbortSignal): Promise<PlanReport> {
  const answer = await request<OrderAnswer>('/api/v1/orders', {
    method: 'POST',
    body: { order: 'preview', limit: PLAN_OBJECTS, ...(rules === undefined ? {} : { rules }) },
    signal,
  });
  if (answer.answer === 'plan') return answer.plan;
  throw new Refused(answer.answer === 'refused' ? answer.reason : answer.answer);
}

/** What would be written now. Made once, and again when a person asks for it. */
export function usePlan(enabled: boolean) {
  return useQuery({
    queryKey: planKey,
    queryFn: ({ signal }) => makePlan(undefined, signal),
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MS,
    retry: false,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
  });
}

/** The plan before the one that is shown. */
export function usePlanBefore(): PlanReport | undefined {
  return useQuery<PlanReport | null>({ queryKey: beforeKey, queryFn: () => null, enabled: false, gcTime: KEPT_MS }).data ?? undefined;
}

/** Has a new plan made; the one that is shown becomes the one before. */
export function usePlanAgain() {
  const client = useQueryClient();
  return () => {
    const now = client.getQueryData<PlanReport>(planKey);
    if (now) client.setQueryData(beforeKey, now);
    void client.refetchQueries({ queryKey: planKey });
  };
}

/** The plan by a draft of the rules. */
export function useDraftPlan() {
  return useMutation({
    mutationFn: async (file: File) => ({ file: file.name, plan: await makePlan(await file.text()) }),
  });
}
