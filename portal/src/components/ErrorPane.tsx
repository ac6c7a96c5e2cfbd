// One error whole: what happened, what to do, and both objects side by side with what is in conflict marked.
import { Badge, Button, Link, makeStyles, SkeletonItem, Text, tokens } from '@fluentui/react-components';
import { lazy, Suspense } from 'react';
import { useFixes, useIgnore, useIsAdmin, useRecheck } from '../api/queries';
import type { ErrorRow } from '../api/types';
import { ArrowClockwiseRegular, EyeOffRegular, EyeRegular, OpenRegular } from '../icons';
import { t } from '../messages';
import { Banner } from './Banner';
import { CompareObjects } from './CompareObjects';
import { Facts, type Fact } from './Facts';
import { explain, Notice } from './Failure';
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
  block: { display: 'block', overflowWrap: 'anywhere' },
  words: { minWidth: 0 },
  heading: { margin: '0 0 8px', display: 'block' },
  recheck: { display: 'grid', gap: '8px', justifyItems: 'start', gridTemplateColumns: 'minmax(0, 1fr)' },
  buttons: { display: 'flex', gap: '8px', flexWrap: 'wrap' },
  docs: { display: 'inline-flex', alignItems: 'center', gap: '4px' },
});

// Only where two objects are concerned, and only in an open pane.
const GuidedFix = lazy(async () => ({ default: (await import('./GuidedFix')).GuidedFix }));

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
        <Details key={row.id} row={row} onClose={onClose} />
      ) : loading ? (
        <SkeletonItem size={128} />
      ) : (
        <Notice title={t.errors.gone} text={t.errors.goneHint} />
      )}
    </Pane>
  );
}

function Details({ row, onClose }: { row: ErrorRow; onClose: () => void }) {
  const styles = useStyles();
  // What can be done comes before the details: they are drawn once it is known, so that nothing jumps.
  const fixes = useFixes(row.id, row.other !== undefined);
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
        <div className={styles.words}>
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
      <Commands row={row} onClose={onClose} />
      {row.ignored && (
        <Banner intent="info" long>
          {t.errors.ignoredBy(row.ignored.by)} <Time instant={row.ignored.at} exact />. {t.errors.ignoredUntil}
        </Banner>
      )}
      {fixes.isLoading ? (
        <SkeletonItem size={128} aria-label={t.loading} />
      ) : (
        <Suspense fallback={<SkeletonItem size={128} aria-label={t.loading} />}>
          {row.other && <GuidedFix row={row} />}
          <Text>
            <Badge appearance="tint" color={badge[row.severity]}>
              {t.severities[row.severity]}
            </Badge>{' '}
            {t.severityMeanings[row.severity]}
          </Text>
          <Facts facts={facts} />
          <CompareObjects row={row} />
        </Suspense>
      )}
    </div>
  );
}

const badge = { blocked: 'danger', degraded: 'warning', notice: 'informative' } as const;

/** Looks at every quarantined value now, and puts this error out of sight or back into it. */
function Commands({ row, onClose }: { row: ErrorRow; onClose: () => void }) {
  const styles = useStyles();
  const ignore = useIgnore();
  const admin = useIsAdmin();
  const recheck = useRecheck();
  return (
    <div className={styles.recheck}>
      <div className={styles.buttons}>
        <Button icon={<ArrowClockwiseRegular />} disabledFocusable={!admin || recheck.isPending} onClick={() => recheck.mutate()}>
          {t.errors.recheck}
        </Button>
        <Button
          icon={row.ignored ? <EyeRegular /> : <EyeOffRegular />}
          disabledFocusable={!admin || ignore.isPending}
          onClick={() => ignore.mutate({ id: row.id, ignore: !row.ignored }, { onSuccess: onClose })}
        >
          {row.ignored ? t.errors.showAgain : t.errors.ignore}
        </Button>
      </div>
      {ignore.error && (
        <Banner intent="error" long alert>
          {explain(ignore.error).text}
        </Banner>
      )}
      {recheck.data && <Banner intent="success">{t.errors.released(recheck.data.released)}</Banner>}
      {recheck.error && (
        <Banner intent="error" long alert>
          {explain(recheck.error).text}
        </Banner>
      )}
    </div>
  );
}
