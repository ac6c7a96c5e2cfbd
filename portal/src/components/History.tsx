// What became of objects, newest first: when, what changed from what to what, by which rule, in which run. Of one
// object in its pane, of one run below its steps.
import { Badge, Button, makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import { useHistory, type HistoryFilter } from '../api/queries';
import type { HistoryMember, HistoryOutcome, HistoryRow } from '../api/types';
import { t } from '../messages';
import { AppLink } from './AppLink';
import { Failure } from './Failure';
import { PageSkeleton } from './PageSkeleton';
import { showValue } from '../lib/values';
import { Time } from './Time';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)' },
  row: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: '6px',
    padding: '10px 0',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    ':last-child': { borderBottom: 'none' },
  },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '4px 10px' },
  time: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, marginLeft: 'auto' },
  changes: { margin: 0, display: 'grid', gap: '6px' },
  value: { margin: 0, overflowWrap: 'anywhere', whiteSpace: 'pre-line' },
  before: { color: tokens.colorNeutralForeground2, textDecorationLine: 'line-through' },
  quiet: { color: tokens.colorNeutralForeground2 },
  rule: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  more: { display: 'flex', justifyContent: 'center', paddingTop: '8px' },
});

const colors: Record<HistoryOutcome, 'success' | 'informative' | 'danger' | 'warning'> = {
  created: 'success',
  matched: 'success',
  restored: 'success',
  updated: 'informative',
  membership: 'informative',
  recalculated: 'informative',
  purged: 'danger',
  deleted: 'warning',
  refused: 'danger',
  errorIgnored: 'informative',
  errorShown: 'warning',
};

/** The history that a filter leaves. `of`: whose it is, which then need not be said in each row. */
export function History({ filter, of }: { filter: HistoryFilter; of: 'object' | 'run' }) {
  const styles = useStyles();
  const history = useHistory(filter);
  const rows = history.data?.pages.flatMap((page) => page.value);
  if (history.isError && !rows) return <Failure error={history.error} onRetry={() => void history.refetch()} />;
  if (!rows) return <PageSkeleton />;
  return (
    <div>
      {rows.length === 0 && !history.hasNextPage && (
        <Text className={styles.quiet}>{of === 'object' ? t.history.nothing : t.history.nothingFound}</Text>
      )}
      <ul className={styles.list} aria-label={t.history.title} aria-busy={history.isFetching}>
        {rows.map((row) => (
          <HistoryItem key={row.id} row={row} of={of} />
        ))}
      </ul>
      {history.hasNextPage && (
        <div className={styles.more}>
          <Button size="small" onClick={() => void history.fetchNextPage()} disabledFocusable={history.isFetching}>
            {t.history.more}
          </Button>
        </div>
      )}
    </div>
  );
}

/** One change. */
export function HistoryItem({ row, of }: { row: HistoryRow; of: 'object' | 'run' }) {
  const styles = useStyles();
  const { kind, id, name } = row.object;
  return (
    <li className={styles.row}>
      <div className={styles.head}>
        <Badge appearance="tint" color={colors[row.outcome]}>
          {t.history.outcomes[row.outcome]}
        </Badge>
        {of === 'run' && (id ? <AppLink to={`/${kind}s?${kind}=${id}`}>{name}</AppLink> : <Text>{name}</Text>)}
        {of === 'object' && row.run && <AppLink to={`/dirsync/runs?run=${row.run}`}>{t.history.run}</AppLink>}
        {of === 'object' && !row.client && <Text className={styles.rule}>{row.actor ? t.history.by(row.actor) : t.history.byTenant}</Text>}
        <span className={styles.time}>
          <Time instant={row.at} />
        </span>
      </div>
      {(row.changes ?? []).length > 0 && (
        <dl className={styles.changes}>
          {(row.changes ?? []).map((change) => (
            <div key={change.property}>
              <dt>
                <Text weight="semibold">{t.users.properties[change.property] ?? change.property}</Text>{' '}
                {change.rule && <span className={styles.rule}>{change.rule}</span>}
              </dt>
              <dd className={styles.value}>
                {change.before !== undefined && (
                  <del className={mergeClasses(styles.value, styles.before)}>{showValue(change.before)}</del>
                )}{' '}
                {change.after === undefined ? <Text className={styles.quiet}>{t.history.removed}</Text> : showValue(change.after)}
              </dd>
            </div>
          ))}
        </dl>
      )}
      <Members word={t.history.membersAdded} count={row.membersAdded ?? 0} named={row.added ?? []} />
      <Members word={t.history.membersRemoved} count={row.membersRemoved ?? 0} named={row.removed ?? []} />
      {(row.errors ?? []).map((code) => (
        <Text key={code} className={styles.quiet}>
          {t.history.error(t.code(code))}
        </Text>
      ))}
    </li>
  );
}

const NAMED = 8;

function Members({ word, count, named }: { word: (n: number) => string; count: number; named: HistoryMember[] }) {
  if (count === 0) return null;
  const shown = named.slice(0, NAMED).map((member) => member.name ?? member.anchor ?? member.id ?? '');
  if (count > shown.length) shown.push(t.history.andMore(count - shown.length));
  return <Text>{`${word(count)}: ${shown.join(', ')}`}</Text>;
}
