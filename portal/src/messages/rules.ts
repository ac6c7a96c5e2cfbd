// The words of the page of the rules, in the language in use. Apart from the others, so that only this page loads them.
import { language } from '.';
import type { RulesWords } from './en/rules';

export const words: RulesWords = language === 'de' ? (await import('./de/rules')).rules : (await import('./en/rules')).rules;
