// What a read of the whole directory found that had been missed, in one number.
import type { Drift } from '../api/types';

export function driftOf(drift: Drift): number {
  return [drift.users, drift.groups].reduce((sum, counts) => sum + counts.added + counts.changed + counts.removed, 0);
}
