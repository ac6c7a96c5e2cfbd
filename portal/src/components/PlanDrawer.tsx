// Preview: what the next cycle would write, object by object, before and after. Nothing is written.
import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  Badge,
  Button,
  makeStyles,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useEffect } from 'react';
import { useOrder } from '../api/queries';
import type { PlanItem, PlanReport, PropertyValue } from '../api/types';
import { t } from '../messages';
import { Banner } from './Banner';
import { Failure, Notice } from './Failure';
import { Pane } from './Pane';
import { PlanCounts } from './PlanCounts';
import { OrderOutcome } from './SyncCommands';
import { Time } from './Time';

const LIMIT = 200;

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', gridTemplateColumns: 'minmax(0, 1fr)' },
  head: { display: 'flex', alignItems: 'center', gap: '8px', minWidth: 0, width: '100%' },
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  quiet: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  wait: { padding: '48px 0' },
  changes: { display: 'grid', gap: '8px', margin: '8px 0 12px' },
  change: {
    display: 'grid',
    gridTemplateColumns: '160px minmax(0, 1fr) minmax(0, 1fr)',
    gap: '2px 12px',
    '@media (max-width: 600px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  value: { overflowWrap: 'anywhere', whiteSpace: 'pre-line' },
  title: { margin: 0 },
});

export function PlanDrawer({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Pane open={open} onClose={onClose} title={t.plan.title} wide>
      {open && <Preview />}
    </Pane>
  );
}

function Preview() {
  const styles = useStyles();
  const order = useOrder();
  const { mutate } = order;
  useEffect(() => mutate({ order: 'preview', limit: LIMIT }), [mutate]);
  const again = () => mutate({ order: 'preview', limit: LIMIT });

  if (order.error) return <Failure error={order.error} onRetry={again} />;
  if (order.data?.answer === 'plan') return <Report plan={order.data.plan} onAgain={again} />;
  if (order.data) return <OrderOutcome order={order} />;
  return (
    <div className={styles.wait} role="status">
      <Spinner label={t.plan.working} labelPosition="below" />
    </div>
  );
}

function isEmpty(plan: PlanReport): boolean {
  return Object.values(plan.summary.counts).every(
    (c) => c.create + c.update + c.delete + c.membersAdded + c.membersRemoved === 0,
  );
}

function Report({ plan, onAgain }: { plan: PlanReport; onAgain: () => void }) {
  const styles = useStyles();
  const { summary } = plan;
  return (
    <div className={styles.stack}>
      {summary.verdict.kind === 'held' && (
        <Banner intent="error" long>
          {summary.verdict.reason} {summary.verdict.remedy}
        </Banner>
      )}
      {isEmpty(plan) ? (
        <Notice title={t.plan.nothing} text={t.plan.nothingHint} />
      ) : (
        <>
          <PlanCounts counts={summary.counts} />
          <Text as="h3" weight="semibold" className={styles.title}>
            {t.plan.items}
          </Text>
          {plan.truncated && <Text className={styles.quiet}>{t.plan.truncated(plan.items.length)}</Text>}
          <Accordion multiple collapsible>
            {plan.items.map((item) => (
              <Item key={`${item.kind} ${item.anchor}`} item={item} />
            ))}
          </Accordion>
        </>
      )}
      {plan.errors.length > 0 && (
        <>
          <Text as="h3" weight="semibold" className={styles.title}>
            {t.plan.errors(plan.errors.length)}
          </Text>
          {plan.errors.map((error, index) => (
            <Text key={index}>
              {error.message} {error.remedy}
            </Text>
          ))}
        </>
      )}
      <div>
        <Button onClick={onAgain}>{t.plan.again}</Button>{' '}
        <Text className={styles.quiet}>
          {t.plan.made} <Time instant={summary.madeAt} />
        </Text>
      </div>
    </div>
  );
}

const badge = { create: 'success', update: 'brand', delete: 'danger' } as const;

function Item({ item }: { item: PlanItem }) {
  const styles = useStyles();
  return (
    <AccordionItem value={`${item.kind} ${item.anchor}`}>
      <AccordionHeader as="h3" size="small">
        <span className={styles.head}>
          <Badge appearance="tint" color={badge[item.action]}>
            {t.actions[item.action]}
          </Badge>
          <span className={styles.name}>{item.name}</span>
          <span className={styles.quiet}>{item.reason ? t.reasons[item.reason] : t.kind(item.kind)}</span>
        </span>
      </AccordionHeader>
      <AccordionPanel>
        {item.dn && <Text className={styles.quiet}>{item.dn}</Text>}
        <div className={styles.changes}>
          {(item.changes ?? []).map((change) => (
            <Change key={change.property} property={change.property} before={showValue(change.before)} after={showValue(change.after)} rule={change.rule} />
          ))}
          {item.manager && <Change property={t.plan.managerChanges} before={item.manager[0] ?? ''} after={item.manager[1] ?? ''} />}
          {item.membersAdded + item.membersRemoved > 0 && <Text>{t.plan.members(item.membersAdded, item.membersRemoved)}</Text>}
        </div>
      </AccordionPanel>
    </AccordionItem>
  );
}

function Change({ property, before, after, rule }: { property: string; before: string; after: string; rule?: string }) {
  const styles = useStyles();
  return (
    <div className={styles.change}>
      <Text weight="semibold">
        {property}
        {rule !== undefined && <span className={styles.quiet} style={{ display: 'block' }}>{rule}</span>}
      </Text>
      <Side label={t.plan.before} value={before} />
      <Side label={t.plan.after} value={after} />
    </div>
  );
}

function Side({ label, value }: { label: string; value: string }) {
  const styles = useStyles();
  return (
    <div>
      <Text className={styles.quiet} block>
        {label}
      </Text>
      <Text className={styles.value}>{value === '' ? '–' : value}</Text>
    </div>
  );
}

/** A property's value in words; empty where there is none. */
export function showValue(value: PropertyValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? t.yes : t.no;
  return Array.isArray(value) ? value.join('\n') : value;
}
