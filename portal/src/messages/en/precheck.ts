// The words of the pre-check. Loaded with its page, not with the first one.
import type { ProblemKind } from '../../api/precheck';

const number = new Intl.NumberFormat('en');
const count = (n: number, one: string, many: string) => `${number.format(n)} ${n === 1 ? one : many}`;

export const precheck = {
  title: 'Pre-check',
  intro: 'Values of the connected directory that the cloud refuses or changes, each with its rule and, where one can be told, a better value. Nothing is written to the directory from here: accept rows and take them with you as LDIF.',
  run: 'Run the pre-check',
  again: 'Check again',
  running: (read: number) => (read === 0 ? 'Reading the directory…' : `Reading the directory: ${number.format(read)} entries (each is read twice)`),
  readOnly: 'Your role is reader: an administrator runs the pre-check.',
  noClient: 'No sync client is connected: the pre-check reads the directory through it.',
  toSetup: 'Set one up',
  failed: 'The last pre-check did not end:',
  never: 'The directory was not checked yet',
  neverHint: 'A pre-check reads the directory twice and writes nothing; it may run while the client syncs.',
  clean: 'Nothing found',
  cleanHint: 'Every value that was checked can go to the cloud as it is.',
  checked: (checked: number, source: string) => `${count(checked, 'user, group or contact', 'users, groups and contacts')} of ${source}`,
  checkedAt: 'Checked',
  summary: (errors: number, warnings: number) => `${count(errors, 'error', 'errors')}, ${count(warnings, 'warning', 'warnings')}`,
  proposed: (proposed: number, safe: number) => `${number.format(proposed)} with a proposal, ${number.format(safe)} of them safe`,
  skipped: (n: number) => `${count(n, 'system object was', 'system objects were')} left out, as the cloud leaves them out.`,
  notAll: (listed: number, all: number) => `The first ${number.format(listed)} of ${number.format(all)} findings are here; \`lockstep precheck --export csv\` has all.`,
  duplicatesNotListed: (n: number) => `${count(n, 'further value that several objects may have is', 'further values that several objects may have are')} not listed: mend these, then check again.`,

  gridLabel: 'Findings of the pre-check',
  columns: { object: 'Object', attribute: 'Attribute', value: 'Value', rule: 'Rule', proposed: 'Proposed value' },
  search: 'Search findings',
  searchHint: 'Name, value or rule',
  severity: 'Severity',
  all: 'Errors and warnings',
  errors: 'Errors',
  warnings: 'Warnings',
  kind: 'Kind of problem',
  allKinds: 'All kinds',
  withProposal: 'Only with a proposal',
  found: (n: number) => count(n, 'finding', 'findings'),
  emptyFiltered: 'No finding matches',
  clear: 'Clear filters',
  showMore: 'Show more',

  acceptColumn: 'Accept',
  accept: (attribute: string, name: string) => `Accept the proposal for ${attribute} of ${name}`,
  acceptSafe: 'Accept safe ones',
  acceptAll: 'Accept all',
  acceptNone: 'Accept none',
  accepted: (n: number) => `${number.format(n)} accepted`,
  safe: 'Safe',
  safeHint: 'Takes nothing away that could have worked, and guesses nothing.',
  remove: 'Take the value away',
  keep: 'Keep it here',
  none: 'A person must decide',
  noValue: '(no value)',
  also: 'Also:',

  ldif: 'Download LDIF',
  undo: 'Download the undo',
  csv: 'Download CSV',
  apply: 'Apply it with an account that may write to the directory; the undo takes it back. A value that changed meanwhile is left alone.',
  csvColumns: ['distinguishedName', 'class', 'attribute', 'error', 'severity', 'rules', 'value', 'action', 'update', 'safe', 'accepted', 'note', 'others'],

  classes: { user: 'User', group: 'Group', contact: 'Contact' },
  severities: { error: 'Error', warning: 'Warning' },
  kinds: {
    character: 'Character',
    format: 'Format',
    topLevelDomain: 'Top-level domain',
    domainPart: 'Domain part',
    localPart: 'Local part',
    length: 'Length',
    duplicate: 'Duplicate',
    blank: 'Blank',
    mailMatch: 'Mail match',
  } satisfies Record<ProblemKind, string> as Record<ProblemKind, string>,
  /** By a rule's name; one without an entry is told in the client's own English words. */
  rules: {} as Record<string, string>,
};

export type PrecheckWords = typeof precheck;
