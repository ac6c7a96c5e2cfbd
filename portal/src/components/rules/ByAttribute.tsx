// Where a property of the cloud comes from: every flow that can give it, from the cloud back to the directory.
import { Accordion, AccordionHeader, AccordionItem, AccordionPanel, Badge, makeStyles, Select, Text, tokens } from '@fluentui/react-components';
import { useCallback, useMemo } from 'react';
import { Link } from 'react-router';
import type { RulesView } from '../../api/rules';
import type { Kind } from '../../api/types';
import { SearchRegular } from '../../icons';
import { flowsTo, origins, targets, type Step } from '../../lib/rules';
import { useUrlState } from '../../lib/useUrlState';
import { t } from '../../messages';
import { words } from '../../messages/rules';
import { Notice } from '../Failure';
import { Section } from '../Section';
import { SearchField } from '../SearchField';
import { Code } from './code';

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center', marginBottom: '8px' },
  head: {
    display: 'grid',
    gridTemplateColumns: 'minmax(180px, 2fr) 3fr',
    gap: '2px 16px',
    width: '100%',
    alignItems: 'baseline',
    '@media (max-width: 600px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  from: { color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  steps: { margin: '4px 0 12px', padding: 0, listStyleType: 'none', display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  step: { display: 'grid', gap: '6px', gridTemplateColumns: 'minmax(0, 1fr)' },
  inner: { marginLeft: '12px', paddingLeft: '14px', borderLeft: `2px solid ${tokens.colorNeutralStroke2}` },
  rule: { display: 'flex', gap: '8px', flexWrap: 'wrap', alignItems: 'baseline' },
  search: { width: 'min(340px, 100%)' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  link: { color: tokens.colorBrandForegroundLink, overflowWrap: 'anywhere' },
});

export function ByAttribute({ view }: { view: RulesView }) {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const known = useMemo(() => targets(view), [view]);
  const kind = known.find((one) => one.kind === params.get('of'))?.kind ?? known[0]?.kind ?? 'user';
  const text = params.get('find') ?? '';
  const onSearch = useCallback((find: string) => change({ find }, { replace: true }), [change]);
  const open = params.get('attribute') ?? '';
  const shown = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const all = known.find((one) => one.kind === kind)?.properties ?? [];
    return all
      .map((property) => ({ property, from: origins(view, kind, property) }))
      .filter((row) => wanted === '' || [row.property, nameOf(row.property), ...row.from].some((name) => name.toLowerCase().includes(wanted)));
  }, [view, known, kind, text]);

  return (
    <Section
      title={words.tabs.attributes}
      actions={
        <Text className={styles.quiet} role="status">
          {t.number(shown.length)}
        </Text>
      }
    >
      <div className={styles.bar} role="group" aria-label={words.find}>
        <Select aria-label={words.objectType} value={kind} onChange={(_, data) => change({ of: data.value, attribute: undefined })}>
          {known.map((one) => (
            <option key={one.kind} value={one.kind}>
              {t.kindCounts[one.kind]}
            </option>
          ))}
        </Select>
        <SearchField label={words.find} placeholder={words.findAttribute} value={text} onSearch={onSearch} className={styles.search} />
      </div>
      {shown.length === 0 ? (
        <Notice title={words.noMatch} text={words.noMatchHint} icon={<SearchRegular />} />
      ) : (
        <Accordion
          collapsible
          openItems={open === '' ? [] : [open]}
          onToggle={(_, data) => change({ attribute: data.openItems.includes(data.value) ? (data.value as string) : undefined }, { replace: true })}
        >
          {shown.map(({ property, from }) => (
            <AccordionItem key={property} value={property} data-attribute={property}>
              <AccordionHeader>
                <span className={styles.head}>
                  <span className={styles.name}>
                    {nameOf(property)} <span className={styles.quiet}>{property}</span>
                  </span>
                  <span className={styles.from}>{from.length === 0 ? words.always : from.join(', ')}</span>
                </span>
              </AccordionHeader>
              <AccordionPanel>
                <Steps steps={flowsTo(view, kind, property)} />
              </AccordionPanel>
            </AccordionItem>
          ))}
        </Accordion>
      )}
    </Section>
  );
}

/** Flows to one place, in the order in which they count. */
function Steps({ steps }: { steps: readonly Step[] }) {
  const styles = useStyles();
  if (steps.length === 0) return <Text className={styles.quiet}>{words.nobody}</Text>;
  const merged = steps.some((step) => step.flow.merge !== 'update');
  return (
    <div>
      {steps.length > 1 && (
        <Text className={styles.quiet} block>
          {merged ? words.merged : words.inOrder}
        </Text>
      )}
      <ol className={styles.steps}>
        {steps.map((step, index) => (
          <li key={`${step.rule.name} ${index}`} className={styles.step}>
            <span className={styles.rule}>
              <RuleLink name={step.rule.name} kind={step.rule.target} direction={step.rule.direction} />
              {step.rule.direction !== 'straight' && <span className={styles.quiet}>{words.precedence(step.rule.precedence)}</span>}
              {step.rule.disabled === true && <Badge appearance="tint" color="informative">{words.rests}</Badge>}
              {step.flow.executeOnce === true && <Badge appearance="tint" color="informative">{words.once}</Badge>}
            </span>
            <Code block>{step.flow.from}</Code>
            {(step.rule.scope ?? []).length > 0 && <Scope groups={step.rule.scope ?? []} />}
            {step.feeds.map((feed) => (
              <div key={feed.attribute} className={styles.inner}>
                <Text className={styles.quiet} block>
                  {words.reads(feed.attribute)}
                </Text>
                <Steps steps={feed.steps} />
              </div>
            ))}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** Groups of conditions in one line. */
export function Scope({ groups }: { groups: readonly (readonly string[])[] }) {
  const styles = useStyles();
  return (
    <Text className={styles.quiet}>
      {words.scope}: <Code>{groups.map((all) => all.join(` ${words.and} `)).join(` ${words.or} `)}</Code>
    </Text>
  );
}

function RuleLink({ name, kind, direction }: { name: string; kind: Kind | undefined; direction: string }) {
  const styles = useStyles();
  const label = direction === 'straight' && kind !== undefined ? t.kindCounts[kind] : name;
  return (
    <Link className={styles.link} to={`/dirsync/rules?view=rules&rule=${encodeURIComponent(name)}`}>
      {label}
    </Link>
  );
}

export function nameOf(property: string): string {
  return t.users.properties[property] ?? property;
}
