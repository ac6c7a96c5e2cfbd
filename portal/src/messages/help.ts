// The words of the help pane, in the language in use. Apart from the others, so that only the pane loads them.
import { language } from '.';
import type { HelpWords } from './en/help';

export const words: HelpWords = language === 'de' ? (await import('./de/help')).help : (await import('./en/help')).help;
