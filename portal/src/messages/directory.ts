// The words of the lists of the directory, in the language in use. Apart from the others, so that the first page does without them.
import { language } from '.';
import type * as Words from './en/directory';

const words: typeof Words = language === 'de' ? await import('./de/directory') : await import('./en/directory');

export const contactWords = words.contacts;
export const deviceWords = words.devices;
export const deletedWords = words.deleted;
export const gridWords = words.grid;
