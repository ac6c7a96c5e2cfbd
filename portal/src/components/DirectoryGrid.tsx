// A list of objects, of any length: search, view, order and columns live in the address; the server does the work.
// Pages are loaded by their nextLinks as one scrolls, and only the rows near the window are in the document.
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
import { useLayoutEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import type { ListName } from '../api/queries';
import { useGraphRows } from '../api/rows';
import { PeopleRegular, SearchRegular } from '../icons';
import { searchOption } from '../lib/odata';
import { useColumns, type Column } from '../lib/useColumns';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { gridWords } from '../messages/directory';
import { Failure, Notice } from './Failure';

const ROW_PX = 41;
const SKELETON_ROWS = 14;

const useStyles = makeStyles({
  frame: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    // Not hidden: the line below the list stays in sight while it scrolls.
    overflow: 'clip',
  },
  scroll: { overflowX: 'auto' },
  table: { minWidth: '820px', '@media (max-width: 600px)': { minWidth: 0 } },
  pick: { width: '44px', padding: '0 0 0 8px' },
  busy: { opacity: 0.6 },
  row: { cursor: 'pointer', height: '40px' },
  cell: { height: '40px', ':first-child': { paddingLeft: '20px' }, ':last-child': { paddingRight: '20px' } },
  head: { ':first-child': { paddingLeft: '20px' }, ':last-child': { paddingRight: '20px' }, fontWeight: tokens.fontWeightSemibold },
  cut: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', maxWidth: '100%', textAlign: 'left' },
  space: { height: 0, padding: 0, border: 'none' },
  foot: { position: 'sticky', bottom: 0, zIndex: 1, backgroundColor: tokens.colorNeutralBackground1, borderTop: `1px solid ${tokens.colorNeutralStroke2}`, display: 'flex', alignItems: 'center', gap: '4px', padding: '6px 12px 6px 20px', minHeight: '32px', flexWrap: 'wrap' },
  range: { flexGrow: 1, color: tokens.colorNeutralForeground2 },
});

/** What the views of a list mean to the API. */
export const viewFilters: Record<string, string> = {
  errors: 'onPremisesProvisioningErrors/any(o:o/category ne null)',
  synced: 'onPremisesSyncEnabled eq true',
  cloud: 'onPremisesSyncEnabled ne true',
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

/** Columns that the server has an index of. */
const INDEXED: ReadonlySet<string> = new Set(['displayName', 'userPrincipalName', 'createdDateTime']);
/** A longer list is put in the order of an indexed column only: any other would take seconds. */
const MOST_SORTED = 50_000;

/** On a phone's width: the name and what stands beside it. The others are in the object's pane. */
const NARROW_COLUMNS = 2;

export function DirectoryGrid<T extends DirectoryObject>(props: Props<T>) {
  const { param, words, nameOf, selection } = props;
  const styles = useStyles();
  const [params, change] = useUrlState();
  const focusTarget = useRestoreFocusTarget();

  const q = params.get('q') ?? '';
  const view = params.get('view') ?? '';
  const sort = params.get('sort') ?? 'displayName';
  const descending = params.get('dir') === 'desc';
  const openId = params.get(param);
  const chosen = useColumns(props.list, props.columns).shown;
  const isNarrow = useSyncExternalStore(onWidth, () => narrow.matches);
  const columns = isNarrow ? chosen.slice(0, NARROW_COLUMNS) : chosen;
  const weights = columns.reduce((sum, column) => sum + column.weight, 0);
  const filters = props.filters ?? viewFilters;
  const conditions = [filters[view], props.searchFilter?.(q)].filter((one) => one !== undefined && one !== '');

  const body = useRef<HTMLElement>(null);
  const [rowPx, setRowPx] = useState(ROW_PX);
  const list = useGraphRows<T>(props.list, props.path, body, rowPx, {
    select: [...new Set(['id', ...chosen.flatMap((column) => column.needs ?? [column.name]), ...(props.select ?? [])])],
    filter: conditions.length > 1 ? conditions.map((one) => `(${one})`).join(' and ') : conditions[0],
    search: props.searchFilter ? undefined : searchOption(q),
    orderBy: `${sort} ${descending ? 'desc' : 'asc'}`,
  });
  // As tall as this browser draws them.
  useLayoutEffect(() => {
    const drawn = body.current?.querySelector('tr[data-id]')?.getBoundingClientRect().height ?? 0;
    if (drawn > 0 && Math.abs(drawn - rowPx) > 0.25) setRowPx(drawn);
  }, [rowPx, list.isPending]);

  const canSort = (name: string) => INDEXED.has(name) || (list.count ?? 0) <= MOST_SORTED;
  const sortBy = (name: string) =>
    change({ sort: name === 'displayName' ? undefined : name, dir: sort === name && !descending ? 'desc' : undefined });

  if (list.error && list.isPending) {
    return (
      <div className={styles.frame}>
        <Failure error={list.error} onRetry={list.retry} />
      </div>
    );
  }
  const items = list.isPending ? undefined : list.rows;
  if (list.isEmpty) {
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

  return (
    <div className={styles.frame}>
      <div className={styles.scroll}>
        <Table
          className={mergeClasses(styles.table, list.isOld && styles.busy)}
          aria-label={words.gridLabel}
          aria-busy={list.isOld || !items}
          aria-rowcount={list.count === undefined ? -1 : list.count + 1}
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
                  <PickAll items={list.loaded()} selection={selection} />
                </TableHeaderCell>
              )}
              {columns.map((column) => (
                <TableHeaderCell
                  key={column.name}
                  className={styles.head}
                  title={column.sortable && !canSort(column.name) ? gridWords.tooLongToSort : undefined}
                  {...(column.sortable && canSort(column.name)
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
          <TableBody ref={(element: HTMLElement | null) => void (body.current = element)}>
            <Space px={list.from * rowPx} />
            {items
              ? items.map((item, index) => {
                  if (item === undefined) return <Waiting key={list.from + index} columns={columns.length + (selection ? 1 : 0)} />;
                  const id = item.id ?? '';
                  const open = () => change({ [param]: id });
                  return (
                    // The row opens by mouse anywhere; by keyboard through the button in its first cell.
                    <TableRow key={id} className={styles.row} onClick={open} appearance={openId === id ? 'brand' : 'none'} data-id={id} aria-rowindex={list.from + index + 2}>
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
            <Space px={(list.known - list.to) * rowPx} />
          </TableBody>
        </Table>
      </div>
      {items && (
        <div className={styles.foot}>
          <Text className={styles.range}>{t.rangeOf(Math.min(list.seen.from + 1, list.known), list.seen.to, list.count)}</Text>
          {list.isMore && <Text className={styles.range}>{t.users.loadingMore}</Text>}
          {list.moreError && (
            <Button appearance="subtle" size="small" onClick={list.retry}>
              {t.users.loadFailed}
            </Button>
          )}
          {list.seen.from > 0 && (
            <Button appearance="subtle" size="small" onClick={() => window.scrollTo({ top: 0 })}>
              {t.users.first}
            </Button>
          )}
        </div>
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

/** Room for the rows that are not drawn. */
function Space({ px }: { px: number }) {
  const styles = useStyles();
  if (px <= 0) return null;
  return (
    <tr aria-hidden>
      <td className={styles.space} style={{ height: `${px}px` }} />
    </tr>
  );
}

/** A row that is on its way. */
function Waiting({ columns }: { columns: number }) {
  const styles = useStyles();
  return (
    <TableRow className={styles.row} aria-hidden>
      <TableCell colSpan={columns} className={styles.cell}>
        <SkeletonItem size={16} style={{ width: '40%' }} />
      </TableCell>
    </TableRow>
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
