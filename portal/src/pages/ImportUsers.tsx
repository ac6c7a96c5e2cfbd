// Users > Active users > Import users: a CSV file, judged whole before anything is written, and a result for each row.
import {
  Button,
  Checkbox,
  makeStyles,
  ProgressBar,
  Spinner,
  Switch,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { createUser, takenNames } from '../api/people';
import { useDomains, useSession } from '../api/queries';
import { LinkButton } from '../components/AppLink';
import { Banner } from '../components/Banner';
import { explain } from '../components/Failure';
import { PageHeader } from '../components/PageHeader';
import { Section } from '../components/Section';
import { StateIcon, checkLook } from '../components/StateIcon';
import { ArrowDownloadRegular, ArrowUploadRegular } from '../icons';
import { download, writeCsv } from '../lib/csv';
import { csvColumns, judgeUsers, readUsers, template, userOf, type Problem, type UserRow } from '../lib/usersCsv';
import { importWords } from '../messages/people';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', gridTemplateColumns: 'minmax(0, 1fr)', maxWidth: '1120px' },
  part: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  actions: { display: 'flex', gap: '8px 12px', flexWrap: 'wrap', alignItems: 'center' },
  space: { marginLeft: 'auto', '@media (max-width: 600px)': { marginLeft: 0 } },
  scroll: { maxHeight: '480px', overflow: 'auto', border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusLarge },
  table: { minWidth: '640px' },
  cell: { padding: '8px', overflowWrap: 'anywhere', verticalAlign: 'top' },
  row: { width: '64px' },
  state: { display: 'flex', gap: '8px' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const i = importWords;
const headings = Object.fromEntries(csvColumns.map((column) => [column.property, column.heading]));
const inWords = (problem: Problem) => i.problem(problem, 'column' in problem ? (headings[problem.column] ?? '') : '');

/** What became of a row. */
type Outcome = { what: 'added' } | { what: 'refused'; why: string };

export function ImportUsersPage() {
  const styles = useStyles();
  const client = useQueryClient();
  const session = useSession();
  const admin = session.data?.role === 'admin';
  const domains = useDomains();
  const picker = useRef<HTMLInputElement>(null);
  const stop = useRef(new AbortController());
  const [fileName, setFileName] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [checking, setChecking] = useState(false);
  const [rows, setRows] = useState<UserRow[]>();
  const [enabled, setEnabled] = useState(true);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<number, Outcome>>();
  const [running, setRunning] = useState(false);
  const verified = (domains.data ?? []).filter((domain) => domain.isVerified === true);
  const defaultDomain = (verified.find((domain) => domain.isDefault === true) ?? verified[0])?.id ?? 'contoso.com';
  const good = rows?.filter((row) => row.problems.length === 0) ?? [];

  const check = async (file: File) => {
    setFileName(file.name);
    setProblem(undefined);
    setRows(undefined);
    setOutcomes(undefined);
    setChecking(true);
    try {
      const read = readUsers(new Uint8Array(await file.arrayBuffer()));
      if (!read.ok) {
        setProblem(i.fileProblem(read.problem));
        return;
      }
      const names = read.rows.flatMap((row) => row.values.userPrincipalName ?? []);
      const list = domains.data ?? (await domains.refetch()).data ?? [];
      const known = new Map(list.map((domain) => [(domain.id ?? '').toLowerCase(), domain.isVerified === true]));
      setRows(judgeUsers(read.rows, { domains: known, taken: await takenNames(names) }));
    } catch (error) {
      setProblem(explain(error instanceof Error ? error : new Error(String(error))).text);
    } finally {
      setChecking(false);
    }
  };

  const run = async () => {
    const { signal } = (stop.current = new AbortController());
    setRunning(true);
    setOutcomes(new Map());
    for (const row of good) {
      if (signal.aborted) break;
      const outcome = await createUser(userOf(row, enabled)).then(
        (): Outcome => ({ what: 'added' }),
        (error: unknown): Outcome => ({ what: 'refused', why: explain(error instanceof Error ? error : new Error(String(error))).text }),
      );
      setOutcomes((now) => new Map(now).set(row.line, outcome));
    }
    setRunning(false);
    for (const key of ['users', 'status', 'history']) void client.invalidateQueries({ queryKey: [key] });
  };

  return (
    <>
      <PageHeader title={i.title} intro={i.intro} />
      <div className={styles.stack}>
        {session.data?.role === 'reader' && <Banner intent="info">{i.readerOnly}</Banner>}
        <Section title={i.steps.file}>
          <div className={styles.part}>
            <Text>{i.fileText}</Text>
            <div className={styles.actions}>
              <input
                ref={picker}
                type="file"
                accept=".csv,text/csv"
                hidden
                aria-label={i.file}
                onChange={(event) => {
                  const file = event.target.files?.[0];
                  if (file) void check(file);
                  // The same file, mended, may be chosen again.
                  event.target.value = '';
                }}
              />
              <Button
                appearance={rows ? 'secondary' : 'primary'}
                icon={<ArrowUploadRegular />}
                disabledFocusable={!admin || running || checking}
                onClick={() => picker.current?.click()}
              >
                {fileName === undefined ? i.choose : i.chooseAnother}
              </Button>
              {fileName !== undefined && <Text weight="semibold">{fileName}</Text>}
              <Button
                className={styles.space}
                appearance="subtle"
                icon={<ArrowDownloadRegular />}
                onClick={() => download('users.csv', template(defaultDomain, false))}
              >
                {i.template}
              </Button>
              <Button appearance="subtle" icon={<ArrowDownloadRegular />} onClick={() => download('users-example.csv', template(defaultDomain, true))}>
                {i.templateSample}
              </Button>
            </div>
            {checking && <Spinner size="tiny" label={i.checking} />}
            {problem !== undefined && (
              <Banner intent="error" long alert>
                {problem}
              </Banner>
            )}
          </div>
        </Section>
        {rows && !outcomes && (
          <Section title={i.steps.check}>
            <div className={styles.part}>
              <Banner intent={good.length === rows.length ? 'success' : 'warning'} long>
                {i.checked(rows.length, rows.length - good.length)}
              </Banner>
              <Rows rows={rows} />
              <div className={styles.actions}>
                <Switch label={i.signIn} checked={enabled} onChange={(_, data) => setEnabled(data.checked)} />
                {good.length < rows.length && (
                  <Button className={styles.space} appearance="subtle" icon={<ArrowDownloadRegular />} onClick={() => download('errors.csv', report(rows))}>
                    {i.downloadErrors}
                  </Button>
                )}
              </div>
              <div className={styles.actions}>
                <Button appearance="primary" disabledFocusable={!admin || good.length === 0} onClick={() => void run()}>
                  {i.submit(good.length)}
                </Button>
              </div>
            </div>
          </Section>
        )}
        {rows && outcomes && (
          <Section title={i.steps.result}>
            <Result rows={rows} good={good.length} outcomes={outcomes} running={running} onStop={() => stop.current.abort()} />
          </Section>
        )}
      </div>
    </>
  );
}

interface ResultProps {
  rows: UserRow[];
  good: number;
  outcomes: ReadonlyMap<number, Outcome>;
  running: boolean;
  onStop: () => void;
}

function Result({ rows, good, outcomes, running, onStop }: ResultProps) {
  const styles = useStyles();
  const added = [...outcomes.values()].filter((one) => one.what === 'added').length;
  const refused = outcomes.size - added;
  const progress = i.working(outcomes.size, good);
  return (
    <div className={styles.part}>
      {running ? (
        <div role="status" className={styles.part}>
          <Text>{progress}</Text>
          <ProgressBar value={outcomes.size / good} aria-label={progress} />
          <div>
            <Button onClick={onStop}>{i.stop}</Button>
          </div>
        </div>
      ) : (
        <Banner intent={refused === 0 && outcomes.size === good ? 'success' : 'warning'} long>
          {i.done(added, refused, rows.length - good)} {outcomes.size < good && i.stopped(good - outcomes.size)}
        </Banner>
      )}
      <Rows rows={rows} outcomes={outcomes} />
      {!running && (
        <div className={styles.actions}>
          <LinkButton to="/users?view=cloud" appearance="primary">
            {i.toUsers}
          </LinkButton>
          <Button icon={<ArrowDownloadRegular />} onClick={() => download('result.csv', report(rows, outcomes))}>
            {i.downloadResult}
          </Button>
        </div>
      )}
    </div>
  );
}

/** A row's state in words: the short one, and why. */
function stateOf(row: UserRow, outcomes?: ReadonlyMap<number, Outcome>): { result: keyof typeof checkLook; short: string; why: string[] } {
  const outcome = outcomes?.get(row.line);
  if (row.problems.length > 0) return { result: 'fail', short: i.leftOut, why: row.problems.map(inWords) };
  if (outcome?.what === 'added') return { result: 'pass', short: i.added, why: [] };
  if (outcome?.what === 'refused') return { result: 'fail', short: i.refused, why: [outcome.why] };
  return outcomes ? { result: 'skipped', short: i.waiting, why: [] } : { result: 'pass', short: i.ready, why: [] };
}

/** A CSV of what was found, or of what was done. */
function report(rows: UserRow[], outcomes?: ReadonlyMap<number, Outcome>): string {
  const shown = outcomes ? rows : rows.filter((row) => row.problems.length > 0);
  return writeCsv([
    i.resultHeadings,
    ...shown.map((row) => {
      const state = stateOf(row, outcomes);
      return [String(row.line), row.values.userPrincipalName ?? '', row.values.displayName ?? '', state.short, state.why.join(' ')];
    }),
  ]);
}

function Rows({ rows, outcomes }: { rows: UserRow[]; outcomes?: ReadonlyMap<number, Outcome> }) {
  const styles = useStyles();
  const anyBad = rows.some((row) => row.problems.length > 0);
  const [onlyErrors, setOnlyErrors] = useState(false);
  const shown = rows.filter((row) => !onlyErrors || stateOf(row, outcomes).result === 'fail');
  return (
    <>
      {(anyBad || outcomes) && (
        <div>
          <Checkbox label={i.onlyErrors} checked={onlyErrors} onChange={(_, data) => setOnlyErrors(data.checked === true)} />
        </div>
      )}
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={i.gridLabel}>
        <Table size="small" className={styles.table} aria-label={i.gridLabel}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell className={styles.row}>{i.columns.row}</TableHeaderCell>
              <TableHeaderCell>{i.columns.name}</TableHeaderCell>
              <TableHeaderCell>{i.columns.displayName}</TableHeaderCell>
              <TableHeaderCell>{i.columns.state}</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {shown.map((row) => {
              const state = stateOf(row, outcomes);
              return (
                <TableRow key={row.line} data-line={row.line} data-state={state.result}>
                  <TableCell className={styles.cell}>{row.line}</TableCell>
                  <TableCell className={styles.cell}>{row.values.userPrincipalName ?? '–'}</TableCell>
                  <TableCell className={styles.cell}>{row.values.displayName ?? '–'}</TableCell>
                  <TableCell className={styles.cell}>
                    <span className={styles.state}>
                      <StateIcon look={checkLook[state.result]} size={16} />
                      <span>
                        {state.short}
                        {state.why.length > 0 && <Text block className={styles.quiet}>{state.why.join(' ')}</Text>}
                      </span>
                    </span>
                  </TableCell>
                </TableRow>
              );
            })}
          </TableBody>
        </Table>
      </div>
    </>
  );
}
