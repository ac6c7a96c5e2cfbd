// Domains of the tenant: their proof, what refers to them, and the changes that administrators make.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Domain, InternalDomainFederation } from '@microsoft/microsoft-graph-types';
import { request } from './http';
import { graphPage } from './queries';

/** A record to publish in DNS, of any type. */
export interface DnsRecord {
  id: string;
  recordType: 'Txt' | 'Mx' | 'CName' | 'Srv';
  label: string;
  ttl: number;
  supportedService?: string;
  text?: string;
  mailExchange?: string;
  preference?: number;
  canonicalName?: string;
  nameTarget?: string;
  port?: number;
  protocol?: string;
  service?: string;
  priority?: number;
  weight?: number;
}

/** An object that has a name or an address in a domain. */
export interface DomainReference {
  '@odata.type'?: string;
  id: string;
  displayName?: string | null;
  userPrincipalName?: string | null;
  mail?: string | null;
}

const path = (name: string) => `/v1.0/domains/${encodeURIComponent(name)}`;

/** The records that prove a domain, or those that its services ask for. */
export function useDomainRecords(name: string, which: 'verificationDnsRecords' | 'serviceConfigurationRecords', enabled: boolean) {
  return useQuery({
    queryKey: ['domains', which, name],
    queryFn: async ({ signal }) => (await request<{ value: DnsRecord[] }>(`${path(name)}/${which}`, { signal })).value,
    enabled,
    staleTime: 60_000,
  });
}

/** Where people of a federated domain sign in; null where no settings were given. */
export function useFederation(name: string, enabled: boolean) {
  return useQuery({
    queryKey: ['domains', 'federation', name],
    queryFn: async ({ signal }) => {
      const { value } = await request<{ value: InternalDomainFederation[] }>(`${path(name)}/federationConfiguration`, { signal });
      return value[0] ?? null;
    },
    enabled,
  });
}

export const REFERENCES_A_PAGE = 20;

/** What refers to a domain, page after page. */
export function useDomainReferences(name: string, enabled = true) {
  return useInfiniteQuery({
    queryKey: ['domains', 'references', name],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ $top: String(REFERENCES_A_PAGE), $select: 'id,displayName,userPrincipalName,mail' });
      if (pageParam) query.set('$skiptoken', pageParam);
      return graphPage<DomainReference>(`${path(name)}/domainNameReferences?${query.toString()}`, signal);
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    enabled,
  });
}

export type DomainChange =
  | { what: 'add'; name: string }
  | { what: 'verify'; name: string }
  | { what: 'default'; name: string }
  | { what: 'remove'; name: string }
  | { what: 'forceRemove'; name: string; disableUserAccounts: boolean };

/** Changes domains; every list of them is asked anew. */
export function useChangeDomain() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: DomainChange): Promise<Domain | undefined> => {
      switch (change.what) {
        case 'add':
          return request('/v1.0/domains', { method: 'POST', body: { id: change.name } });
        case 'verify':
          return request(`${path(change.name)}/verify`, { method: 'POST' });
        case 'default':
          return request(path(change.name), { method: 'PATCH', body: { isDefault: true } });
        case 'remove':
          return request(path(change.name), { method: 'DELETE' });
        case 'forceRemove':
          return request(`${path(change.name)}/forceDelete`, {
            method: 'POST',
            body: { disableUserAccounts: change.disableUserAccounts },
          });
      }
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ['domains'] });
      void client.invalidateQueries({ queryKey: ['status'] });
    },
  });
}
