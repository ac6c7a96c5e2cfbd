// A moment: how long ago, ticking by itself, with the exact moment in the title or beside it.
import { makeStyles, tokens } from '@fluentui/react-components';
import { useSyncExternalStore } from 'react';
import { absoluteTime, onTick, relativeTime, serverNowMs } from '../lib/time';
import { t } from '../messages';

const useStyles = makeStyles({
  exact: { display: 'block', color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

/** How long ago `instant` was; redraws only when the words change. */
export function useRelativeTime(instant: string): string {
  return useSyncExternalStore(onTick, () => relativeTime(instant, serverNowMs(), t.locale));
}

interface Props {
  instant: string | null | undefined;
  /** Shows the exact moment on a second line. */
  exact?: boolean;
}

export function Time({ instant, exact = false }: Props) {
  if (!instant) return <span>{t.never}</span>;
  return <Moment instant={instant} exact={exact} />;
}

function Moment({ instant, exact }: { instant: string; exact: boolean }) {
  const styles = useStyles();
  const relative = useRelativeTime(instant);
  const absolute = absoluteTime(instant, t.dateLocale);
  return (
    <time dateTime={instant} title={absolute}>
      {relative}
      {exact && <span className={styles.exact}>{absolute}</span>}
    </time>
  );
}
