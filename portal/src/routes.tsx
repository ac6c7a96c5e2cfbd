// The address of every page. Each page is its own script, loaded when it is first opened.
import { createBrowserRouter, type RouteObject } from 'react-router';
import { CrashPage } from './components/CrashPage';
import { PageSkeleton } from './components/PageSkeleton';
import { SignedIn } from './components/SignedIn';
import { base } from './lib/base';

const page = (load: NonNullable<RouteObject['lazy']>) => ({
  lazy: load,
  HydrateFallback: PageSkeleton,
  ErrorBoundary: CrashPage,
});

export const routes: RouteObject[] = [
  {
    path: '/signin',
    lazy: async () => ({ Component: (await import('./pages/SignIn')).SignInPage }),
    HydrateFallback: () => null,
    ErrorBoundary: CrashPage,
  },
  {
    Component: SignedIn,
    ErrorBoundary: CrashPage,
    children: [
      { path: '/', ...page(async () => ({ Component: (await import('./pages/Home')).HomePage })) },
      { path: '/users', ...page(async () => ({ Component: (await import('./pages/Users')).UsersPage })) },
      {
        path: '/users/import',
        ...page(async () => ({ Component: (await import('./pages/ImportUsers')).ImportUsersPage })),
      },
      { path: '/groups', ...page(async () => ({ Component: (await import('./pages/Groups')).GroupsPage })) },
      { path: '/contacts', ...page(async () => ({ Component: (await import('./pages/Contacts')).ContactsPage })) },
      { path: '/devices', ...page(async () => ({ Component: (await import('./pages/Devices')).DevicesPage })) },
      { path: '/deleted', ...page(async () => ({ Component: (await import('./pages/Deleted')).DeletedPage })) },
      { path: '/domains', ...page(async () => ({ Component: (await import('./pages/Domains')).DomainsPage })) },
      { path: '/settings', ...page(async () => ({ Component: (await import('./pages/Settings')).SettingsPage })) },
      { path: '/setup', ...page(async () => ({ Component: (await import('./pages/Setup')).SetupPage })) },
      { path: '/setup/guide', ...page(async () => ({ Component: (await import('./pages/Guide')).GuidePage })) },
      {
        path: '/dirsync',
        ...page(async () => ({ Component: (await import('./pages/DirectorySync')).DirectorySyncPage })),
      },
      {
        path: '/dirsync/errors',
        ...page(async () => ({ Component: (await import('./pages/SyncErrors')).SyncErrorsPage })),
      },
      { path: '/dirsync/plan', ...page(async () => ({ Component: (await import('./pages/Plan')).PlanPage })) },
      { path: '/dirsync/runs', ...page(async () => ({ Component: (await import('./pages/Runs')).RunsPage })) },
      {
        path: '/dirsync/precheck',
        ...page(async () => ({ Component: (await import('./pages/Precheck')).PrecheckPage })),
      },
      { path: '/dirsync/rules', ...page(async () => ({ Component: (await import('./pages/Rules')).RulesPage })) },
      {
        path: '/dirsync/troubleshoot',
        ...page(async () => ({ Component: (await import('./pages/Troubleshooter')).TroubleshooterPage })),
      },
      { path: '*', ...page(async () => ({ Component: (await import('./pages/NotFound')).NotFoundPage })) },
    ],
  },
];

export function makeRouter() {
  return createBrowserRouter(routes, { basename: base === '' ? '/' : base });
}
