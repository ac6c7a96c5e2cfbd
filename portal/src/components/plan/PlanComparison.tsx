// A plan beside another: the preview before it, or the plan by a draft of the rules.
import { makeStyles, Select, Spinner, Text, tokens } from '@fluentui/react-components';
import { useMemo, useRef, useState } from 'react';
import { useDraftPlan, usePlanBefore } from '../../api/plan';
import type { PlanItem, PlanReport } from '../../api/types';
import { comparePlans } from '../../lib/plans';
import { t } from '../../messages';
import { words } from '../../messages/plan';
import { Banner } from '../Banner';
import { explain } from '../Failure';
import { Section } from '../Section';
import { Time } from '../Time';
import { Differences, PlanObjects } from './PlanObjects';

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  quiet: { color: tokens.colorNeutralForeground2 },
  stack: { display: 'grid', gap: '16px', marginTop: '16px', gridTemplateColumns: 'minmax(0, 1fr)' },
  title: { margin: 0 },
  pair: {
    display: 'grid',
    gap: '8px 24px',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    padding: '8px 0',
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 860px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  wide: { gridColumn: '1 / -1' },
});

type With = '' | 'before' | 'draft';

export function PlanComparison({ plan }: { plan: PlanReport }) {
  const styles = useStyles();
  const [other, setOther] = useState<With>('');
  const before = usePlanBefore();
  const draft = useDraftPlan();
  const file = useRef<HTMLInputElement>(null);
  const rival = other === 'before' ? before : other === 'draft' ? draft.data?.plan : undefined;
  return (
    <Section title={words.compare}>
      <div className={styles.bar}>
        <Select aria-label={words.compareWith} value={other} onChange={(_, data) => setOther(data.value as With)}>
          <option value="">{`${words.compareWith}: ${words.compareNone}`}</option>
          <option value="before">{`${words.compareWith}: ${words.compareBefore}`}</option>
          <option value="draft">{`${words.compareWith}: ${words.compareDraft}`}</option>
        </Select>
        {other === 'draft' && (
          <input
            ref={file}
            type="file"
            accept=".toml"
            aria-label={words.chooseDraft}
            onChange={(event) => {
              const chosen = event.target.files?.[0];
              if (chosen) draft.mutate(chosen);
            }}
          />
        )}
        {other === 'before' && !before && <Text className={styles.quiet}>{words.noBefore}</Text>}
        {other === 'before' && before && (
          <Text className={styles.quiet}>
            {words.madeAt} <Time instant={before.summary.madeAt} />
          </Text>
        )}
        {other === 'draft' && draft.data && <Text className={styles.quiet}>{words.draftOf(draft.data.file)}</Text>}
      </div>
      {other === 'draft' && draft.isPending && <Spinner label={words.draftWorking} labelPosition="after" />}
      {other === 'draft' && draft.error && (
        <Banner intent="error" long alert>
          {explain(draft.error).text}
        </Banner>
      )}
      {rival && <Differ plan={plan} other={rival} />}
    </Section>
  );
}

function Differ({ plan, other }: { plan: PlanReport; other: PlanReport }) {
  const styles = useStyles();
  const found = useMemo(() => comparePlans(plan, other), [plan, other]);
  const none = found.onlyNow.length + found.onlyOther.length + found.differs.length === 0;
  return (
    <div className={styles.stack} data-comparison>
      {found.cut && <Banner intent="warning">{words.cut}</Banner>}
      {none && <Text>{words.same}</Text>}
      <Only title={words.onlyNow(found.onlyNow.length)} items={found.onlyNow} />
      <Only title={words.onlyOther(found.onlyOther.length)} items={found.onlyOther} />
      {found.differs.length > 0 && (
        <div>
          <Text as="h3" weight="semibold" className={styles.title}>
            {words.differs(found.differs.length)}
          </Text>
          {found.differs.slice(0, PAIRS).map((pair) => (
            <div key={`${pair.now.kind} ${pair.now.anchor}`} className={styles.pair}>
              <Text weight="semibold" className={styles.wide}>
                {pair.now.name}
              </Text>
              <Half title={words.here} item={pair.now} />
              <Half title={words.there} item={pair.other} />
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** Pairs that are drawn: more than a person reads. */
const PAIRS = 200;

function Half({ title, item }: { title: string; item: PlanItem }) {
  const styles = useStyles();
  return (
    <div>
      <Text className={styles.quiet} block>{`${title}: ${t.actions[item.action]}`}</Text>
      <Differences item={item} />
    </div>
  );
}

function Only({ title, items }: { title: string; items: PlanItem[] }) {
  const styles = useStyles();
  if (items.length === 0) return null;
  return (
    <div>
      <Text as="h3" weight="semibold" className={styles.title}>
        {title}
      </Text>
      <PlanObjects items={items} name={title} />
    </div>
  );
}
