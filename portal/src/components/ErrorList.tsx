// The errors of objects: filters and the open row live in the address; rows come and go live.
import {
  Badge,
  Button,
  Link,
  makeStyles,
  Menu,
  MenuItemLink,
  MenuList,
  MenuPopover,
  MenuTrigger,
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
  useRestoreFocusTarget,
} from '@fluentui/react-components';
import { useCallback } from 'react';
import { useErrors, useIsAdmin, useRecheck } from '../api/queries';
import { errorCategories, objectKinds, shownErrors, type ErrorRow, type Kind, type ObjectRef } from '../api/types';
import { ArrowClockwiseRegular, ArrowDownloadRegular, CheckmarkCircleFilled, ContactCardRegular, DesktopRegular, PeopleTeamRegular, PersonRegular, SearchRegular } from '../icons';
import { at } from '../lib/base';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { AppLink } from './AppLink';
import { Banner } from './Banner';
import { ErrorPane } from './ErrorPane';
import { explain, Failure, Notice } from './Failure';
import { SearchField } from './SearchField';
import { Section } from './Section';
import { severityLook, StateIcon } from './StateIcon';
import { Time } from './Time';

const useStyles = makeStyles({
  filters: { display: 'flex', gap: '8px', flexWrap: 'wrap', padding: '0 20px 12px', alignItems: 'center' },
  search: { width: '260px' },
  count: { marginLeft: 'auto', color: tokens.colorNeutralForeground2 },
  scroll: { overflowX: 'auto', position: 'relative' },
  table: { minWidth: '940px' },
  row: { cursor: 'pointer', verticalAlign: 'top' },
  cell: { padding: '10px 8px', verticalAlign: 'top', ':first-child': { paddingLeft: '20px' }, ':last-child': { paddingRight: '20px' } },
  head: { ':first-child': { paddingLeft: '20px' }, ':last-child': { paddingRight: '20px' }, fontWeight: tokens.fontWeightSemibold },
  object: { display: 'flex', gap: '8px', minWidth: 0 },
  kind: { fontSize: '20px', display: 'flex', color: tokens.colorNeutralForeground2, flexShrink: 0 },
  text: { minWidth: 0 },
  name: { textAlign: 'left', overflowWrap: 'anywhere' },
  quiet: { display: 'block', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  cut: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  // The only way to cut a text after two lines; the standard form is not there yet.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  clamp: { overflow: 'hidden', display: '-webkit-box', WebkitBoxOrient: 'vertical', WebkitLineClamp: '2' },
  problem: { display: 'flex', gap: '6px' },
  ignored: { marginLeft: '6px' },
  value: { overflowWrap: 'anywhere' },
  more: { display: 'flex', justifyContent: 'center', padding: '12px' },
  bar: { margin: '0 20px 12px' },
  skeleton: { height: '64px', padding: '0 20px', display: 'flex', alignItems: 'center' },
});

interface Props {
  title: string;
  /** Offers the way to the page that shows nothing else. */
  fullPageLink?: boolean;
}

export function ErrorList({ title, fullPageLink = false }: Props) {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const filter = {
    category: params.get('category') ?? undefined,
    kind: params.get('kind') ?? undefined,
    q: params.get('q') ?? undefined,
    shown: params.get('shown') ?? undefined,
  };
  const filtered = Object.values(filter).some((value) => value !== undefined);
  const errors = useErrors(filter);
  const admin = useIsAdmin();
  const recheck = useRecheck();
  const pages = errors.data?.pages;
  const rows = pages?.flatMap((page) => page.value);
  const count = pages?.at(-1)?.count ?? 0;
  const openId = params.get('error');
  const search = useCallback((q: string) => change({ q }, { replace: true }), [change]);

  return (
    <Section
      title={title}
      flush
      actions={
        <>
          {fullPageLink && <AppLink to="/dirsync/errors">{t.errors.fullPage}</AppLink>}
          <ExportMenu shown={filter.shown ?? 'open'} />
          <Button
            size="small"
            appearance="subtle"
            icon={<ArrowClockwiseRegular />}
            disabledFocusable={!admin || recheck.isPending}
            onClick={() => recheck.mutate()}
          >
            {t.errors.recheck}
          </Button>
        </>
      }
    >
      {recheck.data && (
        <Banner intent="success" className={styles.bar}>
          {t.errors.released(recheck.data.released)}
        </Banner>
      )}
      {recheck.error && (
        <Banner intent="error" long alert className={styles.bar}>
          {explain(recheck.error).text}
        </Banner>
      )}
      <div className={styles.filters}>
        <SearchField
          label={t.errors.search}
          placeholder={t.errors.searchHint}
          value={filter.q ?? ''}
          onSearch={search}
          className={styles.search}
        />
        <Select
          aria-label={t.errors.category}
          value={filter.category ?? ''}
          onChange={(_, data) => change({ category: data.value })}
        >
          <option value="">{t.errors.allCategories}</option>
          {errorCategories.map((category) => (
            <option key={category} value={category}>
              {t.categories[category]}
            </option>
          ))}
        </Select>
        <Select aria-label={t.errors.kind} value={filter.kind ?? ''} onChange={(_, data) => change({ kind: data.value })}>
          <option value="">{t.errors.allKinds}</option>
          {objectKinds.map((kind) => (
            <option key={kind} value={kind}>
              {t.kindCounts[kind]}
            </option>
          ))}
        </Select>
        <Select
          aria-label={t.errors.shown}
          value={filter.shown ?? 'open'}
          onChange={(_, data) => change({ shown: data.value === 'open' ? undefined : data.value })}
        >
          {shownErrors.map((one) => (
            <option key={one} value={one}>
              {t.errors.shownOnes[one]}
            </option>
          ))}
        </Select>
        <Text className={styles.count} role="status">
          {rows ? t.errors.count(count) : ''}
        </Text>
      </div>
      {errors.isError && !rows ? (
        <Failure error={errors.error} onRetry={() => void errors.refetch()} />
      ) : !rows ? (
        <div aria-busy aria-label={t.loading} role="status">
          {Array.from({ length: 4 }, (_, i) => (
            <div key={i} className={styles.skeleton}>
              <SkeletonItem size={40} />
            </div>
          ))}
        </div>
      ) : rows.length === 0 ? (
        filtered ? (
          <Notice title={t.errors.emptyFiltered} text={t.errors.emptyFilteredHint} icon={<SearchRegular />}>
            <Button onClick={() => change({ category: undefined, kind: undefined, q: undefined, shown: undefined })}>{t.errors.clear}</Button>
          </Notice>
        ) : (
          <Notice title={t.errors.empty} text={t.errors.emptyHint} icon={<CheckmarkCircleFilled />} />
        )
      ) : (
        <>
          <ErrorTable rows={rows} openId={openId} onOpen={(id) => change({ error: String(id) })} />
          {errors.hasNextPage && (
            <div className={styles.more}>
              <Button onClick={() => void errors.fetchNextPage()} disabledFocusable={errors.isFetchingNextPage}>
                {t.errors.showMore}
              </Button>
            </div>
          )}
        </>
      )}
      <ErrorPane
        open={openId !== null}
        loading={!rows}
        row={rows?.find((row) => String(row.id) === openId)}
        onClose={() => change({ error: undefined })}
      />
    </Section>
  );
}

function ErrorTable({ rows, openId, onOpen }: { rows: ErrorRow[]; openId: string | null; onOpen: (id: number) => void }) {
  const styles = useStyles();
  const columns = t.errors.columns;
  return (
    <div className={styles.scroll}>
      <Table className={styles.table} aria-label={t.errors.gridLabel}>
        <colgroup>
          <col style={{ width: '22%' }} />
          <col style={{ width: '26%' }} />
          <col style={{ width: '22%' }} />
          <col style={{ width: '15%' }} />
          <col style={{ width: '15%' }} />
        </colgroup>
        <TableHeader>
          <TableRow>
            {[columns.object, columns.problem, columns.value, columns.other, columns.seen].map((column) => (
              <TableHeaderCell key={column} className={styles.head}>
                {column}
              </TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {rows.map((row) => (
            <Row key={row.id} row={row} open={String(row.id) === openId} onOpen={onOpen} />
          ))}
        </TableBody>
      </Table>
    </div>
  );
}

function Row({ row, open, onOpen }: { row: ErrorRow; open: boolean; onOpen: (id: number) => void }) {
  const styles = useStyles();
  const cell = styles.cell;
  const focusTarget = useRestoreFocusTarget();
  return (
    // The row opens by mouse anywhere; by keyboard through the button in its first cell.
    <TableRow
      className={styles.row}
      onClick={() => onOpen(row.id)}
      appearance={open ? 'brand' : 'none'}
      data-error={row.id}
      data-code={row.code}
    >
      <TableCell className={cell}>
        <Named object={row.object}>
          <Link
            as="button"
            className={styles.name}
            aria-label={t.errors.open(row.object.name, t.code(row.code))}
            aria-haspopup="dialog"
            {...focusTarget}
            onClick={(event) => {
              event.stopPropagation();
              onOpen(row.id);
            }}
          >
            {row.object.name}
          </Link>
        </Named>
      </TableCell>
      <TableCell className={cell}>
        <span className={styles.problem}>
          <StateIcon look={severityLook[row.severity]} />
          <span className={styles.text}>
            {t.code(row.code)}
            {row.ignored && (
              <Badge className={styles.ignored} size="small" appearance="tint" color="informative">
                {t.errors.ignored}
              </Badge>
            )}
            <span className={mergeClasses(styles.quiet, styles.clamp)} title={row.remedy}>
              {row.remedy}
            </span>
          </span>
        </span>
      </TableCell>
      <TableCell className={cell}>
        {row.property ? (
          <>
            <Text weight="semibold">{row.property}</Text>
            <span className={mergeClasses(styles.value, styles.clamp)} title={row.value ?? undefined}>
              {row.value}
            </span>
            {row.severity === 'degraded' && row.value && (
              <span className={mergeClasses(styles.quiet, styles.cut)} title={row.valueInForce ?? undefined}>
                {t.errors.inForce}: {row.valueInForce ?? t.errors.leftOut}
              </span>
            )}
          </>
        ) : (
          '–'
        )}
      </TableCell>
      <TableCell className={cell}>{row.other ? <Named object={row.other}>{row.other.name}</Named> : '–'}</TableCell>
      <TableCell className={cell}>
        <Time instant={row.lastSeen} />
        <span className={styles.quiet}>
          {t.errors.first}: <Time instant={row.firstSeen} />
        </span>
      </TableCell>
    </TableRow>
  );
}

const kindIcons: Record<Kind, React.ReactElement> = {
  user: <PersonRegular />,
  group: <PeopleTeamRegular />,
  contact: <ContactCardRegular />,
  device: <DesktopRegular />,
};

function Named({ object, children }: { object: ObjectRef; children: React.ReactNode }) {
  const styles = useStyles();
  return (
    <span className={styles.object}>
      <span className={styles.kind} role="img" aria-label={t.kind(object.kind)} title={t.kind(object.kind)}>
        {kindIcons[object.kind ?? 'user']}
      </span>
      <span className={styles.text}>
        <span className={mergeClasses(styles.value, styles.clamp)}>{children}</span>
        {object.dn && (
          <span className={mergeClasses(styles.quiet, styles.cut)} title={object.dn}>
            {object.dn}
          </span>
        )}
      </span>
    </span>
  );
}

function ExportMenu({ shown }: { shown: string }) {
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button size="small" appearance="subtle" icon={<ArrowDownloadRegular />}>
          {t.errors.export}
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {(['csv', 'json'] as const).map((format) => (
            <MenuItemLink
              key={format}
              href={at(`/api/v1/errors/export?format=${format}&shown=${shown}`)}
              download
              aria-label={t.errors.exportAs(t.errors[format])}
            >
              {t.errors[format]}
            </MenuItemLink>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
