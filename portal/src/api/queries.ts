// What pages ask the server for. Keys begin with the name that events.ts makes old.
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { Device, Domain, Group, OrgContact, User } from '@microsoft/microsoft-graph-types';
import { skipTokenOf } from '../lib/odata';
import { noteServerNow } from '../lib/time';
import { ApiError, request } from './http';
import { sessionKey } from './queryClient';
import type { Doctor, ErrorPage, ErrorRow, Fix, FixApplied, Fixes, HistoryPage, Kind, Order, OrderAnswer, Run, Session, Status } from './types';

/** Who is signed in; null where nobody is. */
export function useSession() {
  return useQuery({
    queryKey: sessionKey,
    queryFn: async ({ signal }) => {
      try {
        return await request<Session>('/api/v1/session', { signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

/** Whether the person may change things. */
export function useIsAdmin(): boolean {
  return useSession().data?.role === 'admin';
}

/** The one answer behind the card and the status page. Asked again by events, and every few seconds, since time alone can change it. */
export function useStatus() {
  return useQuery({
    queryKey: ['status'],
    queryFn: async ({ signal }) => {
      const status = await request<Status>('/api/v1/status', { signal });
      noteServerNow(status.now);
      return status;
    },
    refetchInterval: 5_000,
  });
}

export interface ErrorFilter {
  category?: string | undefined;
  kind?: string | undefined;
  object?: string | undefined;
  q?: string | undefined;
  /** Where absent, those that nobody ignores. */
  shown?: string | undefined;
}

export const ERRORS_A_PAGE = 100;

/** Errors of objects, page after page, newest first. */
export function useErrors(filter: ErrorFilter, enabled = true) {
  return useInfiniteQuery({
    queryKey: ['errors', filter],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ top: String(ERRORS_A_PAGE) });
      for (const [name, value] of Object.entries(filter) as [string, string | undefined][]) {
        if (value) query.set(name, value);
      }
      if (pageParam) query.set('after', pageParam);
      return request<ErrorPage>(`/api/v1/errors?${query.toString()}`, { signal });
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    enabled,
  });
}

export interface HistoryFilter {
  object?: string | undefined;
  run?: string | undefined;
  outcome?: string | undefined;
  search?: string | undefined;
}

export const HISTORY_A_PAGE = 50;

/** What became of objects, page after page, newest first. Asked anew when objects change. */
export function useHistory(filter: HistoryFilter) {
  return useInfiniteQuery({
    queryKey: ['history', filter],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ top: String(HISTORY_A_PAGE) });
      for (const [name, value] of Object.entries(filter) as [string, string | undefined][]) {
        if (value) query.set(name, value);
      }
      if (pageParam) query.set('after', pageParam);
      return request<HistoryPage>(`/api/v1/history?${query.toString()}`, { signal });
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function useRuns(top: number) {
  return useQuery({
    queryKey: ['runs', top],
    queryFn: async ({ signal }) => (await request<{ value: Run[] }>(`/api/v1/runs?top=${top}`, { signal })).value,
  });
}

/** One run; null where its record is not there. */
export function useRun(id: string | undefined) {
  return useQuery({
    queryKey: ['runs', 'one', id],
    queryFn: ({ signal }) => orNull(request<Run>(`/api/v1/runs/${id ?? ''}`, { signal })),
    enabled: id !== undefined,
  });
}

export function useDoctor() {
  return useQuery({
    queryKey: ['doctor'],
    queryFn: ({ signal }) => request<Doctor>('/api/v1/doctor', { signal }),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    retry: false,
  });
}

export function useDomains() {
  return useQuery({
    queryKey: ['domains', 'list'],
    queryFn: async ({ signal }) => (await request<{ value: Domain[] }>('/v1.0/domains', { signal })).value,
    staleTime: 60_000,
    // Names are being worked out anew, or a domain is on its way out: nothing tells of the end.
    refetchInterval: (query) => (query.state.data?.some((domain) => domain.state) === true ? 1_000 : false),
  });
}

interface GraphList<T> {
  value: T[];
  '@odata.count'?: number;
  '@odata.nextLink'?: string;
}

export interface GraphPage<T> {
  items: T[];
  count: number | undefined;
  /** Where the next page begins; undefined on the last. */
  next: string | undefined;
}

/** The collection of each kind of object, which is also its first part of query keys. */
export const collection = { user: 'users', group: 'groups', contact: 'contacts', device: 'devices' } as const;
export type ListName = (typeof collection)[Kind] | 'deleted';

/** What lists and panes show. */
export type Listed = User | Group | OrgContact | Device;

/** Asks for one page of a list of Graph. */
export async function graphPage<T>(path: string, signal?: AbortSignal): Promise<GraphPage<T>> {
  const page = await request<GraphList<T>>(path, { signal, headers: { ConsistencyLevel: 'eventual' } });
  return { items: page.value, count: page['@odata.count'], next: skipTokenOf(page['@odata.nextLink']) };
}

/** One object; null where it is gone. */
export function useGraphObject<T extends Listed>(kind: Kind, id: string | undefined, select: readonly string[]) {
  const name = collection[kind];
  return useQuery({
    queryKey: [name, 'one', id, select.join()],
    queryFn: ({ signal }) => orNull(request<T>(`/v1.0/${name}/${id ?? ''}?$select=${select.join()}`, { signal })),
    enabled: id !== undefined,
  });
}

/** What hangs on an object: `manager`, `memberOf`, `members`. */
export function useGraphLinks<T>(kind: Kind, id: string, link: 'memberOf' | 'members', top: number) {
  const name = collection[kind];
  return useQuery({
    queryKey: [name, link, id, top],
    queryFn: ({ signal }) => graphPage<T>(`/v1.0/${name}/${id}/${link}?$top=${top}&$count=true`, signal),
  });
}

export function useManager(id: string, kind: 'user' | 'contact' = 'user') {
  const name = collection[kind];
  return useQuery({
    queryKey: [name, 'manager', id],
    queryFn: ({ signal }) => orNull(request<User>(`/v1.0/${name}/${id}/manager`, { signal })),
  });
}

/**
 * Where a person's photo is; null where there is none. What there is of it is asked, and not the picture: a browser tells
 * everybody of one that is missing. The part after `#` has it asked for again where it is another one.
 */
export function usePhoto(id: string) {
  return useQuery({
    queryKey: ['users', 'photo', id],
    queryFn: async ({ signal }) => {
      const photos = await request<{ value: { '@odata.mediaEtag': string }[] }>(`/v1.0/users/${id}/photos`, { signal });
      const first = photos.value[0];
      return first ? `/v1.0/users/${id}/photo/$value#${encodeURIComponent(first['@odata.mediaEtag'])}` : null;
    },
    retry: false,
  });
}

export async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** Sends an order to the sync client and waits for its answer. */
export function useOrder() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (order: Order) => request<OrderAnswer>('/api/v1/orders', { method: 'POST', body: order }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['status'] });
      void client.invalidateQueries({ queryKey: ['runs'] });
    },
  });
}

/** Turns directory synchronization off or on: every page shows something else then. */
export function useSwitchSync() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ tenant, enabled }: { tenant: string; enabled: boolean }) =>
      request<undefined>(`/v1.0/organization/${tenant}`, { method: 'PATCH', body: { onPremisesSyncEnabled: enabled } }),
    onSettled: () => void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] }),
  });
}

/** Looks at every quarantined value now. */
export function useRecheck() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request<{ released: number }>('/api/v1/errors/recheck', { method: 'POST' }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['errors'] });
      void client.invalidateQueries({ queryKey: ['status'] });
    },
  });
}

/** Ignores an error until what it is about changes, or shows it again. */
export function useIgnore() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ignore }: { id: number; ignore: boolean }) =>
      request<ErrorRow>(`/api/v1/errors/${id}/ignored`, { method: ignore ? 'PUT' : 'DELETE' }),
    onSettled: () => {
      for (const key of ['errors', 'status', 'history']) void client.invalidateQueries({ queryKey: [key] });
    },
  });
}

/** What can be done about an error, as it was when the pane was opened: what changed since refuses the fix. Null where it is gone. */
export function useFixes(id: number, enabled = true) {
  return useQuery({
    queryKey: ['fixes', id],
    enabled,
    queryFn: ({ signal }) => orNull(request<Fixes>(`/api/v1/errors/${id}/fixes`, { signal })),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

/** Makes a fix that was previewed. */
export function useFix(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { fix: Fix; etag: string; confirmed: boolean }) =>
      request<FixApplied>(`/api/v1/errors/${id}/fix`, { method: 'POST', body }),
    onSuccess: () => {
      const keys = ['errors', 'status', 'history', 'users', 'groups', 'contacts', 'deleted'];
      for (const key of keys) void client.invalidateQueries({ queryKey: [key] });
    },
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request<undefined>('/api/v1/session', { method: 'DELETE' }),
    onSettled: () => {
      // First the session, which takes the pages away; then what they showed.
      client.setQueryData(sessionKey, null);
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });
    },
  });
}
