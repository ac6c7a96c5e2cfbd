// What has a name or an address in a domain, as links.
import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import type { DomainReference, useDomainReferences } from '../../api/domains';
import { kindOf } from '../../lib/odata';
import { t } from '../../messages';
import { domainWords } from '../../messages/domains';
import { AppLink } from '../AppLink';
import { Failure } from '../Failure';
import { PageSkeleton } from '../PageSkeleton';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: '0 0 8px', padding: 0, display: 'grid', gap: '6px' },
  item: { display: 'flex', flexWrap: 'wrap', gap: '0 8px', overflowWrap: 'anywhere' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

export function References({ references }: { references: ReturnType<typeof useDomainReferences> }) {
  const styles = useStyles();
  const items = references.data?.pages.flatMap((page) => page.items);
  if (references.isError && !items) return <Failure error={references.error} onRetry={() => void references.refetch()} />;
  if (!items) return <PageSkeleton />;
  if (items.length === 0) return <Text className={styles.quiet}>{domainWords.noReferences}</Text>;
  return (
    <>
      <ul className={styles.list} aria-label={domainWords.referencesTitle}>
        {items.map((item) => (
          <Reference key={item.id} item={item} />
        ))}
      </ul>
      {references.hasNextPage && (
        <Button size="small" disabledFocusable={references.isFetching} onClick={() => void references.fetchNextPage()}>
          {domainWords.loadMore}
        </Button>
      )}
    </>
  );
}

function Reference({ item }: { item: DomainReference }) {
  const styles = useStyles();
  const kind = kindOf(item);
  return (
    <li className={styles.item} data-reference={item.id}>
      <AppLink to={`/${kind}s?${kind}=${item.id}`}>{item.displayName ?? item.userPrincipalName ?? item.id}</AppLink>
      <span className={styles.quiet}>{item.userPrincipalName ?? item.mail ?? t.kind(kind)}</span>
    </li>
  );
}
