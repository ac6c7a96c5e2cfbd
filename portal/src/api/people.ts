// The cloud's own users: created, changed, deleted; and which sign-in names are in use.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { User } from '@microsoft/microsoft-graph-types';
import { quoted } from '../lib/odata';
import { request } from './http';

export type UserWrite =
  | { what: 'create'; user: Record<string, unknown> }
  | { what: 'update'; id: string; changes: Record<string, unknown> }
  | { what: 'delete'; id: string };

export function createUser(user: Record<string, unknown>): Promise<User> {
  return request('/v1.0/users', { method: 'POST', body: user });
}

/** Changes users; lists and panes are asked anew. */
export function useWriteUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (write: UserWrite): Promise<User | undefined> => {
      switch (write.what) {
        case 'create':
          return createUser(write.user);
        case 'update':
          return request(`/v1.0/users/${write.id}`, { method: 'PATCH', body: write.changes });
        case 'delete':
          return request(`/v1.0/users/${write.id}`, { method: 'DELETE' });
      }
    },
    onSettled: () => {
      for (const key of ['users', 'deleted', 'status', 'history']) void client.invalidateQueries({ queryKey: [key] });
    },
  });
}

/** Names asked for at once: the address stays short of what servers take. */
const NAMES_AT_ONCE = 40;

/** Which of these sign-in names are in use, in small letters. */
export async function takenNames(names: readonly string[]): Promise<Set<string>> {
  const taken = new Set<string>();
  for (let from = 0; from < names.length; from += NAMES_AT_ONCE) {
    const some = names.slice(from, from + NAMES_AT_ONCE);
    const query = new URLSearchParams({
      $filter: `userPrincipalName in (${some.map(quoted).join(',')})`,
      $select: 'userPrincipalName',
      $top: '999',
    });
    const { value } = await request<{ value: User[] }>(`/v1.0/users?${query.toString()}`, { headers: { ConsistencyLevel: 'eventual' } });
    for (const user of value) if (user.userPrincipalName) taken.add(user.userPrincipalName.toLowerCase());
  }
  return taken;
}
