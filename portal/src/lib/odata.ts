// Questions to the Graph API: option texts from what a page's address says.
import type { Kind } from '../api/types';

/**
 * `$search` for words typed by a person: words alone, which the server looks for in names and addresses.
 * Quotes and backslashes are escaped as Graph asks. Undefined where there is nothing to look for.
 */
export function searchOption(text: string): string | undefined {
  const words = text.trim();
  if (words === '') return undefined;
  return `"${words.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

export interface ListOptions {
  select: readonly string[];
  filter?: string | undefined;
  search?: string | undefined;
  orderBy?: string | undefined;
  top: number;
  count?: boolean;
  skipToken?: string | undefined;
}

/** The query string of a list. Options that are absent are left out. */
export function listQuery(options: ListOptions): string {
  const query = new URLSearchParams();
  query.set('$select', options.select.join(','));
  if (options.filter) query.set('$filter', options.filter);
  if (options.search) query.set('$search', options.search);
  if (options.orderBy) query.set('$orderby', options.orderBy);
  query.set('$top', String(options.top));
  if (options.count) query.set('$count', 'true');
  if (options.skipToken) query.set('$skiptoken', options.skipToken);
  return query.toString();
}

/** The `$skiptoken` of a nextLink; undefined on the last page. */
export function skipTokenOf(nextLink: string | undefined): string | undefined {
  if (!nextLink) return undefined;
  const url = new URL(nextLink, 'http://localhost');
  for (const [name, value] of url.searchParams) {
    if (name.toLowerCase() === '$skiptoken') return value;
  }
  return undefined;
}

/** A text as OData writes it: in quotes, a quote doubled. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const kinds: Record<string, Kind> = { group: 'group', orgContact: 'contact', device: 'device' };

/** The kind that Graph's type names; a user where it names none. */
export function kindOf(object: { '@odata.type'?: string | undefined }): Kind {
  return kinds[object['@odata.type']?.split('.').at(-1) ?? ''] ?? 'user';
}
