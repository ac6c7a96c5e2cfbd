// The words of the page of settings, in the language in use. Apart from the others, so that only this page loads them.
import { language } from '.';
import type { SettingsWords } from './en/settings';

export const words: SettingsWords = language === 'de' ? (await import('./de/settings')).settings : (await import('./en/settings')).settings;
