// Recent runs as small bars: height is the duration, colour the result.
import { makeStyles, SkeletonItem, Text, tokens } from '@fluentui/react-components';
import type { Run } from '../api/types';
import { absoluteTime, duration } from '../lib/time';
import { t } from '../messages';
import { resultLook, type Intent } from './StateIcon';

const HEIGHT = 72;
const SLOTS = 30;
const SLOT = 14;
const BAR = 9;

const colours: Record<Intent, string> = {
  success: tokens.colorStatusSuccessForeground3,
  warning: tokens.colorStatusWarningForeground3,
  error: tokens.colorStatusDangerForeground3,
  info: tokens.colorBrandForeground1,
  neutral: tokens.colorNeutralForeground3,
};

const useStyles = makeStyles({
  root: { height: `${HEIGHT + 20}px` },
  svg: { display: 'block', width: '100%', height: `${HEIGHT}px` },
  caption: { color: tokens.colorNeutralForeground3, lineHeight: '20px' },
});

/** How long a run took, in milliseconds. */
export function millisOf(run: Run): number {
  return Math.max(0, Date.parse(run.endedAt) - Date.parse(run.startedAt));
}

export function RunBars({ runs }: { runs: Run[] | undefined }) {
  const styles = useStyles();
  if (!runs) {
    return (
      <div className={styles.root}>
        <SkeletonItem style={{ height: `${HEIGHT}px` }} />
      </div>
    );
  }
  const shown = runs.slice(0, SLOTS).reverse();
  const longest = Math.max(1, ...shown.map(millisOf));
  const label = `${t.home.runsChart}: ${[...shown].reverse().slice(0, 5).map(words).join('; ')}`;
  return (
    <div className={styles.root}>
      <svg
        className={styles.svg}
        viewBox={`0 0 ${SLOTS * SLOT} ${HEIGHT}`}
        preserveAspectRatio="xMinYMax meet"
        role="img"
        aria-label={label}
      >
        <line x1="0" x2={SLOTS * SLOT} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} stroke={tokens.colorNeutralStroke2} />
        {shown.map((run, index) => {
          // The square root keeps a short run visible beside a long one.
          const height = Math.max(3, Math.sqrt(millisOf(run) / longest) * (HEIGHT - 4));
          return (
            <rect
              key={run.id}
              x={index * SLOT}
              y={HEIGHT - height}
              width={BAR}
              height={height}
              rx="1.5"
              fill={colours[resultLook[run.result].intent]}
            >
              <title>{words(run)}</title>
            </rect>
          );
        })}
      </svg>
      {shown.length > 0 && (
        <Text size={200} className={styles.caption}>
          {t.home.longest(duration(longest))}
        </Text>
      )}
    </div>
  );
}

function words(run: Run): string {
  return t.home.runBar(absoluteTime(run.startedAt, t.dateLocale), t.results[run.result], duration(millisOf(run)));
}
