// The words of guided fixes, in the language in use. Apart from the others, so that the first page does without them.
import { language } from '.';
import type * as Words from './en/fixes';

const words: typeof Words = language === 'de' ? await import('./de/fixes') : await import('./en/fixes');

export const fixWords = words.fixes;
