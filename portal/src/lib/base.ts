// Where the portal is: below the prefix of the tenant by whose address it was opened (/tenants/contoso.com), or at the top.
// Every address that the router does not make goes through `at`.

/** The prefix of an address; nothing for the server's first tenant. */
export function baseOf(pathname: string): string {
  return /^\/tenants\/[^/]+/.exec(pathname)?.[0] ?? '';
}

export const base = baseOf(window.location.pathname);

/** A path of the server, at this tenant's. */
export const at = (path: string): string => base + path;
