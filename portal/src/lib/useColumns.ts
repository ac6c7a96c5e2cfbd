// Which columns of a list are shown: those that the address names, else those that this browser chose last, else the
// list's own choice. The first column is always there.
import { useCallback, type ReactNode } from 'react';
import { useUrlState } from './useUrlState';

export interface Column<T> {
  /** The Graph property. */
  name: string;
  label: string;
  /** Share of the width, beside the others. */
  weight: number;
  sortable: boolean;
  /** Whether it is shown only when a person asks for it. */
  optional?: boolean;
  /** The properties it is made of, where that is not its name. */
  needs?: readonly string[];
  show: (item: T) => ReactNode;
}

const storageKey = (list: string) => `lockstep-columns-${list}`;

function remembered(list: string): string | null {
  try {
    return localStorage.getItem(storageKey(list));
  } catch {
    return null;
  }
}

function remember(list: string, value: string | undefined) {
  try {
    if (value === undefined) localStorage.removeItem(storageKey(list));
    else localStorage.setItem(storageKey(list), value);
  } catch {
    // Storage is forbidden: the choice lives in the address only.
  }
}

/** The columns of `all` that `names` asks for, in the list's order; the list's own choice where it asks for none known. */
export function chosenColumns<T>(all: Column<T>[], names: string | null | undefined): Column<T>[] {
  const asked = new Set((names ?? '').split(','));
  const found = all.filter((column) => asked.has(column.name));
  if (found.length === 0) return all.filter((column) => column.optional !== true);
  return all.filter((column, index) => index === 0 || asked.has(column.name));
}

export function useColumns<T>(list: string, all: Column<T>[]) {
  const [params, change] = useUrlState();
  const names = params.get('columns') ?? remembered(list);
  const choose = useCallback(
    (wanted: readonly string[] | undefined) => {
      const value = wanted === undefined ? undefined : wanted.join(',');
      remember(list, value);
      change({ columns: value }, { replace: true });
    },
    [list, change],
  );
  const shown = chosenColumns(all, names);
  const isDefault = shown.length === all.filter((column) => column.optional !== true).length && shown.every((column) => column.optional !== true);
  return { shown, choose, isDefault };
}
