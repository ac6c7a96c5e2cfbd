// Whether values of two objects are one.

/** Whether two values are one address, whatever their prefix and case. */
export function sameAddress(a: string, b: string | null | undefined): boolean {
  if (!b) return false;
  const bare = (text: string) => text.replace(/^smtp:/i, '').toLowerCase();
  return bare(a) === bare(b);
}

/** Whether two lists have the same values, in any order. */
export function sameValues(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join('\n') === [...b].sort().join('\n');
}
