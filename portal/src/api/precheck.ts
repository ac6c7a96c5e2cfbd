// The pre-check of the connected directory and its containers: orders to the sync client. Loaded with the pages that ask.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from './http';

export type EntryClass = 'user' | 'group' | 'contact';
export type Severity = 'warning' | 'error';
export type ProblemKind =
  | 'character'
  | 'format'
  | 'topLevelDomain'
  | 'domainPart'
  | 'localPart'
  | 'length'
  | 'duplicate'
  | 'blank'
  | 'mailMatch';

export interface Problem {
  rule: string;
  kind: ProblemKind;
  severity: Severity;
  message: string;
}

export type Change = { action: 'none' } | { action: 'keep' } | { action: 'edit'; value: string } | { action: 'remove' };

/** A value that breaks rules. */
export interface Finding {
  dn: string;
  class: EntryClass;
  source?: string;
  attribute: string;
  value: string;
  problems: Problem[];
  change: Change;
  safe: boolean;
  note?: string;
  others?: string[];
}

export interface PrecheckReport {
  at: string;
  source: string;
  summary: {
    checked: number;
    skipped: Record<string, number>;
    findings: number;
    errors: number;
    proposed: number;
    safe: number;
    byRule: Record<string, number>;
    duplicatesNotListed: number;
  };
  findings: Finding[];
}

export interface PrecheckState {
  running: boolean;
  read: number;
  failed?: string;
  report?: PrecheckReport;
}

export interface Container {
  dn: string;
  users: number;
  groups: number;
  others: number;
}

interface Refused { answer: 'refused'; reason: string }

/** Sends an order and gives its answer; one that the client refuses is an error with its words. */
export async function ask<T extends { answer: string }>(body: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await request<T | Refused>('/api/v1/orders', { method: 'POST', body, signal });
  if (answer.answer === 'refused') throw new Error((answer as Refused).reason);
  return answer as T;
}

interface PrecheckAnswer { answer: 'precheck'; state: PrecheckState }

const RUNNING_MS = 1_000;

/** Where the pre-check stands; asked again while one runs. */
export function usePrecheck(enabled: boolean) {
  return useQuery({
    queryKey: ['precheck'],
    queryFn: async ({ signal }) => (await ask<PrecheckAnswer>({ order: 'precheck' }, signal)).state,
    refetchInterval: (query) => (query.state.data?.running === true ? RUNNING_MS : false),
    refetchOnWindowFocus: false,
    retry: false,
    enabled,
  });
}

/** Begins one. */
export function useStartPrecheck() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => (await ask<PrecheckAnswer>({ order: 'precheck', start: true })).state,
    onSuccess: (state) => client.setQueryData(['precheck'], state),
  });
}

/** The containers of the directory, each before what lies in it. */
export function useContainers(enabled: boolean) {
  return useQuery({
    queryKey: ['containers'],
    queryFn: ({ signal }) =>
      ask<{ answer: 'containers'; containers: Container[]; truncated: boolean }>({ order: 'containers' }, signal),
    staleTime: 60_000,
    refetchOnWindowFocus: false,
    retry: false,
    enabled,
  });
}
