// What the panes of objects are made of: their head, their properties as names and values, their groups.
import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { Group } from '@microsoft/microsoft-graph-types';
import type { ReactNode } from 'react';
import { useGraphLinks } from '../api/queries';
import type { Kind } from '../api/types';
import { t } from '../messages';
import { AppLink } from './AppLink';
import type { Fact } from './Facts';
import { Failure } from './Failure';
import { PageSkeleton } from './PageSkeleton';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '24px', gridTemplateColumns: 'minmax(0, 1fr)' },
  head: { display: 'flex', gap: '16px', alignItems: 'center' },
  picture: { display: 'flex', flexShrink: 0, color: tokens.colorNeutralForeground2 },
  name: { minWidth: 0, overflowWrap: 'anywhere' },
  note: { display: 'block', color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '6px' },
  line: { display: 'block' },
  more: { color: tokens.colorNeutralForeground2 },
});

/** The parts of a pane, one below the other. */
export function ObjectStack({ children }: { children: ReactNode }) {
  return <div className={useStyles().stack}>{children}</div>;
}

export function ObjectHead({ picture, name, note }: { picture?: ReactNode; name: string; note?: ReactNode }) {
  const styles = useStyles();
  return (
    <div className={styles.head}>
      {picture !== undefined && (
        <span className={styles.picture} aria-hidden>
          {picture}
        </span>
      )}
      <div className={styles.name}>
        <Text weight="semibold" size={500}>
          {name}
        </Text>
        {note !== undefined && <Text className={styles.note}>{note}</Text>}
      </div>
    </div>
  );
}

/** Letters from which on a value gets a row of its own. */
const WIDE = 26;

/** The properties that have a value, as names and values. */
export function textFacts<T extends object>(object: T, names: readonly (keyof T & string)[]): Fact[] {
  return names.flatMap((name): Fact[] => {
    const value: unknown = object[name];
    const term = t.users.properties[name] ?? name;
    if (typeof value === 'string' && value !== '') return [{ term, value, wide: value.length > WIDE }];
    if (Array.isArray(value) && value.length > 0) {
      const list = value as string[];
      return [{ term, value: list.map((text) => <Line key={text} text={text} />), wide: list.some((text) => text.length > WIDE) }];
    }
    return [];
  });
}

function Line({ text }: { text: string }) {
  const styles = useStyles();
  return <span className={styles.line}>{text}</span>;
}

const GROUPS_SHOWN = 20;

/** The groups that an object is in, as links. */
export function Memberships({ kind, id }: { kind: Kind; id: string }) {
  const styles = useStyles();
  const groups = useGraphLinks<Group>(kind, id, 'memberOf', GROUPS_SHOWN);
  if (groups.isError && !groups.data) return <Failure error={groups.error} onRetry={() => void groups.refetch()} />;
  if (!groups.data) return <PageSkeleton />;
  const more = (groups.data.count ?? 0) - groups.data.items.length;
  return (
    <ul className={styles.list}>
      {groups.data.items.map((group) => (
        <li key={group.id}>
          <AppLink to={`/groups?group=${group.id ?? ''}`}>{group.displayName ?? group.id}</AppLink>
        </li>
      ))}
      {groups.data.items.length === 0 && <li>{t.none}</li>}
      {more > 0 && <li className={styles.more}>{t.users.memberOfMore(more)}</li>}
    </ul>
  );
}
