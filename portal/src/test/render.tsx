// Draws a page of the portal in jsdom, with answers given by path in place of a server's.
import { FluentProvider, webLightTheme } from '@fluentui/react-components';
import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { vi } from 'vitest';
import { makeQueryClient } from '../api/queryClient';
import type { Session, Status } from '../api/types';

export type Answers = Record<string, (request: { method: string; body: unknown; url: URL }) => unknown>;

/** What was asked, in order: `POST /api/v1/orders {"order":"syncNow"}`. */
export function stubServer(answers: Answers): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (path: string, init?: RequestInit) => {
    const url = new URL(path, 'http://localhost');
    const method = init?.method ?? 'GET';
    const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : undefined;
    asked.push(body === undefined ? `${method} ${path}` : `${method} ${path} ${JSON.stringify(body)}`);
    const answer = answers[url.pathname];
    if (!answer) return Promise.resolve(new Response('{"error":{"code":"NotImplemented","message":"no"}}', { status: 501 }));
    const value = answer({ method, body, url });
    return Promise.resolve(value instanceof Response ? value : new Response(JSON.stringify(value)));
  });
  return asked;
}

/** Draws `page` at `path`; other addresses show their path. Gives the router, whose state is the address. */
export function renderAt(path: string, page: ReactNode) {
  const pathname = new URL(path, 'http://localhost').pathname;
  const router = createMemoryRouter(
    [
      { path: pathname, element: page },
      { path: '*', element: <p>{'elsewhere'}</p> },
    ],
    { initialEntries: [path] },
  );
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <FluentProvider theme={webLightTheme}>
        <RouterProvider router={router} />
      </FluentProvider>
    </QueryClientProvider>,
  );
  return router;
}

export const admin: Session = { user: 'admin', role: 'admin', expiresAt: '2026-11-23T09:00:00Z' };
export const reader: Session = { ...admin, user: 'rita', role: 'reader' };

/** The status of the API reference's example. */
export function sampleStatus(change: (status: Status) => void = () => undefined): Status {
  const now = new Date().toISOString();
  const status: Status = {
    now,
    tenant: { id: 't', displayName: 'Contoso', initialDomain: 'contoso.onlockstep.example' },
    summary: { state: 'inStep', sentence: 'In step, last change 4 s ago' },
    sync: {
      enabled: true,
      lastSync: now,
      lastImport: now,
      lastExport: null,
      lastContact: now,
      staleAfterSeconds: 259_200,
      stale: false,
      passwordSyncEnabled: false,
      lastPasswordSync: null,
      passwordStale: false,
      clientVersion: '0.1.0',
      latestVersion: '0.1.0',
      updateAvailable: false,
      downloadUrl: '/downloads/lockstep',
      serviceAccount: 'Sync_host_1a2b3c',
      machine: 'host',
      source: 'ldap://127.0.0.1:3890 (dc=contoso,dc=com)',
      clientState: 'live',
      clientDetail: null,
      clientConnected: true,
      cycleSeconds: 1_800,
      nextCycle: null,
      connectorSpaceObjects: 1_063,
      pending: { additions: 0, updates: 0, deletions: 0 },
      heldPlan: null,
      timetable: {},
    },
    domains: { verified: 2, notVerified: 1 },
    objects: { users: 1_000, syncedUsers: 1_000, groups: 60, syncedGroups: 60, memberships: 1_600, deleted: 0 },
    errors: { total: 0, usersWithErrors: 0, byCategory: {}, ignored: 0 },
    clients: [],
  };
  change(status);
  return status;
}
