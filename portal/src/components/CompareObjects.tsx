// The two objects of an error, side by side: what is in conflict is marked, and where they differ it is said.
import { Badge, makeStyles, mergeClasses, SkeletonItem, tokens } from '@fluentui/react-components';
import { useGraphObject, type Listed } from '../api/queries';
import type { ErrorRow, ObjectRef } from '../api/types';
import { sameAddress, sameValues } from '../lib/compare';
import { t } from '../messages';
import { AppLink } from './AppLink';
import { SyncState } from './SyncState';

const useStyles = makeStyles({
  scroll: { overflowX: 'auto', border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusLarge },
  table: { width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed', minWidth: '520px' },
  one: { minWidth: 0 },
  term: { width: '136px' },
  cell: {
    padding: '8px 12px',
    verticalAlign: 'top',
    textAlign: 'left',
    overflowWrap: 'anywhere',
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    fontWeight: tokens.fontWeightRegular,
  },
  head: { borderTop: 'none', fontWeight: tokens.fontWeightSemibold, backgroundColor: tokens.colorNeutralBackground3 },
  name: { color: tokens.colorNeutralForeground2 },
  differs: { backgroundColor: tokens.colorNeutralBackground2 },
  badge: { display: 'block', marginTop: '2px' },
  mark: {
    backgroundColor: tokens.colorStatusWarningBackground2,
    color: tokens.colorNeutralForeground1,
    padding: '0 4px',
    borderRadius: tokens.borderRadiusSmall,
  },
  line: { display: 'block' },
});

const properties = ['displayName', 'userPrincipalName', 'mail', 'proxyAddresses', 'givenName', 'surname', 'department', 'employeeId', 'description'] as const;
/** What each kind of object has of these; asking for more does no harm, but would show rows that mean nothing. */
const known: Record<NonNullable<ObjectRef['kind']>, readonly string[]> = {
  user: properties.filter((name) => name !== 'description'),
  group: ['displayName', 'mail', 'proxyAddresses', 'description'],
  contact: ['displayName', 'mail', 'proxyAddresses', 'givenName', 'surname', 'department'],
  device: ['displayName'],
};

interface Side {
  object: ObjectRef;
  waiting: boolean;
  cloud: Record<string, unknown> | undefined;
}

function useSide(object: ObjectRef | null | undefined): Side | undefined {
  const kind = object?.kind ?? 'user';
  const cloud = useGraphObject<Listed>(kind, object?.id ?? undefined, ['id', 'onPremisesSyncEnabled', ...known[kind]]);
  if (!object) return undefined;
  return { object, waiting: Boolean(object.id) && cloud.isPending, cloud: (cloud.data ?? undefined) as Record<string, unknown> | undefined };
}

export function CompareObjects({ row }: { row: ErrorRow }) {
  const styles = useStyles();
  const left = useSide(row.object);
  const right = useSide(row.other);
  const sides = [left, right].filter((side) => side !== undefined);
  const waiting = sides.some((side) => side.waiting);
  const text = (name: string, of: (object: ObjectRef) => string | null | undefined) => ({
    name,
    values: sides.map((side) => [of(side.object) ?? ''].filter((value) => value !== '')),
  });
  const rows = [
    ...properties.flatMap((name) => {
      const values = sides.map((side) => valuesOf(side.cloud?.[name]));
      return values.every((one) => one.length === 0) ? [] : [{ name: t.users.properties[name] ?? name, values }];
    }),
    text(t.errors.dn, (object) => object.dn),
    text(t.errors.anchor, (object) => object.anchor),
    text(t.errors.cloudId, (object) => object.id ?? t.errors.notInCloud),
  ].filter((one) => one.values.some((values) => values.length > 0));
  if (waiting) {
    return (
      <div aria-busy role="status" aria-label={t.loading}>
        <SkeletonItem size={128} />
      </div>
    );
  }
  return (
    // A region that scrolls must be reachable by keyboard; its links do that.
    <div className={styles.scroll}>
      <table className={mergeClasses(styles.table, sides.length === 1 && styles.one)} aria-label={t.errors.compare}>
        <thead>
          <tr>
            <th scope="col" className={mergeClasses(styles.cell, styles.head, styles.term)}>
              {t.errors.property}
            </th>
            {sides.map((_, index) => (
              <th key={index} scope="col" className={mergeClasses(styles.cell, styles.head)}>
                {index === 0 ? t.errors.thisObject : t.errors.otherObject}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row" className={mergeClasses(styles.cell, styles.name)}>
              {t.errors.type}
            </th>
            {sides.map((side, index) => (
              <td key={index} className={styles.cell}>
                {side.object.id && side.object.kind ? (
                  <AppLink to={`/${side.object.kind}s?${side.object.kind}=${side.object.id}`}>{t.errors.openObject(t.kind(side.object.kind), side.object.name)}</AppLink>
                ) : (
                  `${t.kind(side.object.kind)}: ${side.object.name}`
                )}
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row" className={mergeClasses(styles.cell, styles.name)}>
              {t.users.columns.sync}
            </th>
            {sides.map((side, index) => (
              <td key={index} className={styles.cell}>
                {side.cloud ? <SyncState synced={side.cloud.onPremisesSyncEnabled === true} /> : t.errors.notInCloud}
              </td>
            ))}
          </tr>
          {rows.map(({ name, values }) => {
            const [a, b] = values;
            const differs = a !== undefined && b !== undefined && !sameValues(a, b);
            return (
              <tr key={name} className={differs ? styles.differs : ''} data-differs={differs}>
                <th scope="row" className={mergeClasses(styles.cell, styles.name)}>
                  {name}
                  {differs && (
                    <span className={styles.badge}>
                      <Badge size="small" appearance="tint" color="informative">
                        {t.errors.differs}
                      </Badge>
                    </span>
                  )}
                </th>
                {values.map((list, index) => (
                  <td key={index} className={styles.cell}>
                    {list.length === 0
                      ? '–'
                      : list.map((value) => (
                          <span key={value} className={styles.line}>
                            {sameAddress(value, row.value) ? <mark className={styles.mark}>{value}</mark> : value}
                          </span>
                        ))}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function valuesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' && value !== '' ? [value] : [];
}
