// Die Wörter der Hilfe. Das Buch selbst ist englisch.
import type { HelpWords } from '../en/help';

export const help: HelpWords = {
  title: 'Hilfe',
  open: 'Im Buch öffnen (englisch)',
  contents: 'Inhalt des Buchs',
  working: 'Die Seite des Buchs wird geladen.',
};
