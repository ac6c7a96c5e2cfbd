// The pre-check: begin it, follow it, accept proposals row by row, take them away as LDIF or CSV. Filters live in the
// address; what was accepted lives as long as the report that is shown.
import {
  Button,
  Checkbox,
  makeStyles,
  ProgressBar,
  Select,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useCallback, useMemo, useState } from 'react';
import { usePrecheck, useStartPrecheck, type Finding, type PrecheckReport, type ProblemKind, type Severity } from '../api/precheck';
import { ApiError } from '../api/http';
import { useSession } from '../api/queries';
import { ArrowClockwiseRegular, ArrowDownloadRegular, CheckmarkCircleFilled, PlayRegular, PlugDisconnectedRegular, SearchRegular } from '../icons';
import { download, writeCsv } from '../lib/csv';
import { changesOf } from '../lib/ldif';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { p } from '../messages/precheck';
import { LinkButton } from './AppLink';
import { Banner } from './Banner';
import { Copy } from './Copy';
import { explain, Failure, Notice } from './Failure';
import { SearchField } from './SearchField';
import { Section } from './Section';
import { checkLook, StateIcon } from './StateIcon';
import { Time } from './Time';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', gridTemplateColumns: 'minmax(0, 1fr)' },
  bar: { display: 'flex', gap: '8px 12px', flexWrap: 'wrap', alignItems: 'center', minHeight: '32px' },
  progress: { width: '160px' },
  numbers: { display: 'grid', gap: '4px' },
  quiet: { color: tokens.colorNeutralForeground2 },
  filters: { display: 'flex', gap: '8px', flexWrap: 'wrap', padding: '0 20px 12px', alignItems: 'center' },
  search: { width: '240px' },
  count: { marginLeft: 'auto', color: tokens.colorNeutralForeground2 },
  scroll: { overflowX: 'auto' },
  table: { minWidth: '920px' },
  head: { ':first-child': { paddingLeft: '20px' }, ':last-child': { paddingRight: '20px' }, fontWeight: tokens.fontWeightSemibold },
  cell: { padding: '8px', verticalAlign: 'top', overflowWrap: 'anywhere', ':first-child': { paddingLeft: '12px' }, ':last-child': { paddingRight: '20px' } },
  pick: { width: '92px', paddingLeft: '12px', fontWeight: tokens.fontWeightSemibold },
  block: { display: 'block' },
  small: { display: 'block', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  problem: { display: 'flex', gap: '6px' },
  value: { whiteSpace: 'pre-wrap', fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  safe: { color: tokens.colorStatusSuccessForeground1, fontSize: tokens.fontSizeBase200 },
  more: { display: 'flex', justifyContent: 'center', padding: '12px' },
  foot: { padding: '12px 20px', display: 'grid', gap: '8px', borderTop: `1px solid ${tokens.colorNeutralStroke2}` },
  command: { display: 'flex', gap: '8px', alignItems: 'center', flexWrap: 'wrap' },
  code: { overflowWrap: 'anywhere', fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
});

const PAGE = 100;
const isWritten = (finding: Finding) => finding.change.action === 'edit' || finding.change.action === 'remove';
const severityOf = (finding: Finding): Severity =>
  finding.problems.some((problem) => problem.severity === 'error') ? 'error' : 'warning';
const ruleText = (problem: Finding['problems'][number]) => p.rules[problem.rule] ?? problem.message;
/** The first value of a DN, unescaped: UTF-8 may be written byte by byte in hex. */
function nameOf(dn: string): string {
  const value = /^[^=]+=((?:\\.|[^,+\\])*)/.exec(dn)?.[1];
  if (value === undefined || value === '') return dn;
  const plain = value.replaceAll(/(?:\\[0-9a-f]{2})+/gi, (hex) =>
    new TextDecoder().decode(Uint8Array.from(hex.split('\\').slice(1), (pair) => Number.parseInt(pair, 16))),
  );
  return plain.replaceAll(/\\(.)/g, '$1').trim();
}
const severityLooks = { error: checkLook.fail, warning: checkLook.warn };

export function PrecheckPanel() {
  const styles = useStyles();
  const session = useSession();
  const admin = session.data?.role === 'admin';
  const state = usePrecheck(admin);
  const start = useStartPrecheck();
  const running = state.data?.running === true;
  const report = state.data?.report;

  if (session.data && !admin) return <Banner intent="info">{p.readOnly}</Banner>;
  if (state.error && !state.data) {
    return state.error instanceof ApiError && state.error.status === 503 ? (
      <Notice title={p.noClient} text={state.error.message} icon={<PlugDisconnectedRegular />}>
        <Button onClick={() => void state.refetch()}>{t.retry}</Button>
        <LinkButton to="/setup">{p.toSetup}</LinkButton>
      </Notice>
    ) : (
      <Failure error={state.error} onRetry={() => void state.refetch()} />
    );
  }
  return (
    <div className={styles.stack}>
      <div className={styles.bar}>
        <Button
          appearance={report ? 'secondary' : 'primary'}
          icon={report ? <ArrowClockwiseRegular /> : <PlayRegular />}
          disabledFocusable={!state.data || running || start.isPending}
          onClick={() => start.mutate()}
        >
          {report ? p.again : p.run}
        </Button>
        <div role="status" className={styles.bar}>
          {running && (
            <>
              <ProgressBar className={styles.progress} aria-label={p.running(0)} />
              <Text>{p.running(state.data?.read ?? 0)}</Text>
            </>
          )}
        </div>
      </div>
      {start.error && (
        <Banner intent="error" long alert>
          {explain(start.error).text}
        </Banner>
      )}
      {state.data?.failed !== undefined && (
        <Banner intent="error" long alert>
          {p.failed} {state.data.failed}
        </Banner>
      )}
      {report ? (
        <Report key={report.at} report={report} />
      ) : (
        state.data && !running && <Notice title={p.never} text={p.neverHint} icon={<SearchRegular />} />
      )}
    </div>
  );
}

function Report({ report }: { report: PrecheckReport }) {
  const styles = useStyles();
  const { summary, findings } = report;
  const skipped = Object.values(summary.skipped).reduce((sum, one) => sum + one, 0);
  return (
    <>
      <div className={styles.numbers}>
        <Text>
          {p.checkedAt} <Time instant={report.at} />: {p.checked(summary.checked, report.source)}
        </Text>
        {summary.findings > 0 && (
          <Text weight="semibold">
            {p.summary(summary.errors, summary.findings - summary.errors)}; {p.proposed(summary.proposed, summary.safe)}
          </Text>
        )}
        {skipped > 0 && <Text className={styles.quiet}>{p.skipped(skipped)}</Text>}
        {summary.findings > findings.length && <Text>{p.notAll(findings.length, summary.findings)}</Text>}
        {summary.duplicatesNotListed > 0 && <Text>{p.duplicatesNotListed(summary.duplicatesNotListed)}</Text>}
      </div>
      {findings.length === 0 ? (
        <Notice title={p.clean} text={p.cleanHint} icon={<CheckmarkCircleFilled />} />
      ) : (
        <Findings findings={findings} />
      )}
    </>
  );
}

function Findings({ findings }: { findings: Finding[] }) {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const [accepted, setAccepted] = useState<ReadonlySet<Finding>>(new Set());
  const [shown, setShown] = useState(PAGE);
  const q = params.get('q') ?? '';
  const severity = params.get('severity') ?? '';
  const kind = params.get('kind') ?? '';
  const proposal = params.get('proposal') === '1';
  const search = useCallback((text: string) => change({ q: text }, { replace: true }), [change]);
  const rows = useMemo(() => {
    const wanted = q.toLowerCase();
    const holds = (finding: Finding) =>
      [finding.dn, finding.attribute, finding.value, ...finding.problems.map((one) => `${one.rule} ${ruleText(one)}`)]
        .some((text) => text.toLowerCase().includes(wanted));
    return findings.filter(
      (finding) =>
        (severity === '' || severityOf(finding) === severity) &&
        (kind === '' || finding.problems.some((problem) => problem.kind === kind)) &&
        (!proposal || isWritten(finding)) &&
        (wanted === '' || holds(finding)),
    );
  }, [findings, q, severity, kind, proposal]);
  const kinds = useMemo(() => [...new Set(findings.flatMap((one) => one.problems.map((problem) => problem.kind)))].sort(), [findings]);

  const toggle = (finding: Finding, on: boolean) => {
    const next = new Set(accepted);
    if (on) next.add(finding);
    else next.delete(finding);
    setAccepted(next);
  };
  // In the order of the list, whatever the order of the clicks.
  const chosen = findings.filter((finding) => accepted.has(finding));
  const file = (name: string, text: string) => download(name, text, 'text/plain;charset=utf-8');
  const csv = () =>
    writeCsv([
      p.csvColumns,
      ...findings.map((one) => [
        one.dn,
        one.class,
        one.attribute,
        one.problems.map((problem) => problem.kind).join('; '),
        severityOf(one),
        one.problems.map((problem) => problem.rule).join('; '),
        one.value,
        one.change.action,
        one.change.action === 'edit' ? one.change.value : '',
        String(one.safe),
        String(accepted.has(one)),
        one.note ?? '',
        (one.others ?? []).join('; '),
      ]),
    ]);
  const command = 'ldapmodify -x -H ldap://HOST -D ACCOUNT -W -c -f lockstep-precheck.ldif';

  return (
    <Section
      title={p.found(findings.length)}
      flush
      actions={
        <>
          <Button size="small" onClick={() => setAccepted(new Set(findings.filter((one) => isWritten(one) && one.safe)))}>
            {p.acceptSafe}
          </Button>
          <Button size="small" onClick={() => setAccepted(new Set(findings.filter(isWritten)))}>
            {p.acceptAll}
          </Button>
          <Button size="small" disabledFocusable={chosen.length === 0} onClick={() => setAccepted(new Set())}>
            {p.acceptNone}
          </Button>
          <Button size="small" icon={<ArrowDownloadRegular />} onClick={() => download('lockstep-precheck.csv', csv())}>
            {p.csv}
          </Button>
        </>
      }
    >
      <div className={styles.filters}>
        <SearchField label={p.search} placeholder={p.searchHint} value={q} onSearch={search} className={styles.search} />
        <Select aria-label={p.severity} value={severity} onChange={(_, data) => change({ severity: data.value })}>
          <option value="">{p.all}</option>
          <option value="error">{p.errors}</option>
          <option value="warning">{p.warnings}</option>
        </Select>
        <Select aria-label={p.kind} value={kind} onChange={(_, data) => change({ kind: data.value })}>
          <option value="">{p.allKinds}</option>
          {kinds.map((one: ProblemKind) => (
            <option key={one} value={one}>
              {p.kinds[one]}
            </option>
          ))}
        </Select>
        <Checkbox
          label={p.withProposal}
          checked={proposal}
          onChange={(_, data) => change({ proposal: data.checked === true ? '1' : undefined })}
        />
        <Text className={styles.count} role="status">
          {p.found(rows.length)}
        </Text>
      </div>
      {rows.length === 0 ? (
        <Notice title={p.emptyFiltered} icon={<SearchRegular />}>
          <Button onClick={() => change({ q: undefined, severity: undefined, kind: undefined, proposal: undefined })}>{p.clear}</Button>
        </Notice>
      ) : (
        <div className={styles.scroll}>
          <Table className={styles.table} aria-label={p.gridLabel}>
            <colgroup>
              <col style={{ width: '92px' }} />
              <col style={{ width: '22%' }} />
              <col style={{ width: '11%' }} />
              <col style={{ width: '19%' }} />
              <col style={{ width: '22%' }} />
              <col />
            </colgroup>
            <TableHeader>
              <TableRow>
                <TableHeaderCell className={styles.pick}>{p.acceptColumn}</TableHeaderCell>
                {Object.values(p.columns).map((column) => (
                  <TableHeaderCell key={column} className={styles.head}>
                    {column}
                  </TableHeaderCell>
                ))}
              </TableRow>
            </TableHeader>
            <TableBody>
              {rows.slice(0, shown).map((finding) => (
                <Row
                  key={`${finding.dn} ${finding.attribute} ${finding.value}`}
                  finding={finding}
                  accepted={accepted.has(finding)}
                  onAccept={(on) => toggle(finding, on)}
                />
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {rows.length > shown && (
        <div className={styles.more}>
          <Button onClick={() => setShown(shown + PAGE)}>{p.showMore}</Button>
        </div>
      )}
      <div className={styles.foot}>
        <div className={styles.bar}>
          <Text weight="semibold" role="status">
            {p.accepted(chosen.length)}
          </Text>
          <Button
            appearance="primary"
            icon={<ArrowDownloadRegular />}
            disabledFocusable={chosen.length === 0}
            onClick={() => file('lockstep-precheck.ldif', changesOf(chosen))}
          >
            {p.ldif}
          </Button>
          <Button
            icon={<ArrowDownloadRegular />}
            disabledFocusable={chosen.length === 0}
            onClick={() => file('lockstep-precheck.undo.ldif', changesOf(chosen, true))}
          >
            {p.undo}
          </Button>
        </div>
        {chosen.length > 0 && (
          <>
            <Text className={styles.quiet}>{p.apply}</Text>
            <div className={styles.command}>
              <code className={styles.code}>{command}</code>
              <Copy text={command} what="ldapmodify" />
            </div>
          </>
        )}
      </div>
    </Section>
  );
}

function Row({ finding, accepted, onAccept }: { finding: Finding; accepted: boolean; onAccept: (on: boolean) => void }) {
  const styles = useStyles();
  const { change } = finding;
  const name = nameOf(finding.dn);
  const severity = severityOf(finding);
  return (
    <TableRow data-finding={finding.dn}>
      <TableCell className={styles.pick}>
        {isWritten(finding) && (
          <Checkbox
            aria-label={p.accept(finding.attribute, name)}
            checked={accepted}
            onChange={(_, data) => onAccept(data.checked === true)}
          />
        )}
      </TableCell>
      <TableCell className={styles.cell}>
        <Text className={styles.block}>{name}</Text>
        <Text className={styles.small}>
          {p.classes[finding.class]}, {finding.dn}
        </Text>
      </TableCell>
      <TableCell className={styles.cell}>
        {finding.attribute}
        {finding.source !== undefined && <Text className={styles.small}>{finding.source}</Text>}
      </TableCell>
      <TableCell className={styles.cell}>
        {finding.value === '' ? <Text className={styles.small}>{p.noValue}</Text> : <span className={styles.value}>{finding.value}</span>}
      </TableCell>
      <TableCell className={styles.cell}>
        {finding.problems.map((problem) => (
          <div key={problem.rule} className={styles.problem}>
            <span role="img" aria-label={p.severities[problem.severity]} title={p.severities[problem.severity]}>
              <StateIcon look={severityLooks[problem.severity]} size={16} />
            </span>
            <div>
              <Text className={styles.block}>{p.kinds[problem.kind]}</Text>
              <Text className={styles.small}>{ruleText(problem)}</Text>
            </div>
          </div>
        ))}
      </TableCell>
      <TableCell className={styles.cell} data-severity={severity}>
        {change.action === 'edit' && <span className={styles.value}>{change.value}</span>}
        {change.action === 'remove' && p.remove}
        {change.action === 'keep' && p.keep}
        {change.action === 'none' && finding.note === undefined && <Text className={styles.small}>{p.none}</Text>}
        {finding.safe && (
          <Text className={styles.block} title={p.safeHint}>
            <span className={styles.safe}>{p.safe}</span>
          </Text>
        )}
        {finding.note !== undefined && <Text className={styles.small}>{finding.note}</Text>}
        {finding.others && finding.others.length > 0 && (
          <Text className={styles.small}>
            {p.also} {finding.others.join('; ')}
          </Text>
        )}
      </TableCell>
    </TableRow>
  );
}
