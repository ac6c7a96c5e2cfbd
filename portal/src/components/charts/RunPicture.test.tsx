import { FluentProvider, webLightTheme } from '@fluentui/react-components';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { Run } from '../../api/types';
import { words } from '../../messages/charts';
import { linesOf, RunCounts, RunDrift, RunSteps } from './RunPicture';

const run: Run = {
  client: 'c',
  id: 'r',
  trigger: 'cycle',
  startedAt: '2026-11-22T21:00:00Z',
  endedAt: '2026-11-22T21:00:10Z',
  result: 'success',
  steps: [
    { name: 'Full Import', millis: 4_000, objects: 8_000 },
    { name: 'Synchronization', millis: 1_000, objects: 10 },
    { name: 'Export', millis: 3_000, objects: 30 },
  ],
  counts: { user: { created: 3, unchanged: 7 }, group: { created: 0 } },
  membersAdded: 0,
  membersRemoved: 0,
  objectErrors: 0,
};

it('steps follow one another, as shares of the run', () => {
  expect(linesOf(run)).toEqual([
    { from: 0, share: 0.4 },
    { from: 0.4, share: 0.1 },
    { from: 0.5, share: 0.3 },
  ]);
  // The record of a minute of live changes: its work is the whole.
  expect(linesOf({ ...run, trigger: 'live' }).at(-1)).toEqual({ from: 5 / 8, share: 3 / 8 });
  expect(linesOf({ ...run, steps: [] })).toEqual([]);
});

it('each step says its time, its objects and its pace', () => {
  render(
    <FluentProvider theme={webLightTheme}>
      <RunSteps run={run} />
      <RunCounts run={run} />
      <RunDrift drift={{ users: { added: 1, changed: 2, removed: 0 }, groups: { added: 0, changed: 0, removed: 4 } }} />
    </FluentProvider>,
  );
  expect(screen.getByRole('img', { name: words.stepWords('Full Import', '4.0 s', 8_000) })).toBeTruthy();
  expect(screen.getByText(words.rate(2_000))).toBeTruthy();
  const counts = screen.getByRole('table', { name: words.countsLabel });
  expect(counts.textContent).toContain('Users37');
  expect(counts.textContent).not.toContain('Groups');
  expect(screen.getByRole('table', { name: words.driftTitle }).textContent).toContain('Groups004');
});
