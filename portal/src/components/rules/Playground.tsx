// The playground: one expression, worked out by the sync client for one entry of the directory.
import { Button, Checkbox, Field, Input, makeStyles, Radio, RadioGroup, Spinner, Text, Textarea, tokens } from '@fluentui/react-components';
import { useEffect, useId, useState } from 'react';
import { useEvaluate, usePeopleByDn, type ExpressionReport, type ExpressionResult, type Side } from '../../api/rules';
import { lineRange } from '../../lib/rules';
import { useUrlState } from '../../lib/useUrlState';
import { words } from '../../messages/rules';
import { Banner } from '../Banner';
import { explain } from '../Failure';
import { Section } from '../Section';
import { Code } from './code';

const REST_MS = 250;

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '14px', gridTemplateColumns: 'minmax(0, 1fr)', maxWidth: '900px' },
  mono: { '& textarea': { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, minHeight: '88px' } },
  row: { display: 'flex', gap: '12px', alignItems: 'center', flexWrap: 'wrap' },
  quiet: { color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  list: { margin: 0, paddingLeft: '20px', display: 'grid', gap: '4px' },
  reads: { margin: 0, display: 'grid', gridTemplateColumns: 'minmax(120px, max-content) minmax(0, 1fr)', gap: '4px 16px' },
  value: { margin: 0 },
  small: { margin: 0, fontSize: tokens.fontSizeBase300 },
});

interface Props {
  /** The built-in mapping has no metaverse. */
  builtIn: boolean;
  draft: string | undefined;
}

export function Playground({ builtIn, draft }: Props) {
  const styles = useStyles();
  const id = useId();
  const [params, change] = useUrlState();
  const [object, setObject] = useState(params.get('object') ?? '');
  const [expression, setExpression] = useState(params.get('expression') ?? '');
  const [byDraft, setByDraft] = useState(false);
  const side: Side = params.get('side') === 'metaverse' && (!builtIn || byDraft) ? 'metaverse' : 'source';
  const evaluate = useEvaluate();
  const [asked, setAsked] = useState(object);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(object.trim()), REST_MS);
    return () => clearTimeout(timer);
  }, [object]);
  const people = usePeopleByDn(asked).data ?? [];
  const run = () => {
    change({ object: object.trim(), expression: expression.length <= 1_500 ? expression : undefined }, { replace: true });
    evaluate.mutate({ object: object.trim(), expression, side, ...(byDraft ? { rules: draft } : {}) });
  };

  return (
    <Section title={words.tabs.try}>
      <form
        className={styles.stack}
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <Text>{words.tryIntro}</Text>
        <Field label={words.person} hint={words.personHint} required>
          <Input value={object} onChange={(_, data) => setObject(data.value)} list={`${id}-people`} autoComplete="off" />
        </Field>
        <datalist id={`${id}-people`}>
          {people.map((person) => (
            <option key={person.id} value={person.onPremisesDistinguishedName ?? ''}>
              {`${person.displayName ?? ''} · ${person.userPrincipalName ?? ''}`}
            </option>
          ))}
        </datalist>
        <Field label={words.expression} hint={words.expressionHint} required>
          <Textarea
            id={`${id}-expression`}
            className={styles.mono}
            value={expression}
            onChange={(_, data) => setExpression(data.value)}
            resize="vertical"
            spellCheck={false}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                run();
              }
            }}
          />
        </Field>
        {(!builtIn || byDraft) && (
          <Field label={words.side}>
            <RadioGroup value={side} onChange={(_, data) => change({ side: data.value }, { replace: true })}>
              <Radio value="source" label={words.sides.source} />
              <Radio value="metaverse" label={words.sides.metaverse} />
            </RadioGroup>
          </Field>
        )}
        {draft !== undefined && <Checkbox label={words.byDraft} checked={byDraft} onChange={(_, data) => setByDraft(data.checked === true)} />}
        <div className={styles.row}>
          <Button type="submit" appearance="primary" disabledFocusable={object.trim() === '' || expression.trim() === '' || evaluate.isPending}>
            {words.run}
          </Button>
          {evaluate.isPending && <Spinner size="tiny" label={words.running} />}
        </div>
        {evaluate.error && (
          <Banner intent="error" long alert>
            {explain(evaluate.error).text}
          </Banner>
        )}
        {evaluate.data && <Report report={evaluate.data} expression={evaluate.variables.expression} />}
      </form>
    </Section>
  );
}

function Report({ report, expression }: { report: ExpressionReport; expression: string }) {
  const styles = useStyles();
  return (
    <div className={styles.stack} role="status" data-result={report.result.kind}>
      <div>
        <Text as="h3" weight="semibold" className={styles.small}>
          {words.of(report.name)}
        </Text>
        <Text size={200} className={styles.quiet} block>
          {report.dn}
        </Text>
      </div>
      <Result result={report.result} expression={expression} />
      {(report.reads ?? []).length > 0 && (
        <div>
          <Text weight="semibold" block>
            {words.readValues}
          </Text>
          <dl className={styles.reads}>
            {(report.reads ?? []).map((read) => (
              <Pair key={read.name} name={read.name} value={read.value} />
            ))}
          </dl>
        </div>
      )}
      {report.gives !== undefined && (
        <Text size={200} className={styles.quiet}>
          {words.gives}: {report.gives}
        </Text>
      )}
      {(report.others ?? []).length > 0 && (
        <Text size={200} className={styles.quiet}>
          {words.others}: {(report.others ?? []).join('; ')}
        </Text>
      )}
    </div>
  );
}

function Pair({ name, value }: { name: string; value: string }) {
  const styles = useStyles();
  return (
    <>
      <dt>
        <Code>{name}</Code>
      </dt>
      <dd className={styles.value}>
        <Code>{value}</Code>
      </dd>
    </>
  );
}

function Result({ result, expression }: { result: ExpressionResult; expression: string }) {
  const styles = useStyles();
  if (result.kind === 'value') {
    const type = words.types[result.of] ?? result.of;
    return (
      <div>
        <Text weight="semibold" block>
          {words.result}: {result.many ? words.manyOf(type, result.values.length) : type}
        </Text>
        {result.many ? (
          <ul className={styles.list}>
            {result.values.map((value, index) => (
              <li key={index}>
                <Code>{value}</Code>
              </li>
            ))}
          </ul>
        ) : (
          <Code block>{result.values[0] ?? ''}</Code>
        )}
        {result.cut && <Text className={styles.quiet}>{words.cut}</Text>}
      </div>
    );
  }
  if (result.kind === 'nothing') return <Banner intent="info">{words.nothing[result.literal] ?? result.literal}</Banner>;
  if (result.kind === 'noMetaverse') {
    return (
      <Banner intent="warning" long>
        {words.noMetaverse}: {result.reason}
      </Banner>
    );
  }
  const place = result.kind === 'mistake' ? words.mistake(result.line, result.column) : words.failed(result.line, result.column);
  const [start, end] = lineRange(expression, result.line);
  const line = expression.slice(start, end);
  const text = result.kind === 'mistake' ? [result.message, result.suggestion] : [result.function, result.message];
  return (
    <div>
      <Banner intent="error" long>
        {place}. {text.filter((part) => part !== undefined).join(result.kind === 'mistake' ? '; ' : ': ')}
      </Banner>
      <Code block>{`${line}\n${' '.repeat(Math.max(0, result.column - 1))}^`}</Code>
    </div>
  );
}
