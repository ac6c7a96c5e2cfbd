// A deleted object, of any kind, as its list and its pane show it.
export interface Gone {
  '@odata.type'?: string;
  id?: string;
  displayName?: string | null;
  userPrincipalName?: string | null;
  mail?: string | null;
  deletedDateTime?: string | null;
  onPremisesImmutableId?: string | null;
}

export function nameOf(object: Gone): string {
  return object.displayName ?? object.userPrincipalName ?? object.mail ?? object.id ?? '';
}

/** Days that a deleted object is kept. */
const KEPT_DAYS = 30;

/** When a deleted object is gone for good. */
export function gonePast(object: Gone): string | undefined {
  if (!object.deletedDateTime) return undefined;
  return new Date(Date.parse(object.deletedDateTime) + KEPT_DAYS * 86_400_000).toISOString();
}
