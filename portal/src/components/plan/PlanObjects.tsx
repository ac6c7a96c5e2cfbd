// The objects of a plan: each opens to its differences, before and after, with the rule that gave each value. Drawn a
// hundred at a time.
import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  Badge,
  Button,
  makeStyles,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useState } from 'react';
import type { PlanItem } from '../../api/types';
import { showValue } from '../../lib/values';
import { t } from '../../messages';
import { words } from '../../messages/plan';

const STEP = 100;

const useStyles = makeStyles({
  head: { display: 'flex', alignItems: 'center', gap: '4px 8px', minWidth: 0, width: '100%', flexWrap: 'wrap' },
  name: { overflowWrap: 'anywhere', fontWeight: tokens.fontWeightSemibold },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  loss: { color: tokens.colorStatusDangerForeground3, fontSize: tokens.fontSizeBase200 },
  changes: { display: 'grid', gap: '10px', margin: '8px 0 12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  change: {
    display: 'grid',
    gridTemplateColumns: '180px minmax(0, 1fr) minmax(0, 1fr)',
    gap: '2px 16px',
    '@media (max-width: 600px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  value: { overflowWrap: 'anywhere', whiteSpace: 'pre-line' },
  more: { display: 'flex', justifyContent: 'center', paddingTop: '8px' },
});

/** The list. `name` tells it from others on the page. */
export function PlanObjects({ items, name }: { items: readonly PlanItem[]; name: string }) {
  const styles = useStyles();
  const [shown, setShown] = useState(STEP);
  const rest = items.length - shown;
  return (
    <div role="group" aria-label={name}>
      <Accordion multiple collapsible>
        {items.slice(0, shown).map((item) => (
          <Item key={`${item.kind} ${item.anchor}`} item={item} />
        ))}
      </Accordion>
      {rest > 0 && (
        <div className={styles.more}>
          <Button onClick={() => setShown(shown + STEP)}>{words.more(Math.min(STEP, rest))}</Button>
        </div>
      )}
    </div>
  );
}

export const badge = { create: 'success', update: 'informative', delete: 'danger' } as const;

function Item({ item }: { item: PlanItem }) {
  const styles = useStyles();
  const changes = item.changes?.length ?? 0;
  return (
    <AccordionItem value={`${item.kind} ${item.anchor}`} data-item={item.anchor} data-action={item.action}>
      <AccordionHeader as="h3" size="small">
        <span className={styles.head}>
          <Badge appearance="tint" color={badge[item.action]}>
            {t.actions[item.action]}
          </Badge>
          <span className={styles.name}>{item.name}</span>
          <span className={styles.quiet}>{item.reason ? `${t.kind(item.kind)}, ${t.reasons[item.reason]}` : t.kind(item.kind)}</span>
          {item.action === 'update' && changes > 0 && <span className={styles.quiet}>{words.changes(changes)}</span>}
          {item.membersAdded + item.membersRemoved > 0 && (
            <span className={item.membersRemoved > 0 ? styles.loss : styles.quiet}>{words.memberChange(item.membersAdded, item.membersRemoved)}</span>
          )}
        </span>
      </AccordionHeader>
      <AccordionPanel>
        <Differences item={item} />
      </AccordionPanel>
    </AccordionItem>
  );
}

/** What becomes of one object: its properties, its manager, its members. */
export function Differences({ item }: { item: PlanItem }) {
  const styles = useStyles();
  return (
    <>
      {item.dn !== undefined && <Text className={styles.quiet}>{item.dn}</Text>}
      <div className={styles.changes}>
        {(item.changes ?? []).map((change) => (
          <Change
            key={change.property}
            property={t.users.properties[change.property] ?? change.property}
            before={showValue(change.before)}
            after={showValue(change.after)}
            rule={change.rule}
          />
        ))}
        {item.manager && <Change property={words.manager} before={item.manager[0] ?? ''} after={item.manager[1] ?? ''} />}
        {item.membersAdded + item.membersRemoved > 0 && <Text>{t.plan.members(item.membersAdded, item.membersRemoved)}</Text>}
        {item.action === 'delete' && <Text>{words.gone}</Text>}
        {item.action === 'create' && (item.changes ?? []).length === 0 && <Text>{words.whole}</Text>}
      </div>
    </>
  );
}

function Change({ property, before, after, rule }: { property: string; before: string; after: string; rule?: string }) {
  const styles = useStyles();
  return (
    <div className={styles.change}>
      <Text weight="semibold">
        {property}
        {rule !== undefined && (
          <span className={styles.quiet} style={{ display: 'block', fontWeight: 'normal' }}>
            {rule}
          </span>
        )}
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
