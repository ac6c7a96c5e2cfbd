// A list of users or groups: search, view, order and page live in the address; the server does the work.
import {
  Button,
  makeStyles,
  mergeClasses,
  Link,
  SkeletonItem,
  useRestoreFocusTarget,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components';
import type { Group, User } from '@microsoft/microsoft-graph-types';
import type { ReactNode } from 'react';
import { useLocation, useSearchParams } from 'react-router';
import { useGraphPage } from '../api/queries';
import type { Kind } from '../api/types';
import { ChevronLeftRegular, ChevronRightRegular, PeopleRegular, SearchRegular } from '../icons';
import { searchOption } from '../lib/odata';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { Failure, Notice } from './Failure';

const PAGE = 100;
const SKELETON_ROWS = 14;

export interface Column<T> {
  /** The Graph property. */
  name: string;
  label: string;
  /** Share of the width, CSS. */
  width: string;
  sortable: boolean;
  show: (item: T) => ReactNode;
}

const useStyles = makeStyles({
  frame: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    overflow: 'hidden',
  },
  scroll: { overflowX: 'auto' },
  table: { minWidth: '820px' },
  busy: { opacity: 0.6 },
  row: { cursor: 'pointer', height: '40px' },
  cell: { height: '40px', ':first-child': { paddingLeft: '20px' }, ':last-child': { paddingRight: '20px' } },
  head: { ':first-child': { paddingLeft: '20px' }, ':last-child': { paddingRight: '20px' }, fontWeight: tokens.fontWeightSemibold },
  cut: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', maxWidth: '100%', textAlign: 'left' },
  foot: { display: 'flex', alignItems: 'center', gap: '4px', padding: '6px 12px 6px 20px', minHeight: '32px', flexWrap: 'wrap' },
  range: { flexGrow: 1, color: tokens.colorNeutralForeground2 },
});

/** What the views of a list mean to the API. */
export const viewFilters: Record<string, string> = {
  errors: 'onPremisesProvisioningErrors/any(o:o/category ne null)',
  synced: 'onPremisesSyncEnabled eq true',
  cloud: 'onPremisesSyncEnabled eq null or onPremisesSyncEnabled eq false',
};

interface Props<T> {
  kind: Kind;
  columns: Column<T>[];
  select: readonly string[];
  words: {
    gridLabel: string;
    empty: string;
    emptyHint: string;
    emptyFiltered: string;
  };
  nameOf: (item: T) => string;
}

/** The pages before this one, kept in the history entry: the API gives only the way forward. */
interface Trail {
  trail: string[];
}

export function DirectoryGrid<T extends User | Group>(props: Props<T>) {
  const { kind, columns, words, nameOf } = props;
  const styles = useStyles();
  const [params, change] = useUrlState();
  const focusTarget = useRestoreFocusTarget();
  const [, setParams] = useSearchParams();
  const trail = (useLocation().state as Trail | null)?.trail;

  const q = params.get('q') ?? '';
  const view = params.get('view') ?? '';
  const sort = params.get('sort') ?? 'displayName';
  const descending = params.get('dir') === 'desc';
  const after = params.get('after') ?? undefined;
  const openId = params.get(kind);

  const list = useGraphPage<T>(kind, {
    select: props.select,
    filter: viewFilters[view],
    search: searchOption(q),
    orderBy: `${sort} ${descending ? 'desc' : 'asc'}`,
    top: PAGE,
    count: true,
    skipToken: after,
  });

  const goTo = (token: string | undefined, before: string[]) => {
    setParams(
      (now) => {
        const next = new URLSearchParams(now);
        if (token) next.set('after', token);
        else next.delete('after');
        return next;
      },
      { state: { trail: before } satisfies Trail },
    );
  };
  const sortBy = (name: string) =>
    change({ sort: name === 'displayName' ? undefined : name, dir: sort === name && !descending ? 'desc' : undefined, after: undefined });

  if (list.isError && !list.data) {
    return (
      <div className={styles.frame}>
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      </div>
    );
  }
  const items = list.data?.items;
  if (items?.length === 0 && after === undefined) {
    const filtered = q !== '' || view !== '';
    return (
      <div className={styles.frame}>
        {filtered ? (
          <Notice title={words.emptyFiltered} text={t.users.emptyFilteredHint} icon={<SearchRegular />}>
            <Button onClick={() => change({ q: undefined, view: undefined })}>{t.users.clear}</Button>
          </Notice>
        ) : (
          <Notice title={words.empty} text={words.emptyHint} icon={<PeopleRegular />} />
        )}
      </div>
    );
  }

  // How many stand on the pages before; unknown where a link led into the middle.
  const before = after === undefined ? 0 : trail ? (trail.length + 1) * PAGE : undefined;
  return (
    <div className={styles.frame}>
      <div className={styles.scroll}>
        <Table
          className={mergeClasses(styles.table, list.isPlaceholderData && styles.busy)}
          aria-label={words.gridLabel}
          aria-busy={list.isPlaceholderData || !items}
          sortable
        >
          <colgroup>
            {columns.map((column) => (
              <col key={column.name} style={{ width: column.width }} />
            ))}
          </colgroup>
          <TableHeader>
            <TableRow>
              {columns.map((column) => (
                <TableHeaderCell
                  key={column.name}
                  className={styles.head}
                  {...(column.sortable
                    ? {
                        ...(sort === column.name
                          ? { sortDirection: descending ? ('descending' as const) : ('ascending' as const) }
                          : {}),
                        onClick: () => sortBy(column.name),
                      }
                    : { sortable: false })}
                >
                  {column.label}
                </TableHeaderCell>
              ))}
            </TableRow>
          </TableHeader>
          <TableBody>
            {items
              ? items.map((item) => {
                  const id = item.id ?? '';
                  const open = () => change({ [kind]: id });
                  return (
                    // The row opens by mouse anywhere; by keyboard through the button in its first cell.
                    <TableRow key={id} className={styles.row} onClick={open} appearance={openId === id ? 'brand' : 'none'} data-id={id}>
                      {columns.map((column, index) => (
                        <TableCell key={column.name} className={styles.cell}>
                          {index === 0 ? (
                            <Link
                              as="button"
                              className={styles.cut}
                              title={nameOf(item)}
                              aria-haspopup="dialog"
                              {...focusTarget}
                              onClick={(event) => {
                                event.stopPropagation();
                                open();
                              }}
                            >
                              {nameOf(item)}
                            </Link>
                          ) : (
                            <Cut>{column.show(item)}</Cut>
                          )}
                        </TableCell>
                      ))}
                    </TableRow>
                  );
                })
              : Array.from({ length: SKELETON_ROWS }, (_, row) => (
                  <TableRow key={row} className={styles.row}>
                    {columns.map((column) => (
                      <TableCell key={column.name} className={styles.cell}>
                        <SkeletonItem size={16} style={{ width: '70%' }} />
                      </TableCell>
                    ))}
                  </TableRow>
                ))}
          </TableBody>
        </Table>
      </div>
      {items && (
      <nav className={styles.foot} aria-label={t.users.paging}>
        <Text className={styles.range} role="status">
          {before !== undefined && t.rangeOf(before + 1, before + items.length, list.data?.count)}
        </Text>
        {after !== undefined && (
          <Button appearance="subtle" size="small" onClick={() => goTo(undefined, [])}>
            {t.users.first}
          </Button>
        )}
        <Button
          appearance="subtle"
          size="small"
          icon={<ChevronLeftRegular />}
          disabledFocusable={after === undefined || !trail}
          onClick={() => goTo(trail?.at(-1) ?? undefined, trail?.slice(0, -1) ?? [])}
        >
          {t.users.previous}
        </Button>
        <Button
          appearance="subtle"
          size="small"
          icon={<ChevronRightRegular />}
          iconPosition="after"
          disabledFocusable={!list.data?.next || list.isPlaceholderData}
          onClick={() => goTo(list.data?.next, after === undefined ? [] : [...(trail ?? []), after])}
        >
          {t.users.next}
        </Button>
      </nav>
      )}
    </div>
  );
}

function Cut({ children }: { children: ReactNode }) {
  const styles = useStyles();
  const title = typeof children === 'string' ? children : undefined;
  return (
    <span className={styles.cut} title={title}>
      {children}
    </span>
  );
}
