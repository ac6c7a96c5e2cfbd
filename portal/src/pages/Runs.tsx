// Run history: every run of the sync clients, its steps and what it changed.
import {
  Button,
  Link,
  makeStyles,
  mergeClasses,
  Select,
  SkeletonItem,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components';
import { Fragment, useState } from 'react';
import { useRun, useRuns } from '../api/queries';
import { historyOutcomes, type Kind, type Run } from '../api/types';
import { Banner } from '../components/Banner';
import { RunCounts, RunDrift, RunSteps } from '../components/charts/RunPicture';
import { Failure, Notice } from '../components/Failure';
import { PageHeader } from '../components/PageHeader';
import { History } from '../components/History';
import { millisOf } from '../components/RunBars';
import { SearchField } from '../components/SearchField';
import { resultLook, StateIcon } from '../components/StateIcon';
import { Time } from '../components/Time';
import { ChevronDownRegular, ChevronRightRegular, HistoryRegular } from '../icons';
import { at } from '../lib/base';
import { absoluteTime, duration } from '../lib/time';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';

const FIRST = 50;
const MOST = 500;
const SKELETON_ROWS = 10;

const useStyles = makeStyles({
  frame: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    overflow: 'hidden',
  },
  scroll: { overflowX: 'auto' },
  table: { minWidth: '880px' },
  head: { fontWeight: tokens.fontWeightSemibold, ':first-child': { paddingLeft: '20px' }, ':last-child': { paddingRight: '20px' } },
  row: { height: '44px', cursor: 'pointer' },
  cell: { height: '44px', ':first-child': { paddingLeft: '12px' }, ':last-child': { paddingRight: '20px' } },
  started: { display: 'flex', alignItems: 'center', gap: '4px' },
  result: { display: 'flex', alignItems: 'center', gap: '8px' },
  number: { fontVariantNumeric: 'tabular-nums' },
  quiet: { color: tokens.colorNeutralForeground2 },
  details: { padding: '4px 20px 16px 48px', display: 'grid', gap: '12px', cursor: 'default' },
  id: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  more: { display: 'flex', justifyContent: 'center', padding: '12px' },
  tools: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px 12px' },
  objects: { margin: 0, flexGrow: 1 },
  coming: { padding: '16px 20px', marginBottom: '12px', display: 'grid', gap: '12px' },
  exports: { display: 'inline-flex', gap: '12px' },
  files: { display: 'flex', justifyContent: 'flex-end', gap: '12px', alignItems: 'center', padding: '0 0 12px' },
});

const columnNames = ['started', 'trigger', 'result', 'took', 'changes', 'errors'] as const;
const widths = ['18%', '12%', '26%', '10%', '26%', '8%'];

export function RunsPage() {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const asked = Number.parseInt(params.get('top') ?? '', 10);
  const top = Number.isFinite(asked) ? Math.min(Math.max(asked, FIRST), MOST) : FIRST;
  const runs = useRuns(top);
  const openId = params.get('run');
  // A link may lead to a run that is older than those shown, or so new that its record is still to come.
  const elsewhere = openId !== null && runs.data !== undefined && !runs.data.some((run) => run.id === openId);
  const linked = useRun(elsewhere ? openId : undefined);
  const shown = elsewhere && linked.data ? [linked.data, ...runs.data] : runs.data;

  if (runs.data?.length === 0) {
    return (
      <>
        <PageHeader title={t.runs.title} intro={t.runs.intro} />
        <div className={styles.frame}>
          <Notice title={t.runs.empty} text={t.runs.emptyHint} icon={<HistoryRegular />} />
        </div>
      </>
    );
  }
  return (
    <>
      <PageHeader title={t.runs.title} intro={t.runs.intro} />
      <div className={styles.files}>
        <Text>{t.runs.exportAll}</Text>
        <ExportLinks path="/api/v1/runs/export" query={new URLSearchParams()} label={t.runs.exportAll} />
      </div>
      {elsewhere && linked.data === null && (
        <div className={mergeClasses(styles.frame, styles.coming)}>
          <Text>{t.runs.coming}</Text>
          <RunObjects id={openId} />
        </div>
      )}
      <div className={styles.frame}>
        {runs.isError && !runs.data ? (
          <Failure error={runs.error} onRetry={() => void runs.refetch()} />
        ) : (
          <div className={styles.scroll}>
            <Table className={styles.table} aria-label={t.runs.gridLabel} aria-busy={!runs.data}>
              <colgroup>
                {widths.map((width, index) => (
                  <col key={index} style={{ width }} />
                ))}
              </colgroup>
              <TableHeader>
                <TableRow>
                  {columnNames.map((name) => (
                    <TableHeaderCell key={name} className={styles.head}>
                      {t.runs.columns[name]}
                    </TableHeaderCell>
                  ))}
                </TableRow>
              </TableHeader>
              <TableBody>
                {shown
                  ? shown.map((run) => (
                      <RunRow
                        key={run.id}
                        run={run}
                        open={run.id === openId}
                        onToggle={() => change({ run: run.id === openId ? undefined : run.id }, { replace: true })}
                      />
                    ))
                  : Array.from({ length: SKELETON_ROWS }, (_, row) => (
                      <TableRow key={row} className={styles.row}>
                        {columnNames.map((name) => (
                          <TableCell key={name} className={styles.cell}>
                            <SkeletonItem size={16} style={{ width: '70%' }} />
                          </TableCell>
                        ))}
                      </TableRow>
                    ))}
              </TableBody>
            </Table>
          </div>
        )}
        {runs.data && runs.data.length >= top && top < MOST && (
          <div className={styles.more}>
            <Button onClick={() => change({ top: String(top * 2) }, { replace: true })} disabledFocusable={runs.isFetching}>
              {t.runs.showMore}
            </Button>
          </div>
        )}
      </div>
    </>
  );
}

function changesOf(run: Run): string {
  const parts = (Object.entries(run.counts) as [Kind, Record<string, number>][]).flatMap(([kind, counts]) =>
    Object.entries(counts)
      .filter(([outcome, n]) => n > 0 && outcome !== 'unchanged')
      .map(([outcome, n]) => t.runs.outcomes(kind, outcome, n)),
  );
  if (run.membersAdded + run.membersRemoved > 0) parts.push(t.runs.members(run.membersAdded, run.membersRemoved));
  return parts.length === 0 ? t.runs.noChanges : parts.join(', ');
}

function RunRow({ run, open, onToggle }: { run: Run; open: boolean; onToggle: () => void }) {
  const styles = useStyles();
  const changes = changesOf(run);
  return (
    <Fragment>
      <TableRow className={styles.row} onClick={onToggle}>
        <TableCell className={styles.cell}>
          <span className={styles.started}>
            <Button
              appearance="transparent"
              size="small"
              icon={open ? <ChevronDownRegular /> : <ChevronRightRegular />}
              aria-expanded={open}
              aria-label={t.runs.expand(absoluteTime(run.startedAt, t.dateLocale))}
              onClick={(event) => {
                event.stopPropagation();
                onToggle();
              }}
            />
            <Time instant={run.startedAt} />
          </span>
        </TableCell>
        <TableCell className={styles.cell}>{t.triggers[run.trigger]}</TableCell>
        <TableCell className={styles.cell}>
          <span className={styles.result}>
            <StateIcon look={resultLook[run.result]} />
            {t.results[run.result]}
          </span>
        </TableCell>
        <TableCell className={styles.cell}>
          <span className={styles.number}>{duration(millisOf(run))}</span>
        </TableCell>
        <TableCell className={styles.cell}>
          <span className={changes === t.runs.noChanges ? styles.quiet : ''}>{changes}</span>
        </TableCell>
        <TableCell className={styles.cell}>
          <span className={styles.number}>{t.number(run.objectErrors)}</span>
        </TableCell>
      </TableRow>
      {open && (
        <TableRow>
          <TableCell colSpan={columnNames.length} style={{ padding: 0 }}>
            <RunDetails run={run} />
          </TableCell>
        </TableRow>
      )}
    </Fragment>
  );
}

function RunDetails({ run }: { run: Run }) {
  const styles = useStyles();
  return (
    <div className={styles.details}>
      {run.error && (
        <Banner intent="error" long>
          {run.error}
        </Banner>
      )}
      {run.steps.length === 0 ? (
        <Text className={styles.quiet}>{t.runs.noSteps}</Text>
      ) : (
        <RunSteps run={run} />
      )}
      <RunCounts run={run} />
      {run.drift && <RunDrift drift={run.drift} />}
      <RunObjects id={run.id} />
      <Text className={styles.id}>
        {t.runs.started(absoluteTime(run.startedAt, t.dateLocale))} {t.runs.id}: {run.id}
      </Text>
    </div>
  );
}

/** What a run did to objects: filtered, and as a file. */
function RunObjects({ id }: { id: string }) {
  const styles = useStyles();
  const [outcome, setOutcome] = useState('');
  const [search, setSearch] = useState('');
  const filter = { run: id, outcome: outcome || undefined, search: search || undefined };
  const query = new URLSearchParams(Object.entries(filter).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[0] !== 'run'));
  return (
    <section aria-label={t.runs.objects}>
      <div className={styles.tools}>
        <Text as="h2" weight="semibold" className={styles.objects}>
          {t.runs.objects}
        </Text>
        <SearchField value={search} onSearch={setSearch} label={t.runs.search} placeholder={t.runs.search} />
        <Select size="small" aria-label={t.runs.outcome} value={outcome} onChange={(_, data) => setOutcome(data.value)}>
          <option value="">{t.runs.allOutcomes}</option>
          {historyOutcomes.map((each) => (
            <option key={each} value={each}>
              {t.history.outcomes[each]}
            </option>
          ))}
        </Select>
        <ExportLinks path={`/api/v1/runs/${id}/export`} query={query} label={t.runs.export} />
      </div>
      <History filter={filter} of="run" />
    </section>
  );
}

function ExportLinks({ path, query, label }: { path: string; query: URLSearchParams; label: string }) {
  const styles = useStyles();
  return (
    <span className={styles.exports}>
      {(['csv', 'jsonl'] as const).map((format) => {
        const asked = new URLSearchParams(query);
        asked.set('format', format);
        return (
          <Link key={format} href={at(`${path}?${asked.toString()}`)} download aria-label={`${label}: ${t.runs.exportAs(t.runs[format])}`}>
            {t.runs[format]}
          </Link>
        );
      })}
    </span>
  );
}
