// The words of the pre-check in the language in use: a script of their own, loaded with the page.
import { language } from '.';
import type { PrecheckWords } from './en/precheck';

export const p: PrecheckWords =
  language === 'de' ? (await import('./de/precheck')).precheck : (await import('./en/precheck')).precheck;
