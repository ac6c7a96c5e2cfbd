// The words of guided fixes, in the pane of an error.
import type { Fix, FixApplied } from '../../api/types';

export const fixes = {
  title: 'Fix it',
  titles: {
    moveAnchor: 'It is one person: keep the cloud object',
    dropValue: 'They are two: take the value from the cloud object',
  } satisfies Record<Fix, string>,
  abouts: {
    moveAnchor: 'The cloud object gets the source anchor, so that the entry in the directory belongs to it. The object that was made beside it is deleted; it can be restored for 30 days.',
    dropValue: 'The cloud object gives the value up, and the synced object gets it.',
  } satisfies Record<Fix, string>,
  changes: 'What changes',
  after: 'Afterwards',
  cured: 'The error is gone.',
  notYet: 'The error goes as soon as the sync client sends the object again; it is asked to at once.',
  others: (codes: string) => `These errors of the object remain: ${codes}.`,
  privileged: 'This concerns an object that gives rights:',
  confirm: 'It is meant all the same',
  apply: 'Apply',
  applied: 'Done.',
  retries: {
    notNeeded: 'The error is gone.',
    done: 'The sync client has sent the object again.',
    later: 'The sync client sends the object again by itself; none answered just now.',
  } satisfies Record<FixApplied['retry'], string>,
  anew: 'Look again',
  none: 'Both objects come from the directory, which is where one of them has to change:',
  directory: 'Or change it in the directory:',
  giveUp: (name: string) => `${name} gives the value up`,
  keeps: 'This object has the value now.',
  wants: 'This object wants the value.',
  attribute: (name: string) => `The value comes from the attribute ${name}.`,
  guessed: (name: string) => `Probably the attribute ${name}: no sync client was there to say so.`,
  ldif: 'Download LDIF',
  showLdif: 'The change as LDIF',
};
