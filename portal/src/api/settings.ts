// Who has access and what is set: people, tokens, enrolment, the deletion threshold, the log of their changes.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from './http';

export type Role = 'admin' | 'reader' | 'syncClient' | 'scim';
export type PersonRole = 'admin' | 'reader';

export interface Person {
  name: string;
  role: PersonRole;
  you: boolean;
}

export interface SignInLink {
  name: string;
  path: string;
  expiresAt: string;
}

export interface Token {
  name: string;
  role: Role;
  client?: string;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  connected: boolean;
  you: boolean;
  token?: string;
}

export type AccessEvent =
  | 'personAdded'
  | 'roleChanged'
  | 'passwordReset'
  | 'linkMade'
  | 'personRemoved'
  | 'tokenMade'
  | 'tokenRevoked'
  | 'enrollmentMade'
  | 'thresholdSet';

export interface AccessLine {
  id: number;
  at: string;
  actor: string;
  event: AccessEvent;
  subject: string;
  detail?: string;
}

export interface Setting {
  key: string;
  value: number;
  unit: 'seconds' | 'megabytes';
}

export interface Settings {
  deletionThreshold: { count: number; percent: number } | null;
  settings: Setting[];
  clients: { serviceAccount: string; machine: string; configuration: Record<string, string> }[];
}

export type GuardKind = 'enabledForCount' | 'enabledForPercentage' | 'disabled';

export interface OnPremises {
  id: string;
  configuration: { accidentalDeletionPrevention: { synchronizationPreventionType: GuardKind; alertThreshold: number | null } };
  features: Record<string, boolean>;
}

const access = ['access'] as const;
const list = <T>(path: string, signal: AbortSignal) => request<{ value: T[] }>(path, { signal }).then((answer) => answer.value);
const named = (name: string) => encodeURIComponent(name);

export function usePeople(enabled: boolean) {
  return useQuery({ queryKey: [...access, 'people'], queryFn: ({ signal }) => list<Person>('/api/v1/people', signal), enabled });
}

export function useTokens(enabled: boolean) {
  return useQuery({
    queryKey: [...access, 'tokens'],
    queryFn: ({ signal }) => list<Token>('/api/v1/tokens', signal),
    // A client that was just enrolled comes by itself.
    refetchInterval: 10_000,
    enabled,
  });
}

const LINES = 50;

export function useAccessLog(enabled: boolean) {
  return useInfiniteQuery({
    queryKey: [...access, 'log'],
    queryFn: ({ pageParam, signal }) =>
      request<{ value: AccessLine[]; next?: string }>(`/api/v1/accesslog?top=${LINES}&after=${pageParam}`, { signal }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    enabled,
  });
}

export function useSettings() {
  return useQuery({ queryKey: ['settings'], queryFn: ({ signal }) => request<Settings>('/api/v1/settings', { signal }) });
}

export function useOnPremises() {
  return useQuery({
    queryKey: ['settings', 'onPremises'],
    queryFn: async ({ signal }) => (await list<OnPremises>('/v1.0/directory/onPremisesSynchronization', signal))[0] ?? null,
  });
}

/** Does something, then has the lists loaded again, whether it went well or not. */
function useChange<In, Out>(mutationFn: (asked: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onSettled: () => {
      void client.invalidateQueries({ queryKey: access });
      void client.invalidateQueries({ queryKey: ['settings'] });
    },
  });
}

export const useAddPerson = () =>
  useChange((body: { name: string; role: PersonRole; password?: string }) =>
    request<{ name: string; link: SignInLink | null }>('/api/v1/people', { method: 'POST', body }),
  );

export type PersonChange =
  | { what: 'role'; name: string; role: PersonRole }
  | { what: 'password'; name: string; password: string }
  | { what: 'remove'; name: string };

export const useChangePerson = () =>
  useChange((change: PersonChange) => {
    const path = `/api/v1/people/${named(change.name)}`;
    if (change.what === 'remove') return request<undefined>(path, { method: 'DELETE' });
    const body = change.what === 'role' ? { role: change.role } : { password: change.password };
    return request<undefined>(path, { method: 'PATCH', body });
  });

export const useSignInLink = () =>
  useChange((name: string) => request<SignInLink>(`/api/v1/people/${named(name)}/link`, { method: 'POST' }));

export const useAddToken = () =>
  useChange((body: { name: string; role: Role; days?: number }) => request<Token>('/api/v1/tokens', { method: 'POST', body }));

export const useRevoke = () => useChange((name: string) => request<undefined>(`/api/v1/tokens/${named(name)}`, { method: 'DELETE' }));

export const useEnrolment = () =>
  useChange((name: string) =>
    request<{ name: string; code: string; expiresAt: string | null }>('/api/v1/enrollments', { method: 'POST', body: { name } }),
  );

export const useSetGuard = () =>
  useChange(({ id, kind, threshold }: { id: string; kind: GuardKind; threshold: number }) =>
    request<undefined>(`/v1.0/directory/onPremisesSynchronization/${id}`, {
      method: 'PATCH',
      body: { configuration: { accidentalDeletionPrevention: { synchronizationPreventionType: kind, alertThreshold: threshold } } },
    }),
  );
