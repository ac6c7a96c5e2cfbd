// The words of the charts: changes and time over a day, a week, a month; a run's steps as a picture.
const number = new Intl.NumberFormat('en');
const count = (n: number, one: string, many: string) => `${number.format(n)} ${n === 1 ? one : many}`;

export const charts = {
  title: 'Changes and time',
  range: 'Time shown',
  ranges: { day: '24 hours', week: '7 days', month: '30 days' },
  changes: 'Changes',
  time: 'Time from reading to written, per run',
  kinds: { created: 'Created', updated: 'Changed', deleted: 'Deleted', members: 'Memberships' },
  mean: 'Mean',
  longest: 'Longest',
  failed: 'A run failed',
  none: 'No run ended in this time.',
  step: (text: string) => `Each bar is ${text}.`,
  hours: (n: number) => count(n, 'hour', 'hours'),
  minutes: (n: number) => count(n, 'minute', 'minutes'),
  changesLabel: (created: number, updated: number, deleted: number, members: number) =>
    `Changes over the time shown: ${number.format(created)} created, ${number.format(updated)} changed, ${number.format(deleted)} deleted, ${number.format(members)} memberships.`,
  timeLabel: (mean: string, longest: string) => `Time per run: ${mean} on average, ${longest} at most.`,
  part: (when: string, created: number, updated: number, deleted: number, members: number) =>
    `${when}: ${number.format(created)} created, ${number.format(updated)} changed, ${number.format(deleted)} deleted, ${number.format(members)} memberships`,
  partTime: (when: string, runs: number, mean: string, longest: string) => `${when}: ${count(runs, 'run', 'runs')}, ${mean} on average, ${longest} at most`,
  table: 'As a table',
  columns: { at: 'From', runs: 'Runs', failed: 'Failed' },
  stepsLabel: 'The run’s steps, one after the other',
  stepWords: (name: string, took: string, objects: number) => `${name}: ${took}, ${count(objects, 'object', 'objects')}`,
  outcomes: { unchanged: 'Unchanged', restored: 'Restored', missing: 'Missing' } as Record<string, string>,
  rate: (n: number) => `${number.format(n)} objects a second`,
  countsLabel: 'What the run did, by object type',
  driftTitle: 'Drift: what had been missed, and was put right',
  drift: { added: 'Missed additions', changed: 'Missed changes', removed: 'Missed removals' },
};

export type ChartWords = typeof charts;
