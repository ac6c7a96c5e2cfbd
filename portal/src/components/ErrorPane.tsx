// One error whole: what happened, what to do, and both objects side by side with the property at fault marked.
import { Badge, Link, makeStyles, mergeClasses, SkeletonItem, Text, tokens } from '@fluentui/react-components';
import type { Group, User } from '@microsoft/microsoft-graph-types';
import { useGraphObject } from '../api/queries';
import type { ErrorRow, ObjectRef } from '../api/types';
import { OpenRegular } from '../icons';
import { t } from '../messages';
import { AppLink } from './AppLink';
import { Facts, type Fact } from './Facts';
import { Notice } from './Failure';
import { Pane } from './Pane';
import { severityLook, StateIcon } from './StateIcon';
import { Time } from './Time';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '20px', gridTemplateColumns: 'minmax(0, 1fr)' },
  head: { display: 'flex', gap: '10px', alignItems: 'flex-start' },
  remedy: {
    padding: '12px 16px',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusLarge,
    borderLeft: `4px solid ${tokens.colorCompoundBrandStroke}`,
  },
  block: { display: 'block' },
  heading: { margin: '0 0 8px', display: 'block' },
  sides: {
    display: 'grid',
    gap: '16px',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    '@media (max-width: 600px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  side: {
    padding: '12px 16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  mark: {
    backgroundColor: tokens.colorStatusWarningBackground2,
    color: tokens.colorNeutralForeground1,
    padding: '0 4px',
    borderRadius: tokens.borderRadiusSmall,
  },
  list: { display: 'block' },
  docs: { display: 'inline-flex', alignItems: 'center', gap: '4px' },
});

interface Props {
  open: boolean;
  loading: boolean;
  row: ErrorRow | undefined;
  onClose: () => void;
}

export function ErrorPane({ open, loading, row, onClose }: Props) {
  return (
    <Pane open={open} onClose={onClose} title={t.errors.details} wide>
      {row ? (
        <Details row={row} />
      ) : loading ? (
        <SkeletonItem size={128} />
      ) : (
        <Notice title={t.errors.gone} text={t.errors.goneHint} />
      )}
    </Pane>
  );
}

function Details({ row }: { row: ErrorRow }) {
  const styles = useStyles();
  const facts: Fact[] = [
    ...(row.property ? [{ term: t.errors.property, value: row.property }] : []),
    ...(row.value ? [{ term: t.errors.value, value: row.value }] : []),
    ...(row.value && row.severity === 'degraded'
      ? [{ term: t.errors.valueInForce, value: row.valueInForce ?? t.errors.leftOut }]
      : []),
    { term: t.errors.category, value: t.categories[row.category] },
    { term: t.errors.firstSeen, value: <Time instant={row.firstSeen} exact /> },
    { term: t.errors.lastSeen, value: <Time instant={row.lastSeen} exact /> },
    { term: t.errors.attempts, value: t.number(row.attempts) },
  ];
  return (
    <div className={styles.stack}>
      <div className={styles.head}>
        <StateIcon look={severityLook[row.severity]} size={24} />
        <div>
          <Text as="h3" weight="semibold" size={400} className={styles.heading}>
            {t.code(row.code)}
          </Text>
          <Text className={styles.block}>{row.message}</Text>
        </div>
      </div>
      <div className={styles.remedy}>
        <Text weight="semibold" className={styles.block}>
          {t.errors.remedy}
        </Text>
        <Text className={styles.block}>{row.remedy}</Text>
        <Link href={row.docs} target="_blank" rel="noreferrer" className={styles.docs}>
          {t.errors.docs(row.code)}
          <OpenRegular aria-hidden />
        </Link>
      </div>
      <Text>
        <Badge appearance="tint" color={badge[row.severity]}>
          {t.severities[row.severity]}
        </Badge>{' '}
        {t.severityMeanings[row.severity]}
      </Text>
      <Facts facts={facts} />
      <div className={styles.sides}>
        <Side title={t.errors.thisObject} object={row.object} row={row} />
        {row.other && <Side title={t.errors.otherObject} object={row.other} row={row} />}
      </div>
    </div>
  );
}

const badge = { blocked: 'danger', degraded: 'warning', notice: 'informative' } as const;

const select = {
  user: ['id', 'displayName', 'userPrincipalName', 'mail', 'proxyAddresses', 'onPremisesSyncEnabled'],
  group: ['id', 'displayName', 'mail', 'proxyAddresses', 'onPremisesSyncEnabled'],
  contact: ['id', 'displayName', 'mail', 'proxyAddresses', 'onPremisesSyncEnabled'],
  device: ['id', 'displayName', 'onPremisesSyncEnabled'],
} as const;

function Side({ title, object, row }: { title: string; object: ObjectRef; row: ErrorRow }) {
  const styles = useStyles();
  const kind = object.kind ?? 'user';
  const cloud = useGraphObject<User & Group>(kind, object.id ?? undefined, select[kind]);

  const inCloud = (name: 'displayName' | 'userPrincipalName' | 'mail' | 'proxyAddresses'): Fact[] => {
    if (!object.id || !(select[kind] as readonly string[]).includes(name)) return [];
    const value = cloud.data?.[name];
    const values = Array.isArray(value) ? value : value ? [value] : [];
    const term = t.users.properties[name] ?? name;
    if (cloud.isPending) return [{ term, value: undefined }];
    return [
      {
        term,
        value:
          values.length === 0
            ? '–'
            : values.map((text) => (
                <span key={text} className={styles.list}>
                  <span className={mergeClasses(sameAddress(text, row.value) && styles.mark)}>{text}</span>
                </span>
              )),
      },
    ];
  };
  const facts: Fact[] = [
    { term: t.errors.type, value: t.kind(object.kind) },
    {
      term: t.errors.name,
      value: object.id ? <AppLink to={`/${kind}s?${kind}=${object.id}`}>{object.name}</AppLink> : object.name,
    },
    ...(object.dn ? [{ term: t.errors.dn, value: object.dn }] : []),
    ...(object.anchor ? [{ term: t.errors.anchor, value: object.anchor }] : []),
    { term: t.errors.cloudId, value: object.id ?? t.errors.notInCloud },
    ...inCloud('userPrincipalName'),
    ...inCloud('mail'),
    ...inCloud('proxyAddresses'),
  ];
  return (
    <section className={styles.side} aria-label={title}>
      <Text as="h3" weight="semibold" className={styles.heading}>
        {title}
      </Text>
      <Facts facts={facts} columns="one" />
    </section>
  );
}

/** Whether two values are one address, whatever their prefix and case. */
export function sameAddress(a: string, b: string | null | undefined): boolean {
  if (!b) return false;
  const bare = (text: string) => text.replace(/^smtp:/i, '').toLowerCase();
  return bare(a) === bare(b);
}
