// The set-up guide's questions: enrolment, the directory to try, and who would go to the cloud.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from './http';
import { ask } from './precheck';
import type { Doctor, DoctorCheck, PlanReport } from './types';

export interface Enrollment {
  name: string;
  code: string;
  expiresAt: string | null;
}

/** The directory that a client is given. */
export interface SourceSetup {
  url: string;
  baseDn: string;
  bindDn: string | null;
  password: string | null;
  startTls: boolean;
  allowPlaintextBind: boolean;
  include: string[];
}

export type ClientState = 'absent' | 'waiting' | 'configured';

interface DoctorAnswer {
  answer: 'doctor';
  checks: DoctorCheck[];
}

const POLL_MS = 2_000;

export function useEnroll() {
  return useMutation({
    mutationFn: (name: string) => request<Enrollment>('/api/v1/enrollments', { method: 'POST', body: { name } }),
  });
}

/** Whether a client is there, whether it waits for its directory, and what it sees; asked again until one is there. */
export function useClient(enabled: boolean) {
  return useQuery({
    queryKey: ['guide', 'client'],
    // Not the order itself: without a client that is an error, which the server's log would hold every two seconds.
    queryFn: async ({ signal }): Promise<{ state: ClientState; checks: DoctorCheck[] }> => {
      const { checks, clientConnected } = await request<Doctor>('/api/v1/doctor', { signal });
      if (!clientConnected) return { state: 'absent', checks: [] };
      const waits = checks.some((check) => check.name === 'client.unconfigured');
      return { state: waits ? 'waiting' : 'configured', checks };
    },
    refetchInterval: (query) => (query.state.data?.state === 'configured' ? false : POLL_MS),
    refetchOnWindowFocus: false,
    retry: false,
    gcTime: 0,
    enabled,
  });
}

/** Lets the waiting client try a directory: its checks. With `begin` it takes it: null. */
export function useConfigure() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ source, begin }: { source: SourceSetup; begin: boolean }) => {
      const answer = await ask<DoctorAnswer | { answer: 'accepted' }>({ order: 'configure', source, begin });
      return answer.answer === 'doctor' ? answer.checks : null;
    },
    onSettled: (_, __, { begin }) => {
      if (begin) void client.invalidateQueries({ queryKey: ['status'] });
      // They may be another directory's.
      else client.removeQueries({ queryKey: ['containers'] });
    },
  });
}

const LISTED = 200;

/** The plan that a cycle would write now. */
export function useFirstPlan(enabled: boolean) {
  return useQuery({
    queryKey: ['guide', 'plan'],
    queryFn: async ({ signal }) => (await ask<{ answer: 'plan'; plan: PlanReport }>({ order: 'preview', limit: LISTED }, signal)).plan,
    refetchOnWindowFocus: false,
    staleTime: 60_000,
    retry: false,
    enabled,
  });
}
