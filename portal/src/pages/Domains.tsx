// Domains: every domain with its state, the way to a new one, and a pane for each.
import {
  Badge,
  Button,
  Link,
  makeStyles,
  mergeClasses,
  SkeletonItem,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Toolbar,
  ToolbarButton,
  tokens,
  useRestoreFocusTarget,
} from '@fluentui/react-components';
import type { Domain } from '@microsoft/microsoft-graph-types';
import { useState } from 'react';
import { useDomains, useIsAdmin, useSession } from '../api/queries';
import { AddDomain } from '../components/domains/AddDomain';
import { DomainPane } from '../components/domains/DomainPane';
import { DomainState, rootOf } from '../components/domains/DomainState';
import { Failure, Notice } from '../components/Failure';
import { PageHeader } from '../components/PageHeader';
import { AddRegular, ArrowClockwiseRegular, GlobeRegular } from '../icons';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { domainWords } from '../messages/domains';
import { Banner } from '../components/Banner';

const useStyles = makeStyles({
  bar: { padding: 0, marginLeft: '-8px', marginBottom: '12px' },
  banner: { marginBottom: '12px' },
  frame: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    overflow: 'hidden',
    maxWidth: '1120px',
  },
  row: { cursor: 'pointer', height: '44px' },
  cell: { ':first-child': { paddingLeft: '20px' }, ':last-child': { paddingRight: '20px' } },
  head: { fontWeight: tokens.fontWeightSemibold },
  name: { display: 'flex', gap: '8px', alignItems: 'center', flexWrap: 'wrap', padding: '8px 0', minWidth: 0 },
  link: { textAlign: 'left', overflowWrap: 'anywhere' },
  quiet: { color: tokens.colorNeutralForeground2 },
  wide: { '@media (max-width: 600px)': { display: 'none' } },
});

const SKELETON_ROWS = 4;

/** The initial domain last: it is the one that needs no hand. What is not verified first. */
function byTrouble(a: Domain, b: Domain): number {
  const rank = (domain: Domain) => (domain.isInitial === true ? 2 : domain.isVerified === true ? 1 : 0);
  return rank(a) - rank(b) || (a.id ?? '').localeCompare(b.id ?? '');
}

export function DomainsPage() {
  const styles = useStyles();
  const domains = useDomains();
  const admin = useIsAdmin();
  const session = useSession();
  const [params, change] = useUrlState();
  const [adding, setAdding] = useState(false);
  const focusTarget = useRestoreFocusTarget();
  const open = params.get('domain') ?? undefined;
  const list = domains.data && [...domains.data].sort(byTrouble);
  return (
    <>
      <PageHeader title={domainWords.title} intro={domainWords.intro} />
      {session.data?.role === 'reader' && (
        <Banner intent="info" className={styles.banner}>
          {domainWords.readOnly}
        </Banner>
      )}
      <Toolbar className={styles.bar} aria-label={t.commands}>
        <ToolbarButton {...focusTarget} icon={<AddRegular />} disabledFocusable={!admin} onClick={() => setAdding(true)}>
          {domainWords.add}
        </ToolbarButton>
        <ToolbarButton icon={<ArrowClockwiseRegular />} disabledFocusable={domains.isFetching} onClick={() => void domains.refetch()}>
          {t.refresh}
        </ToolbarButton>
      </Toolbar>
      <div className={styles.frame}>
        {domains.isError && !list ? (
          <Failure error={domains.error} onRetry={() => void domains.refetch()} />
        ) : list?.length === 0 ? (
          <Notice title={domainWords.empty} text={domainWords.emptyHint} icon={<GlobeRegular />}>
            <Button disabledFocusable={!admin} onClick={() => setAdding(true)}>
              {domainWords.add}
            </Button>
          </Notice>
        ) : (
          <DomainTable list={list} open={open} onOpen={(domain) => change({ domain })} />
        )}
      </div>
      <AddDomain open={adding} onClose={() => setAdding(false)} onAdded={(domain) => change({ domain })} />
      <DomainPane name={open} domains={domains.data} onClose={() => change({ domain: undefined })} />
    </>
  );
}

function DomainTable(props: { list: Domain[] | undefined; open: string | undefined; onOpen: (name: string) => void }) {
  const styles = useStyles();
  const columns = domainWords.columns;
  return (
    <Table aria-label={domainWords.gridLabel} aria-busy={!props.list}>
      <TableHeader>
        <TableRow>
          <TableHeaderCell className={mergeClasses(styles.cell, styles.head)}>{columns.name}</TableHeaderCell>
          <TableHeaderCell className={mergeClasses(styles.cell, styles.head)}>{columns.state}</TableHeaderCell>
          <TableHeaderCell className={mergeClasses(styles.cell, styles.wide, styles.head)}>{columns.signIn}</TableHeaderCell>
          <TableHeaderCell className={mergeClasses(styles.cell, styles.wide, styles.head)}>{columns.use}</TableHeaderCell>
        </TableRow>
      </TableHeader>
      <TableBody>
        {props.list
          ? props.list.map((domain) => (
              <Row key={domain.id} domain={domain} all={props.list ?? []} open={props.open === domain.id} onOpen={props.onOpen} />
            ))
          : Array.from({ length: SKELETON_ROWS }, (_, row) => (
              <TableRow key={row} className={styles.row}>
                <TableCell className={styles.cell}>
                  <SkeletonItem size={16} style={{ width: '60%' }} />
                </TableCell>
                <TableCell>
                  <SkeletonItem size={16} style={{ width: '60%' }} />
                </TableCell>
              </TableRow>
            ))}
      </TableBody>
    </Table>
  );
}

function Row({ domain, all, open, onOpen }: { domain: Domain; all: Domain[]; open: boolean; onOpen: (name: string) => void }) {
  const styles = useStyles();
  const focusTarget = useRestoreFocusTarget();
  const name = domain.id ?? '';
  const root = rootOf(name, all);
  return (
    <TableRow className={styles.row} appearance={open ? 'brand' : 'none'} data-domain={name} onClick={() => onOpen(name)}>
      <TableCell className={styles.cell}>
        <span className={styles.name}>
          <Link
            as="button"
            className={styles.link}
            aria-haspopup="dialog"
            {...focusTarget}
            onClick={(event) => {
              event.stopPropagation();
              onOpen(name);
            }}
          >
            {name}
          </Link>
          {domain.isDefault === true && <Badge appearance="tint">{domainWords.isDefault}</Badge>}
        </span>
      </TableCell>
      <TableCell className={styles.cell}>
        <DomainState domain={domain} />
      </TableCell>
      <TableCell className={mergeClasses(styles.cell, styles.wide)}>
        {domain.authenticationType === 'Federated' ? domainWords.federated : domainWords.managed}
      </TableCell>
      <TableCell className={mergeClasses(styles.cell, styles.wide, styles.quiet)}>
        {domain.isInitial === true ? domainWords.isInitial : root !== undefined ? domainWords.below(root) : '–'}
      </TableCell>
    </TableRow>
  );
}
