// What the palette offers that need not be asked for: pages and commands, and which of them a text finds.

export interface Entry {
  id: string;
  label: string;
  /** What stands beside it: an address, a key. */
  hint?: string | undefined;
  /** Closes the palette, but for what tells of itself in it. */
  run: () => void;
  stay?: boolean;
}

const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** The entries that have each word of the text, those that begin with it first. */
export function matching(entries: readonly Entry[], text: string): Entry[] {
  const words = plain(text).split(/\s+/).filter((word) => word !== '');
  const found = entries.filter((entry) => words.every((word) => plain(entry.label).includes(word)));
  const first = words[0] ?? '';
  const rank = (entry: Entry) => Number(!plain(entry.label).startsWith(first));
  return found.sort((a, b) => rank(a) - rank(b));
}
