// Where an object's values come from: asked of the sync client, which has the directory's entry and the rules.
import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components';
import { useOrder } from '../api/queries';
import type { Explanation } from '../api/types';
import { t } from '../messages';
import { Failure } from './Failure';
import { showValue } from '../lib/values';
import { OrderOutcome } from './SyncCommands';
import { Time } from './Time';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)', marginTop: '16px' },
  row: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    gap: '2px 12px',
    padding: '6px 0',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 600px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  list: { margin: 0 },
  value: { margin: 0, overflowWrap: 'anywhere', whiteSpace: 'pre-line' },
  rule: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
});

/** A button, and under it the explanation. `object`: an anchor or a distinguished name. */
export function Explain({ object }: { object: string }) {
  const styles = useStyles();
  const order = useOrder();
  const ask = () => order.mutate({ order: 'explain', object });
  return (
    <div className={styles.stack}>
      <div>
        <Button size="small" onClick={ask} disabled={order.isPending}>
          {t.explain.ask}
        </Button>
      </div>
      {order.isPending && <Spinner size="tiny" label={t.explain.working} />}
      {order.error && <Failure error={order.error} onRetry={ask} />}
      {order.data && <div role="status">{order.data.answer === 'explanation' ? <Told told={order.data.explanation} /> : <OrderOutcome order={order} />}</div>}
    </div>
  );
}

function Told({ told }: { told: Explanation }) {
  const styles = useStyles();
  return (
    <div className={styles.stack} style={{ marginTop: 0 }}>
      <Text>
        {t.explain.scope(told)} {told.next.kind === 'triedAgain' ? <>{t.explain.refused} <Time instant={told.next.at} /></> : t.explain.next(told.next.kind)}
      </Text>
      {(told.errors ?? []).map((error, index) => (
        <Text key={index}>
          {error.message} {error.remedy}
        </Text>
      ))}
      <dl className={styles.list} aria-label={t.explain.values}>
        {(told.values ?? []).map((value) => (
          <div key={value.property} className={styles.row}>
            <dt>
              <Text weight="semibold" block>
                {t.users.properties[value.property] ?? value.property}
              </Text>
              <span className={styles.rule}>{value.rule}</span>
            </dt>
            <dd className={styles.value}>{value.value === undefined ? '–' : showValue(value.value)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
