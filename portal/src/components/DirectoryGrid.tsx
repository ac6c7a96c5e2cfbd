// A list of objects: search, view, order, columns and page live in the address; the server does the work.
import {
  Button,
  Checkbox,
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
import type { DirectoryObject } from '@microsoft/microsoft-graph-types';
import { useSyncExternalStore, type ReactNode } from 'react';
import { useLocation, useSearchParams } from 'react-router';
import { useGraphPage, type ListName } from '../api/queries';
import { ChevronLeftRegular, ChevronRightRegular, PeopleRegular, SearchRegular } from '../icons';
import { searchOption } from '../lib/odata';
import { useColumns, type Column } from '../lib/useColumns';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { Failure, Notice } from './Failure';

const PAGE = 100;
const SKELETON_ROWS = 14;

const useStyles = makeStyles({
  frame: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    overflow: 'hidden',
  },
  scroll: { overflowX: 'auto' },
  table: { minWidth: '820px', '@media (max-width: 600px)': { minWidth: 0 } },
  pick: { width: '44px', padding: '0 0 0 8px' },
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

/** Which rows are picked, where the page does something with several at once. */
export interface Selection<T> {
  picked: ReadonlyMap<string, T>;
  pick: (picked: ReadonlyMap<string, T>) => void;
  label: (name: string) => string;
  all: string;
}

interface Props<T> {
  /** First part of the list's query key, and the name under which its columns are kept. */
  list: ListName;
  /** Where Graph has it: `/v1.0/users`. */
  path: string;
  /** The address's parameter that names the open object. */
  param: string;
  columns: Column<T>[];
  /** What is asked for beside `id` and the columns that are shown. */
  select?: readonly string[];
  /** What a view means to the API; by default `viewFilters`. */
  filters?: Record<string, string>;
  /** How what a person typed is looked for; by default with `$search`. Where lists cannot be searched: a filter. */
  searchFilter?: (text: string) => string | undefined;
  words: {
    gridLabel: string;
    empty: string;
    emptyHint: string;
    emptyFiltered: string;
  };
  emptyAction?: ReactNode;
  nameOf: (item: T) => string;
  selection?: Selection<T>;
}

const narrow = window.matchMedia('(max-width: 600px)');

function onWidth(listener: () => void): () => void {
  narrow.addEventListener('change', listener);
  return () => narrow.removeEventListener('change', listener);
}

/** On a phone's width: the name and what stands beside it. The others are in the object's pane. */
const NARROW_COLUMNS = 2;

/** The pages before this one, kept in the history entry: the API gives only the way forward. */
interface Trail {
  trail: string[];
}

export function DirectoryGrid<T extends DirectoryObject>(props: Props<T>) {
  const { param, words, nameOf, selection } = props;
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
  const openId = params.get(param);
  const chosen = useColumns(props.list, props.columns).shown;
  const isNarrow = useSyncExternalStore(onWidth, () => narrow.matches);
  const columns = isNarrow ? chosen.slice(0, NARROW_COLUMNS) : chosen;
  const weights = columns.reduce((sum, column) => sum + column.weight, 0);
  const filters = props.filters ?? viewFilters;
  const conditions = [filters[view], props.searchFilter?.(q)].filter((one) => one !== undefined && one !== '');

  const list = useGraphPage<T>(props.list, props.path, {
    select: [...new Set(['id', ...chosen.flatMap((column) => column.needs ?? [column.name]), ...(props.select ?? [])])],
    filter: conditions.length > 1 ? conditions.map((one) => `(${one})`).join(' and ') : conditions[0],
    search: props.searchFilter ? undefined : searchOption(q),
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
          <Notice title={words.empty} text={words.emptyHint} icon={<PeopleRegular />}>
            {props.emptyAction}
          </Notice>
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
            {selection && <col style={{ width: '44px' }} />}
            {columns.map((column) => (
              <col key={column.name} style={{ width: `${(100 * column.weight) / weights}%` }} />
            ))}
          </colgroup>
          <TableHeader>
            <TableRow>
              {selection && (
                <TableHeaderCell className={styles.pick} sortable={false}>
                  <PickAll items={items ?? []} selection={selection} />
                </TableHeaderCell>
              )}
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
                  const open = () => change({ [param]: id });
                  return (
                    // The row opens by mouse anywhere; by keyboard through the button in its first cell.
                    <TableRow key={id} className={styles.row} onClick={open} appearance={openId === id ? 'brand' : 'none'} data-id={id}>
                      {selection && (
                        // The box is the way by keyboard; the cell around it only spares the mouse an aim.
                         
                        <TableCell className={styles.pick} onClick={(event) => event.stopPropagation()}>
                          <Checkbox
                            aria-label={selection.label(nameOf(item))}
                            checked={selection.picked.has(id)}
                            onChange={(_, data) => selection.pick(withPicked(selection.picked, [item], data.checked === true))}
                          />
                        </TableCell>
                      )}
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
                    {selection && <TableCell className={styles.pick} />}
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

/** The picked rows, with some more or without them. */
function withPicked<T extends DirectoryObject>(picked: ReadonlyMap<string, T>, items: T[], on: boolean): ReadonlyMap<string, T> {
  const next = new Map(picked);
  for (const item of items) {
    if (on) next.set(item.id ?? '', item);
    else next.delete(item.id ?? '');
  }
  return next;
}

function PickAll<T extends DirectoryObject>({ items, selection }: { items: T[]; selection: Selection<T> }) {
  const picked = items.filter((item) => selection.picked.has(item.id ?? '')).length;
  return (
    <Checkbox
      aria-label={selection.all}
      checked={picked === 0 ? false : picked === items.length ? true : 'mixed'}
      onChange={() => selection.pick(withPicked(selection.picked, items, picked < items.length))}
    />
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
