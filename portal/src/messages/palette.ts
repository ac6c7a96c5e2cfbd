// The words of the command palette and of the sheet of keys, in the language in use.
import { language } from '.';
import type { PaletteWords } from './en/palette';

export const words: PaletteWords = language === 'de' ? (await import('./de/palette')).palette : (await import('./en/palette')).palette;
