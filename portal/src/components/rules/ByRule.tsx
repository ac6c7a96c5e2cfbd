// The rules one by one: what each takes, its joins and its flows. Every rule has an address.
import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  Badge,
  Button,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useNavigate } from 'react-router';
import type { Flow, Rule, RulesView } from '../../api/rules';
import { SearchRegular } from '../../icons';
import { useUrlState } from '../../lib/useUrlState';
import { t } from '../../messages';
import { words } from '../../messages/rules';
import { Facts } from '../Facts';
import { Notice } from '../Failure';
import { SearchField } from '../SearchField';
import { Section } from '../Section';
import { Code } from './code';

const useStyles = makeStyles({
  bar: { marginBottom: '8px' },
  head: { display: 'flex', gap: '4px 10px', flexWrap: 'wrap', alignItems: 'baseline' },
  name: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  search: { width: 'min(340px, 100%)' },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  body: { display: 'grid', gap: '14px', margin: '4px 0 16px', gridTemplateColumns: 'minmax(0, 1fr)' },
  scroll: { overflowX: 'auto' },
  table: { minWidth: '560px' },
  cell: { height: 'auto', padding: '6px 8px', verticalAlign: 'middle' },
  groups: { display: 'grid', gap: '4px', justifyItems: 'start' },
});

export function ByRule({ view }: { view: RulesView }) {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const text = params.get('find') ?? '';
  const open = params.get('rule') ?? '';
  const onSearch = useCallback((find: string) => change({ find }, { replace: true }), [change]);
  const shown = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return view.rules.filter((rule) => wanted === '' || textOf(rule).includes(wanted));
  }, [view, text]);
  // A link to a rule leads to it, however far down it stands.
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[data-rule] [aria-expanded="true"]')?.scrollIntoView({ block: 'start' });
  }, []);

  return (
    <Section
      title={words.tabs.rules}
      actions={
        <Text className={styles.quiet} role="status">
          {words.ruleCount(shown.length)}
        </Text>
      }
    >
      <div className={styles.bar}>
        <SearchField label={words.find} placeholder={words.findRule} value={text} onSearch={onSearch} className={styles.search} />
      </div>
      {shown.length === 0 ? (
        <Notice title={words.noMatch} text={words.noMatchHint} icon={<SearchRegular />} />
      ) : (
        <div ref={list}>
        <Accordion
          collapsible
          openItems={open === '' ? [] : [open]}
          onToggle={(_, data) => change({ rule: data.openItems.includes(data.value) ? (data.value as string) : undefined }, { replace: true })}
        >
          {shown.map((rule) => (
            <AccordionItem key={rule.name} value={rule.name} data-rule={rule.name}>
              <AccordionHeader>
                <span className={styles.head}>
                  <span className={styles.name}>{rule.direction === 'straight' && rule.target ? t.kindCounts[rule.target] : rule.name}</span>
                  <span className={styles.quiet}>
                    {words.directions[rule.direction]}
                    {rule.direction !== 'straight' && ` · ${words.precedence(rule.precedence)}`} · {words.flows(rule.flows.length)}
                  </span>
                  {rule.disabled === true && <Badge appearance="tint" color="informative">{words.rests}</Badge>}
                </span>
              </AccordionHeader>
              <AccordionPanel>
                <RuleBody rule={rule} />
              </AccordionPanel>
            </AccordionItem>
          ))}
        </Accordion>
        </div>
      )}
    </Section>
  );
}

function textOf(rule: Rule): string {
  const flows = rule.flows.flatMap((flow) => [flow.to, flow.from, ...(flow.reads ?? [])]);
  return [rule.name, rule.description ?? '', ...(rule.sourceTypes ?? []), ...(rule.scope ?? []).flat(), ...flows].join('\n').toLowerCase();
}

function RuleBody({ rule }: { rule: Rule }) {
  const styles = useStyles();
  const makes = rule.target ? t.kind(rule.target) : words.metaverse[rule.metaverseType ?? ''];
  const facts = [
    { term: words.link, value: words.links[rule.link] ?? rule.link },
    ...((rule.sourceTypes ?? []).length > 0 ? [{ term: words.classes, value: (rule.sourceTypes ?? []).join(', ') }] : []),
    ...((rule.from ?? []).length > 0 ? [{ term: words.fromSources, value: (rule.from ?? []).join(', ') }] : []),
    ...(makes === undefined ? [] : [{ term: words.makes, value: makes }]),
    { term: words.scope, value: <Groups groups={rule.scope ?? []} none={words.noScope} /> },
    ...((rule.joins ?? []).length > 0 ? [{ term: words.joins, value: <Groups groups={rule.joins ?? []} none="" /> }] : []),
  ];
  return (
    <div className={styles.body}>
      {rule.description !== undefined && <Text>{rule.description}</Text>}
      <Facts facts={facts} />
      <div className={styles.scroll} role="group" aria-label={words.flows(rule.flows.length)}>
        <Table size="small" className={styles.table} aria-label={words.flows(rule.flows.length)}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell style={{ width: '30%' }}>{words.to}</TableHeaderCell>
              <TableHeaderCell>{words.value}</TableHeaderCell>
              <TableHeaderCell style={{ width: '110px' }}>{words.tryIt}</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {rule.flows.map((flow, index) => (
              <TableRow key={`${flow.to} ${index}`}>
                <TableCell className={styles.cell}>
                  <span>{flow.to}</span>
                  {flow.executeOnce === true && <span className={styles.quiet}> · {words.once}</span>}
                  {flow.merge !== 'update' && <span className={styles.quiet}> · {flow.merge}</span>}
                </TableCell>
                <TableCell className={styles.cell}>
                  <Code>{flow.from}</Code>
                </TableCell>
                <TableCell className={styles.cell}>
                  <Try rule={rule} flow={flow} />
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </div>
    </div>
  );
}

/** Takes a flow to the playground. */
function Try({ rule, flow }: { rule: Rule; flow: Flow }) {
  const navigate = useNavigate();
  if (flow.how === 'mapping' || flow.how === 'constant') return null;
  const query = new URLSearchParams({ view: 'try', expression: flow.from, side: rule.direction === 'outbound' ? 'metaverse' : 'source' });
  return (
    <Button size="small" appearance="subtle" aria-label={words.tryThis(flow.to)} onClick={() => void navigate(`/dirsync/rules?${query.toString()}`)}>
      {words.tryIt}
    </Button>
  );
}

function Groups({ groups, none }: { groups: readonly (readonly string[])[]; none: string }) {
  const styles = useStyles();
  if (groups.length === 0) return none;
  return (
    <span className={styles.groups}>
      {groups.map((all, index) => (
        <span key={all.join()}>
          {index > 0 && <span className={styles.quiet}>{words.or} </span>}
          <Code>{all.join(` ${words.and} `)}</Code>
        </span>
      ))}
    </span>
  );
}
