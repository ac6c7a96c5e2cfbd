// Above a list: refresh, the columns, the view, the search, and what a page adds.
import { makeStyles, Menu, MenuItem, MenuItemCheckbox, MenuList, MenuPopover, MenuTrigger, Select, Toolbar, ToolbarButton } from '@fluentui/react-components';
import { useIsFetching, useQueryClient } from '@tanstack/react-query';
import { useCallback, type ReactNode } from 'react';
import type { ListName } from '../api/queries';
import { ArrowClockwiseRegular, ColumnTripleRegular } from '../icons';
import { useColumns, type Column } from '../lib/useColumns';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { gridWords } from '../messages/directory';
import { SavedViews } from './SavedViews';
import { SearchField } from './SearchField';

const useStyles = makeStyles({
  bar: { display: 'flex', gap: '8px', alignItems: 'center', flexWrap: 'wrap', marginBottom: '12px' },
  tools: { padding: 0, marginLeft: '-8px', flexGrow: 1, flexWrap: 'wrap' },
  search: { flex: '1 1 180px', maxWidth: '260px', '@media (max-width: 600px)': { maxWidth: '100%' } },
});

interface Props<T> {
  /** First part of the list's query key. */
  list: ListName;
  columns: Column<T>[];
  /** The views by the name they have in the address; the first is the one without a name. */
  views: Record<string, string>;
  onView?: () => void;
  search: string;
  searchHint: string;
  /** More commands, before the others. */
  first?: ReactNode;
  /** More commands, at the end of the toolbar. */
  children?: ReactNode;
}

export function GridCommands<T>({ list, columns, views, search, searchHint, onView, first, children }: Props<T>) {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const client = useQueryClient();
  const fetching = useIsFetching({ queryKey: [list] }) > 0;
  const onSearch = useCallback((q: string) => change({ q }, { replace: true }), [change]);
  return (
    <div className={styles.bar}>
      <Toolbar className={styles.tools} aria-label={t.commands}>
        {first}
        <ToolbarButton
          icon={<ArrowClockwiseRegular />}
          disabledFocusable={fetching}
          onClick={() => void client.invalidateQueries({ queryKey: [list] })}
          aria-label={t.refresh}
          title={t.refresh}
        />
        <ColumnMenu list={list} columns={columns} />
        <SavedViews list={list} onView={onView} />
        {children}
      </Toolbar>
      <Select
        aria-label={t.users.view}
        value={params.get('view') ?? ''}
        onChange={(_, data) => {
          onView?.();
          change({ view: data.value });
        }}
      >
        {Object.entries(views).map(([name, words], index) => (
          <option key={name} value={index === 0 ? '' : name}>
            {words}
          </option>
        ))}
      </Select>
      <SearchField label={search} placeholder={searchHint} value={params.get('q') ?? ''} onSearch={onSearch} className={styles.search} />
    </div>
  );
}

function ColumnMenu<T>({ list, columns }: { list: ListName; columns: Column<T>[] }) {
  const { shown, choose, isDefault } = useColumns(list, columns);
  return (
    <Menu
      checkedValues={{ columns: shown.map((column) => column.name) }}
      onCheckedValueChange={(_, data) => choose(data.checkedItems)}
    >
      <MenuTrigger disableButtonEnhancement>
        <ToolbarButton icon={<ColumnTripleRegular />}>{gridWords.columns}</ToolbarButton>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {columns.map((column, index) => (
            <MenuItemCheckbox key={column.name} name="columns" value={column.name} disabled={index === 0}>
              {column.label}
            </MenuItemCheckbox>
          ))}
          <MenuItem disabled={isDefault} onClick={() => choose(undefined)}>
            {gridWords.columnsReset}
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
