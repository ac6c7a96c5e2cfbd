// Values of properties in words.
import type { PropertyValue } from '../api/types';
import { t } from '../messages';

/** A property's value in words; empty where there is none. */
export function showValue(value: PropertyValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? t.yes : t.no;
  return Array.isArray(value) ? value.join('\n') : value;
}
