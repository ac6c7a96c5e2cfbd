// Keys of the whole portal: what they lead to, when they count, and the switch that turns single keys off (WCAG 2.1.4).
import type { Messages } from '../messages/en';

export interface Place {
  /** The second key, after `g`. Without one: reached by the palette only. */
  key?: string;
  to: string;
  label: (t: Messages) => string;
}

/** The portal's pages, in the order of the navigation. */
export const places: readonly Place[] = [
  { key: 'h', to: '/', label: (t) => t.nav.home },
  { key: 'u', to: '/users', label: (t) => t.nav.activeUsers },
  { key: 'g', to: '/groups', label: (t) => t.nav.groups },
  { key: 'c', to: '/contacts', label: (t) => t.nav.contacts },
  { key: 'v', to: '/devices', label: (t) => t.nav.devices },
  { key: 'x', to: '/deleted', label: (t) => t.nav.deleted },
  { key: 'o', to: '/domains', label: (t) => t.nav.domains },
  { key: 'a', to: '/settings', label: (t) => t.nav.access },
  { key: 's', to: '/dirsync', label: (t) => t.dirsync.title },
  { key: 'p', to: '/dirsync/plan', label: (t) => t.nav.planPage },
  { key: 'e', to: '/dirsync/errors', label: (t) => t.errors.title },
  { key: 'r', to: '/dirsync/runs', label: (t) => t.runs.title },
  { key: 'l', to: '/dirsync/rules', label: (t) => t.nav.rules },
  { key: 't', to: '/dirsync/troubleshoot', label: (t) => t.nav.troubleshooter },
  { to: '/setup', label: (t) => t.setup.title },
];

/** How long after `g` the second key counts. */
export const SEQUENCE_MS = 1_500;

export type Sheet = 'palette' | 'help';
export type Deed = { open: Sheet } | { go: string } | { wait: true };

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/**
 * What a key does. `typing`: it is meant for a field or a dialog. `afterG`: `g` was pressed a moment ago.
 * Undefined where it does nothing of ours.
 */
export function deedOf(pressed: Pressed, typing: boolean, afterG: boolean, singleKeys: boolean): Deed | undefined {
  const key = pressed.key.toLowerCase();
  if ((pressed.ctrlKey || pressed.metaKey) && !pressed.altKey) return key === 'k' ? { open: 'palette' } : undefined;
  if (pressed.altKey || pressed.ctrlKey || pressed.metaKey || typing || !singleKeys) return undefined;
  if (afterG) {
    const place = places.find((each) => each.key === key);
    if (place) return { go: place.to };
  }
  if (key === '/') return { open: 'palette' };
  if (key === '?') return { open: 'help' };
  return key === 'g' ? { wait: true } : undefined;
}

const storageKey = 'lockstep-single-keys';

export function singleKeysOn(): boolean {
  try {
    return localStorage.getItem(storageKey) !== 'off';
  } catch {
    return true;
  }
}

export function setSingleKeys(on: boolean) {
  try {
    if (on) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, 'off');
  } catch {
    // Storage is forbidden: they stay on.
  }
}

/** Whether a key pressed there is text, or belongs to an open dialog or menu. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"]') !== null;
}
