// A draft of the rules: changed in place, checked by the sync client as it is typed, previewed as a plan, downloaded.
import { Button, Field, makeStyles, Spinner, Text, Textarea, tokens } from '@fluentui/react-components';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useDraftPreview, useDraftRules, type RuleFinding, type RuleProblem } from '../../api/rules';
import type { PlanReport } from '../../api/types';
import { ArrowDownloadRegular, ArrowUndoRegular, ArrowUploadRegular, CheckmarkCircleFilled, EyeRegular, SearchRegular } from '../../icons';
import { download } from '../../lib/csv';
import { filterItems, isEmpty } from '../../lib/plans';
import { lineRange } from '../../lib/rules';
import { words as planWords } from '../../messages/plan';
import { words } from '../../messages/rules';
import { Banner } from '../Banner';
import { explain, Notice } from '../Failure';
import { PlanFilters, usePlanFilter } from '../plan/PlanFilters';
import { PlanObjects } from '../plan/PlanObjects';
import { PlanCounts } from '../PlanCounts';
import { Section } from '../Section';

const REST_MS = 500;
const MAX_BYTES = 1024 * 1024;

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', gridTemplateColumns: 'minmax(0, 1fr)' },
  parts: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  bar: { display: 'flex', gap: '8px', flexWrap: 'wrap', alignItems: 'center' },
  editor: {
    width: '100%',
    '& textarea': {
      fontFamily: tokens.fontFamilyMonospace,
      fontSize: tokens.fontSizeBase200,
      lineHeight: tokens.lineHeightBase300,
      minHeight: '380px',
      maxHeight: 'none',
      whiteSpace: 'pre',
      overflowX: 'auto',
    },
  },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  list: { margin: 0, padding: 0, listStyleType: 'none', display: 'grid', gap: '8px' },
  item: { display: 'grid', gridTemplateColumns: '140px minmax(0, 1fr)', gap: '2px 12px', alignItems: 'baseline', '@media (max-width: 600px)': { gridTemplateColumns: 'minmax(0, 1fr)' } },
  place: { justifyContent: 'flex-start', paddingLeft: 0, minWidth: 0 },
  hidden: { display: 'none' },
  sound: { display: 'flex', gap: '8px', alignItems: 'center' },
  good: { color: tokens.colorStatusSuccessForeground3, display: 'flex', fontSize: '20px' },
  text: { overflowWrap: 'anywhere' },
});

interface Props {
  draft: string;
  /** What it begins with. */
  original: string;
  file: string;
  onChange: (text: string | undefined) => void;
}

export function Draft({ draft, original, file, onChange }: Props) {
  const styles = useStyles();
  const editor = useRef<HTMLTextAreaElement>(null);
  const upload = useRef<HTMLInputElement>(null);
  const [rested, setRested] = useState(draft);
  const preview = useDraftPreview();
  useEffect(() => {
    const timer = setTimeout(() => setRested(draft), REST_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  const tooLarge = new Blob([draft]).size > MAX_BYTES;
  const checked = useDraftRules(tooLarge ? undefined : rested);
  const isChecked = rested === draft && !checked.isFetching && checked.data !== undefined;
  const isSound = isChecked && (checked.data.problems ?? []).length === 0;
  const goTo = (line: number, column = 1) => {
    const area = editor.current;
    if (!area) return;
    const [start, end] = lineRange(draft, line);
    area.focus();
    // To where the line stands: by its share of the text's height.
    area.scrollTop = Math.max(0, (line - 6) * (area.scrollHeight / Math.max(1, draft.split('\n').length)));
    area.setSelectionRange(Math.min(start + column - 1, end), end);
  };

  return (
    <div className={styles.stack}>
      <Section
        title={words.tabs.draft}
        actions={
          <>
            <input
              ref={upload}
              type="file"
              accept=".toml"
              aria-label={words.upload}
              className={styles.hidden}
              onChange={(event) => {
                const chosen = event.target.files?.[0];
                event.target.value = '';
                if (chosen && chosen.size <= MAX_BYTES) void chosen.text().then(onChange);
              }}
            />
            <Button icon={<ArrowUploadRegular />} onClick={() => upload.current?.click()}>
              {words.upload}
            </Button>
            <Button icon={<ArrowUndoRegular />} disabledFocusable={draft === original} onClick={() => onChange(undefined)}>
              {words.reset}
            </Button>
            <Button icon={<ArrowDownloadRegular />} onClick={() => download(file, draft, 'application/toml')}>
              {words.download}
            </Button>
          </>
        }
      >
        <div className={styles.parts}>
          <Text className={styles.text}>{words.draftIntro}</Text>
          <Field label={words.text} hint={words.unsaved}>
            <Textarea
              className={styles.editor}
              textarea={{ ref: editor }}
              value={draft}
              onChange={(_, data) => onChange(data.value)}
              resize="vertical"
              spellCheck={false}
              wrap="off"
            />
          </Field>
          <div role="status" className={styles.parts} data-draft={tooLarge ? 'large' : !isChecked ? 'checking' : isSound ? 'sound' : 'refused'}>
            {tooLarge && <Banner intent="error">{words.tooLarge}</Banner>}
            {checked.error && (
              <Banner intent="error" long>
                {explain(checked.error).text}
              </Banner>
            )}
            {!tooLarge && !isChecked && !checked.error && <Spinner size="tiny" label={words.checking} style={{ justifyContent: 'flex-start' }} />}
            {isChecked && isSound && (
              <span className={styles.sound}>
                <span className={styles.good} aria-hidden>
                  <CheckmarkCircleFilled />
                </span>
                <Text>{words.sound(checked.data.rules.length)}</Text>
              </span>
            )}
            {isChecked && (checked.data.problems ?? []).length > 0 && <Problems problems={checked.data.problems ?? []} onGo={goTo} />}
            {isChecked && (checked.data.findings ?? []).length > 0 && <Findings findings={checked.data.findings ?? []} onGo={goTo} />}
          </div>
          <div className={styles.bar}>
            <Button
              appearance="primary"
              icon={<EyeRegular />}
              disabledFocusable={!isSound || preview.isPending}
              onClick={() => preview.mutate(draft)}
            >
              {words.preview}
            </Button>
            {preview.isPending && <Spinner size="tiny" label={words.previewing} />}
          </div>
          {preview.error && (
            <Banner intent="error" long alert>
              {explain(preview.error).text}
            </Banner>
          )}
        </div>
      </Section>
      {preview.data && <Preview plan={preview.data} isOld={preview.variables !== draft} />}
    </div>
  );
}

function Problems({ problems, onGo }: { problems: readonly RuleProblem[]; onGo: (line: number, column: number) => void }) {
  const styles = useStyles();
  return (
    <div className={styles.parts}>
      <Text weight="semibold">{words.problems(problems.length)}</Text>
      <ul className={styles.list}>
        {problems.map((problem, index) => (
          <li key={index} className={styles.item} data-problem={problem.line}>
            <Button size="small" appearance="transparent" className={styles.place} onClick={() => onGo(problem.line, problem.column)}>
              {words.goTo(problem.line, problem.column)}
            </Button>
            <Text className={styles.text}>
              {problem.rule !== undefined && `${problem.rule}: `}
              {problem.message}; {problem.remedy}
            </Text>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What is probably not meant in a sound rule set. */
export function Findings({ findings, onGo }: { findings: readonly RuleFinding[]; onGo?: (line: number) => void }) {
  const styles = useStyles();
  return (
    <div className={styles.parts}>
      <Text weight="semibold">{words.findings}</Text>
      <ul className={styles.list}>
        {findings.map((found, index) => (
          <li key={index} className={styles.item}>
            {onGo ? (
              <Button size="small" appearance="transparent" className={styles.place} onClick={() => onGo(found.line)}>
                {words.line(found.line)}
              </Button>
            ) : (
              <Text className={styles.quiet}>{words.line(found.line)}</Text>
            )}
            <Text className={styles.text}>
              <span className={styles.quiet}>{words.severities[found.severity] ?? found.severity}. </span>
              {found.rule}: {found.message}; {found.remedy}
            </Text>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Preview({ plan, isOld }: { plan: PlanReport; isOld: boolean }) {
  const styles = useStyles();
  const filter = usePlanFilter();
  const { kind, change, property, text } = filter;
  const found = useMemo(() => filterItems(plan.items, { kind, change, property, text }), [plan, kind, change, property, text]);
  return (
    <Section title={words.previewOf}>
      <div className={styles.parts} data-preview={plan.items.length}>
        {isOld && <Banner intent="warning">{words.previewOld}</Banner>}
        {plan.summary.verdict.kind === 'held' && (
          <Banner intent="warning" long>
            {plan.summary.verdict.reason}
          </Banner>
        )}
        {isEmpty(plan.summary) ? (
          <Notice title={planWords.nothing} text={words.previewNothing} icon={<CheckmarkCircleFilled />} />
        ) : (
          <>
            <PlanCounts counts={plan.summary.counts} />
            {plan.truncated && <Text className={styles.quiet}>{planWords.truncated(plan.items.length)}</Text>}
            <PlanFilters items={plan.items} />
            {found.length === 0 ? (
              <Notice title={planWords.noMatch} text={planWords.noMatchHint} icon={<SearchRegular />} />
            ) : (
              <PlanObjects key={JSON.stringify([kind, change, property, text])} items={found} name={planWords.objects} />
            )}
          </>
        )}
        {plan.errors.length > 0 && (
          <div>
            <Text weight="semibold" block>
              {planWords.errors(plan.errors.length)}
            </Text>
            <ul>
              {plan.errors.slice(0, 100).map((one, index) => (
                <li key={index}>
                  {one.message} {one.remedy}
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Section>
  );
}
