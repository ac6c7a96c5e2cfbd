// The words of Preview and approve, in the language in use. Apart from the others, so that only this page loads them.
import { language } from '.';
import type { PlanWords } from './en/plan';

export const words: PlanWords = language === 'de' ? (await import('./de/plan')).plan : (await import('./en/plan')).plan;
