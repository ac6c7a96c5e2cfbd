// The words in use: those of the language that was chosen in this browser, else of the browser's own, else English.
// Another language than English is loaded before the first page is drawn; a choice takes effect with a reload.
import { en, type Messages } from './en';

export const languages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

const storageKey = 'lockstep-language';

/** The language for what a browser remembers and prefers. */
export function languageOf(chosen: string | null, preferred: readonly string[]): Language {
  if (chosen === 'en' || chosen === 'de') return chosen;
  for (const one of preferred) {
    const name = one.slice(0, 2).toLowerCase();
    if (name === 'en' || name === 'de') return name;
  }
  return 'en';
}

function remembered(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

export const language: Language = languageOf(remembered(), navigator.languages);

/** Keeps the choice, and draws everything anew in it. */
export function chooseLanguage(next: Language) {
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // Storage is forbidden: the browser's own language stays.
  }
  window.location.reload();
}

document.documentElement.lang = language;

export const t: Messages = language === 'de' ? (await import('./de')).de : en;
