// Above a list: refresh, the view, the search, and what a page adds.
import { makeStyles, Select, Toolbar, ToolbarButton } from '@fluentui/react-components';
import { useIsFetching, useQueryClient } from '@tanstack/react-query';
import { useCallback, type ReactNode } from 'react';
import { ArrowClockwiseRegular } from '../icons';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { SearchField } from './SearchField';

const useStyles = makeStyles({
  bar: { display: 'flex', gap: '8px', alignItems: 'center', flexWrap: 'wrap', marginBottom: '12px' },
  tools: { padding: 0, marginLeft: '-8px', flexGrow: 1 },
  search: { width: '280px', maxWidth: '100%' },
});

interface Props {
  /** First part of the list's query key. */
  list: 'users' | 'groups';
  views: Record<'all' | 'synced' | 'cloud' | 'errors', string>;
  search: string;
  searchHint: string;
  /** More commands, at the end of the toolbar. */
  children?: ReactNode;
}

export function GridCommands({ list, views, search, searchHint, children }: Props) {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const client = useQueryClient();
  const fetching = useIsFetching({ queryKey: [list] }) > 0;
  const onSearch = useCallback((q: string) => change({ q, after: undefined }, { replace: true }), [change]);
  return (
    <div className={styles.bar}>
      <Toolbar className={styles.tools} aria-label={t.dirsync.commands}>
        <ToolbarButton
          icon={<ArrowClockwiseRegular />}
          disabledFocusable={fetching}
          onClick={() => void client.invalidateQueries({ queryKey: [list] })}
        >
          {t.users.refresh}
        </ToolbarButton>
        {children}
      </Toolbar>
      <Select
        aria-label={t.users.view}
        value={params.get('view') ?? ''}
        onChange={(_, data) => change({ view: data.value, after: undefined })}
      >
        <option value="">{views.all}</option>
        <option value="synced">{views.synced}</option>
        <option value="cloud">{views.cloud}</option>
        <option value="errors">{views.errors}</option>
      </Select>
      <SearchField label={search} placeholder={searchHint} value={params.get('q') ?? ''} onSearch={onSearch} className={styles.search} />
    </div>
  );
}
