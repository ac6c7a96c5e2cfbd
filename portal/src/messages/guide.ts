// The words of the set-up guide in the language in use: a script of their own, loaded with the page.
import { language } from '.';
import type { GuideWords } from './en/guide';

export const g: GuideWords =
  language === 'de' ? (await import('./de/guide')).guide : (await import('./en/guide')).guide;
