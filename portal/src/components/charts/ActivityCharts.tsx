// Changes and time over a day, a week or a month: what runs did, and how long they took, part by part. Two charts over
// one axis of time, and the same as a table.
import {
  makeStyles,
  Radio,
  RadioGroup,
  SkeletonItem,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { useActivity } from '../../api/activity';
import type { ActivityAnswer, ActivityPart } from '../../api/types';
import { changeKinds, changesOf, meanOf, rangeOf, ranges, roundUp, totalOf, type Range } from '../../lib/activity';
import { absoluteTime, duration } from '../../lib/time';
import { useUrlState } from '../../lib/useUrlState';
import { t } from '../../messages';
import { words } from '../../messages/charts';
import { Failure } from '../Failure';
import { Section } from '../Section';
import { useChangeColours } from './colours';

const WIDTH = 720;
const HIGH = 140;
const LOW = 72;
const GAP = 1.5;
const LEAST_BAR = 1.5;

const useStyles = makeStyles({
  body: { minHeight: '356px', display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)', alignContent: 'start' },
  chart: { display: 'grid', gridTemplateColumns: '64px minmax(0, 1fr)', gap: '2px 8px' },
  axis: {
    display: 'flex',
    flexDirection: 'column',
    justifyContent: 'space-between',
    alignItems: 'flex-end',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    fontVariantNumeric: 'tabular-nums',
  },
  svg: { display: 'block', width: '100%', overflow: 'visible' },
  times: { gridColumn: 2, display: 'flex', justifyContent: 'space-between', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  legend: { display: 'flex', flexWrap: 'wrap', gap: '4px 16px', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, alignItems: 'center' },
  mark: { display: 'inline-block', width: '10px', height: '10px', borderRadius: '2px', marginRight: '6px', forcedColorAdjust: 'none' },
  title: { margin: 0 },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  table: { marginTop: '8px', maxHeight: '320px', overflow: 'auto' },
  summary: { cursor: 'pointer', color: tokens.colorBrandForegroundLink, width: 'fit-content' },
});

export function ActivityCharts() {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const range = rangeOf(params.get('range'));
  const activity = useActivity(range);
  return (
    <Section
      title={words.title}
      actions={
        <RadioGroup
          layout="horizontal"
          aria-label={words.range}
          value={range}
          onChange={(_, data) => change({ range: data.value === 'day' ? undefined : data.value }, { replace: true })}
        >
          {(Object.keys(ranges) as Range[]).map((each) => (
            <Radio key={each} value={each} label={words.ranges[each]} />
          ))}
        </RadioGroup>
      }
    >
      <div className={styles.body} aria-busy={activity.isPending}>
        {activity.isError && !activity.data ? (
          <Failure error={activity.error} onRetry={() => void activity.refetch()} />
        ) : activity.data ? (
          <Charts activity={activity.data} range={range} />
        ) : (
          <SkeletonItem style={{ height: '320px' }} />
        )}
      </div>
    </Section>
  );
}

/** A moment as short as the range allows: the hour of a day, else the day. */
function short(instant: string, range: Range): string {
  const form: Intl.DateTimeFormatOptions = range === 'day' ? { hour: '2-digit', minute: '2-digit' } : { day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat(t.dateLocale, form).format(new Date(instant));
}

function Charts({ activity, range }: { activity: ActivityAnswer; range: Range }) {
  const styles = useStyles();
  const parts = activity.value;
  const total = totalOf(parts);
  const minutes = activity.stepSeconds / 60;
  const middle = parts[Math.floor(parts.length / 2)];
  const times = (
    <div className={styles.times} aria-hidden>
      <span>{short(activity.from, range)}</span>
      {middle && <span>{short(middle.at, range)}</span>}
      <span>{short(activity.to, range)}</span>
    </div>
  );
  return (
    <>
      <p data-print hidden>
        {words.ranges[range]}
      </p>
      <Legend />
      <Changes parts={parts} label={words.changesLabel(total.created, total.updated, total.deleted, total.members)}>
        {times}
      </Changes>
      <Text as="h3" size={300} weight="semibold" className={styles.title}>
        {words.time}
      </Text>
      <Times parts={parts} label={words.timeLabel(duration(meanOf(total)), duration(total.longestMillis))}>
        {times}
      </Times>
      <Text className={styles.quiet}>
        {total.runs === 0
          ? words.none
          : `${words.timeLabel(duration(meanOf(total)), duration(total.longestMillis))} ${words.step(minutes % 60 === 0 ? words.hours(minutes / 60) : words.minutes(minutes))}`}
      </Text>
      <AsTable parts={parts} />
    </>
  );
}

function Legend() {
  const styles = useStyles();
  const colours = useChangeColours();
  return (
    <div className={styles.legend}>
      {changeKinds.map((kind) => (
        <span key={kind}>
          <span className={styles.mark} style={{ backgroundColor: colours[kind] }} aria-hidden />
          {words.kinds[kind]}
        </span>
      ))}
    </div>
  );
}

interface ChartProps {
  parts: ActivityPart[];
  label: string;
  children: ReactNode;
}

function Changes({ parts, label, children }: ChartProps) {
  const styles = useStyles();
  const colours = useChangeColours();
  const end = roundUp(Math.max(...parts.map(changesOf)));
  const slot = WIDTH / parts.length;
  return (
    <div className={styles.chart}>
      <div className={styles.axis} aria-hidden>
        <span>{t.number(end)}</span>
        <span>{t.number(0)}</span>
      </div>
      <svg className={styles.svg} style={{ height: `${HIGH}px` }} viewBox={`0 0 ${WIDTH} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label={label}>
        <line x1="0" x2={WIDTH} y1="0.5" y2="0.5" stroke={tokens.colorNeutralStroke2} />
        <line x1="0" x2={WIDTH} y1={HIGH - 0.5} y2={HIGH - 0.5} stroke={tokens.colorNeutralStroke1} />
        {parts.map((part, index) => {
          let y = HIGH;
          return (
            <g key={part.at}>
              <title>{words.part(absoluteTime(part.at, t.dateLocale), part.created, part.updated, part.deleted, part.members)}</title>
              {/* The whole height answers the mouse. */}
              <rect x={index * slot} y="0" width={slot} height={HIGH} fill="transparent" />
              {changeKinds.map((kind) => {
                if (part[kind] === 0) return null;
                const height = Math.max(LEAST_BAR, (part[kind] / end) * HIGH);
                y -= height;
                return <rect key={kind} x={index * slot + GAP / 2} y={y} width={slot - GAP} height={height} fill={colours[kind]} />;
              })}
            </g>
          );
        })}
      </svg>
      {children}
    </div>
  );
}

function Times({ parts, label, children }: ChartProps) {
  const styles = useStyles();
  const colours = useChangeColours();
  const end = roundUp(Math.max(...parts.map((part) => part.longestMillis)));
  const slot = WIDTH / parts.length;
  // The square root keeps the time of one change visible beside that of a full read.
  const height = (millis: number) => Math.sqrt(millis / end) * LOW;
  return (
    <div className={styles.chart}>
      <div className={styles.axis} aria-hidden>
        <span>{duration(end)}</span>
        <span>{duration(0)}</span>
      </div>
      <svg className={styles.svg} style={{ height: `${LOW}px` }} viewBox={`0 0 ${WIDTH} ${LOW}`} preserveAspectRatio="none" role="img" aria-label={label}>
        <line x1="0" x2={WIDTH} y1="0.5" y2="0.5" stroke={tokens.colorNeutralStroke2} />
        <line x1="0" x2={WIDTH} y1={LOW - 0.5} y2={LOW - 0.5} stroke={tokens.colorNeutralStroke1} />
        {parts.map((part, index) => {
          if (part.runs === 0) return null;
          const mean = meanOf(part);
          const longest = Math.max(LEAST_BAR, height(part.longestMillis));
          return (
            <g key={part.at}>
              <title>
                {words.partTime(absoluteTime(part.at, t.dateLocale), part.runs, duration(mean), duration(part.longestMillis))}
                {part.failed > 0 ? `. ${words.failed}` : ''}
              </title>
              <rect x={index * slot + GAP / 2} y={LOW - longest} width={slot - GAP} height={longest} fill={part.failed > 0 ? colours.deleted : colours.updated} opacity="0.35" />
              <rect
                x={index * slot + GAP / 2}
                y={LOW - Math.max(LEAST_BAR, height(mean))}
                width={slot - GAP}
                height={Math.max(LEAST_BAR, height(mean))}
                fill={part.failed > 0 ? colours.deleted : colours.updated}
              />
            </g>
          );
        })}
      </svg>
      {children}
    </div>
  );
}

/** The parts in which something happened. */
function AsTable({ parts }: { parts: ActivityPart[] }) {
  const styles = useStyles();
  const busy = parts.filter((part) => part.runs > 0).reverse();
  if (busy.length === 0) return null;
  const numbers = [...changeKinds.map((kind) => words.kinds[kind]), words.columns.runs, words.columns.failed, words.mean, words.longest];
  return (
    <details>
      <summary className={styles.summary}>{words.table}</summary>
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.table} tabIndex={0} role="region" aria-label={words.title}>
        <Table size="small" aria-label={words.title}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell>{words.columns.at}</TableHeaderCell>
              {numbers.map((name) => (
                <TableHeaderCell key={name}>{name}</TableHeaderCell>
              ))}
            </TableRow>
          </TableHeader>
          <TableBody>
            {busy.map((part) => (
              <TableRow key={part.at}>
                <TableCell>{absoluteTime(part.at, t.dateLocale)}</TableCell>
                {changeKinds.map((kind) => (
                  <TableCell key={kind}>{t.number(part[kind])}</TableCell>
                ))}
                <TableCell>{t.number(part.runs)}</TableCell>
                <TableCell>{t.number(part.failed)}</TableCell>
                <TableCell>{duration(meanOf(part))}</TableCell>
                <TableCell>{duration(part.longestMillis)}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </div>
    </details>
  );
}
