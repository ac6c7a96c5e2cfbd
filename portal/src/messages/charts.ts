// The words of the charts, in the language in use.
import { language } from '.';
import type { ChartWords } from './en/charts';

export const words: ChartWords = language === 'de' ? (await import('./de/charts')).charts : (await import('./en/charts')).charts;
