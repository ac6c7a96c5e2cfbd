// Views of a list that a person named: what of the address makes a view, kept in this browser.
import { base } from './base';

// Tenants of one server share a browser's store: each keeps its own.
const storageKey = (list: string) => `lockstep-views-${list}${base}`;

/** What of an address makes a view; an open pane does not. */
const parts = ['q', 'view', 'sort', 'dir', 'columns'] as const;

export interface SavedView {
  name: string;
  /** `view=errors&sort=mail`. */
  query: string;
}

const MOST = 50;
export const MOST_LETTERS = 60;

/** The part of an address that a view keeps, always in the same order. */
export function viewOf(params: URLSearchParams): string {
  const kept = new URLSearchParams();
  for (const part of parts) {
    const value = params.get(part);
    if (value !== null && value !== '') kept.set(part, value);
  }
  return kept.toString();
}

/** The address's parameters that bring a view back; those that it has not are taken out. */
export function changeTo(query: string): Record<string, string | undefined> {
  const wanted = new URLSearchParams(query);
  return Object.fromEntries(parts.map((part) => [part, wanted.get(part) ?? undefined]));
}

function isView(one: unknown): one is SavedView {
  return typeof one === 'object' && one !== null && typeof (one as SavedView).name === 'string' && typeof (one as SavedView).query === 'string';
}

export function savedViews(list: string): SavedView[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey(list)) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isView).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** The views with one more, by name; one of the same name is replaced. Too many: the oldest goes. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...views.filter((each) => each.name !== view.name), view].slice(-MOST);
}

/** Keeps the views of a list; false where this browser keeps nothing. */
export function keepViews(list: string, views: readonly SavedView[]): boolean {
  try {
    if (views.length === 0) localStorage.removeItem(storageKey(list));
    else localStorage.setItem(storageKey(list), JSON.stringify(views));
    return true;
  } catch {
    return false;
  }
}
