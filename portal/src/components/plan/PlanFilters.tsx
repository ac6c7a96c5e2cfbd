// What of a plan is shown. The filters live in the address, so that a view of a plan can be sent.
import { Button, makeStyles, Select } from '@fluentui/react-components';
import { useCallback } from 'react';
import { objectKinds, type PlanItem } from '../../api/types';
import { changeKinds, MANAGER, MEMBERS, propertyCounts, type PlanFilter } from '../../lib/plans';
import { useUrlState } from '../../lib/useUrlState';
import { t } from '../../messages';
import { words } from '../../messages/plan';
import { SearchField } from '../SearchField';

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center', marginBottom: '12px' },
  search: { flex: '1 1 200px', maxWidth: '320px', '@media (max-width: 600px)': { maxWidth: '100%' } },
  pick: { '@media (max-width: 600px)': { flex: '1 1 100%' } },
});

/** The filter that the address says. */
export function usePlanFilter(): PlanFilter {
  const [params] = useUrlState();
  const of = (name: string) => params.get(name) ?? undefined;
  return { kind: of('kind'), change: of('change'), property: of('property'), text: of('q') };
}

export function PlanFilters({ items }: { items: readonly PlanItem[] }) {
  const styles = useStyles();
  const [, change] = useUrlState();
  const filter = usePlanFilter();
  const onSearch = useCallback((q: string) => change({ q }, { replace: true }), [change]);
  const isSet = Object.values(filter).some((value) => value !== undefined);
  return (
    <div className={styles.bar} role="group" aria-label={words.filters}>
      <Select className={styles.pick} aria-label={words.kind} value={filter.kind ?? ''} onChange={(_, data) => change({ kind: data.value })}>
        <option value="">{words.anyKind}</option>
        {objectKinds.map((kind) => (
          <option key={kind} value={kind}>
            {t.kindCounts[kind]}
          </option>
        ))}
      </Select>
      <Select className={styles.pick} aria-label={words.action} value={filter.change ?? ''} onChange={(_, data) => change({ change: data.value })}>
        <option value="">{words.anyAction}</option>
        {changeKinds.map((kind) => (
          <option key={kind} value={kind}>
            {words.actions[kind]}
          </option>
        ))}
      </Select>
      <Select className={styles.pick} aria-label={words.property} value={filter.property ?? ''} onChange={(_, data) => change({ property: data.value })}>
        <option value="">{words.anyProperty}</option>
        {propertyCounts(items).map(([name, objects]) => (
          <option key={name} value={name}>
            {words.propertyCount(nameOf(name), objects)}
          </option>
        ))}
      </Select>
      <SearchField label={words.search} placeholder={words.searchHint} value={filter.text ?? ''} onSearch={onSearch} className={styles.search} />
      {isSet && (
        <Button appearance="subtle" onClick={() => change({ kind: undefined, change: undefined, property: undefined, q: undefined })}>
          {words.clear}
        </Button>
      )}
    </div>
  );
}

function nameOf(property: string): string {
  if (property === MANAGER) return words.manager;
  if (property === MEMBERS) return words.members;
  return t.users.properties[property] ?? property;
}
