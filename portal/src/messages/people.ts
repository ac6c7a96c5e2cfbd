// The words of the forms and the import of cloud-only users, in the language in use. Apart from the others, so that the first page does without them.
import { language } from '.';
import type * as Words from './en/people';

const words: typeof Words = language === 'de' ? await import('./de/people') : await import('./en/people');

export const peopleWords = words.people;
export const importWords = words.importUsers;
