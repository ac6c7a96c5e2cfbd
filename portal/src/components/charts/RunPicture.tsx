// A run as a picture: its steps one after the other on one line of time, with what each handled; what it did by type of
// object; and, of a read of the whole directory, what had been missed.
import { makeStyles, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import type { Drift, Kind, Run } from '../../api/types';
import { driftOf } from '../../lib/drift';
import { duration } from '../../lib/time';
import { t } from '../../messages';
import { words } from '../../messages/charts';
import { millisOf } from '../RunBars';

const useStyles = makeStyles({
  scroll: { overflowX: 'auto', maxWidth: '820px' },
  steps: { minWidth: '560px' },
  name: { width: '24%' },
  line: { width: '40%' },
  track: { position: 'relative', height: '18px', backgroundColor: tokens.colorNeutralBackground3, borderRadius: tokens.borderRadiusSmall, overflow: 'hidden' },
  bar: {
    position: 'absolute',
    top: 0,
    bottom: 0,
    minWidth: '3px',
    backgroundColor: tokens.colorCompoundBrandBackground,
    borderRadius: tokens.borderRadiusSmall,
    '@media (forced-colors: active)': { backgroundColor: 'Highlight', forcedColorAdjust: 'none' },
  },
  right: { textAlign: 'right', fontVariantNumeric: 'tabular-nums' },
  rightHead: { '& > div': { justifyContent: 'flex-end' } },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  small: { maxWidth: '640px' },
  title: { margin: 0 },
});

/** Where each step begins and how long it is, as shares of the run. What is between steps is not told, and comes last. */
export function linesOf(run: Run): { from: number; share: number }[] {
  const worked = run.steps.reduce((sum, step) => sum + step.millis, 0);
  // A live run is one record for the work of a minute: there the steps are the whole.
  const whole = Math.max(1, run.trigger === 'live' ? worked : Math.max(worked, millisOf(run)));
  let from = 0;
  return run.steps.map((step) => {
    const line = { from: from / whole, share: step.millis / whole };
    from += step.millis;
    return line;
  });
}

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;

export function RunSteps({ run }: { run: Run }) {
  const styles = useStyles();
  const lines = linesOf(run);
  return (
    <div className={styles.scroll}>
      <Table size="small" className={styles.steps} aria-label={t.runs.steps}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell className={styles.name}>{t.runs.step.name}</TableHeaderCell>
            <TableHeaderCell className={styles.line}>{words.stepsLabel}</TableHeaderCell>
            <TableHeaderCell className={styles.rightHead}>{t.runs.step.objects}</TableHeaderCell>
            <TableHeaderCell className={styles.rightHead}>{t.runs.step.took}</TableHeaderCell>
          </TableRow>
        </TableHeader>
        <TableBody>
          {run.steps.map((step, index) => (
            <TableRow key={index}>
              <TableCell>{step.name}</TableCell>
              <TableCell>
                <div className={styles.track} role="img" aria-label={words.stepWords(step.name, duration(step.millis), step.objects)}>
                  <div
                    className={styles.bar}
                    style={{ left: `min(${percent(lines[index]?.from ?? 0)}, calc(100% - 3px))`, width: percent(lines[index]?.share ?? 0) }}
                  />
                </div>
              </TableCell>
              <TableCell className={styles.right}>
                {t.number(step.objects)}
                {step.millis >= 1_000 && step.objects > 0 && (
                  <Text block className={styles.quiet}>
                    {words.rate(Math.round((1_000 * step.objects) / step.millis))}
                  </Text>
                )}
              </TableCell>
              <TableCell className={styles.right}>{duration(step.millis)}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  );
}

/** What became of objects, in numbers: a row for each type, a column for each outcome that there was. */
export function RunCounts({ run }: { run: Run }) {
  const kinds = (Object.keys(t.kindCounts) as Kind[]).filter((kind) => Object.values(run.counts[kind] ?? {}).some((n) => n > 0));
  const outcomes = [...new Set(kinds.flatMap((kind) => Object.keys(run.counts[kind] ?? {})))].sort();
  if (kinds.length === 0) return null;
  const named = t.history.outcomes as Record<string, string>;
  return (
    <Numbers
      label={words.countsLabel}
      columns={outcomes.map((outcome) => named[outcome] ?? words.outcomes[outcome] ?? outcome)}
      rows={kinds.map((kind) => ({ name: t.kindCounts[kind], numbers: outcomes.map((outcome) => run.counts[kind]?.[outcome] ?? 0) }))}
    />
  );
}

const driftKinds = ['added', 'changed', 'removed'] as const;

export function RunDrift({ drift }: { drift: Drift }) {
  const styles = useStyles();
  return (
    <div data-drift={driftOf(drift)}>
      <Text as="h2" weight="semibold" block className={styles.title}>
        {words.driftTitle}
      </Text>
      <Text>{t.runs.drift(driftOf(drift))}</Text>
      {driftOf(drift) > 0 && (
        <Numbers
          label={words.driftTitle}
          columns={driftKinds.map((kind) => words.drift[kind])}
          rows={(['users', 'groups'] as const).map((kind) => ({
            name: kind === 'users' ? t.kindCounts.user : t.kindCounts.group,
            numbers: driftKinds.map((each) => drift[kind][each]),
          }))}
        />
      )}
    </div>
  );
}

function Numbers({ label, columns, rows }: { label: string; columns: ReactNode[]; rows: { name: string; numbers: number[] }[] }) {
  const styles = useStyles();
  return (
    <div className={styles.scroll}>
      <Table size="small" className={styles.small} aria-label={label}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>{t.plan.kind}</TableHeaderCell>
            {columns.map((column, index) => (
              <TableHeaderCell key={index} className={styles.rightHead}>
                {column}
              </TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {rows.map((row) => (
            <TableRow key={row.name}>
              <TableCell>{row.name}</TableCell>
              {row.numbers.map((number, index) => (
                <TableCell key={index} className={styles.right}>
                  {t.number(number)}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  );
}
