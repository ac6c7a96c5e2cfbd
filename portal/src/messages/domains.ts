// The words of the page Domains, in the language in use.
import { language } from '.';
import type { domains } from './en/domains';

export const domainWords: typeof domains = language === 'de' ? (await import('./de/domains')).domains : (await import('./en/domains')).domains;
