// What can be done about two objects that claim one value: each fix with all that it changes, applied as it was
// previewed or not at all; and what only the directory can change, as a file.
import { Button, Checkbox, makeStyles, SkeletonItem, Text, tokens } from '@fluentui/react-components';
import { useState } from 'react';
import { useFix, useFixes, useIsAdmin } from '../api/queries';
import type { EntryChange, ErrorRow, FixOutcome } from '../api/types';
import { ArrowClockwiseRegular, ArrowDownloadRegular } from '../icons';
import { download } from '../lib/csv';
import { t } from '../messages';
import { fixWords } from '../messages/fixes';
import { Banner } from './Banner';
import { explain } from './Failure';
import { HistoryItem } from './History';
import { Part } from './Part';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  card: {
    display: 'grid',
    gap: '8px',
    gridTemplateColumns: 'minmax(0, 1fr)',
    justifyItems: 'start',
    padding: '12px 16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  heading: { margin: 0 },
  quiet: { color: tokens.colorNeutralForeground2 },
  wide: { width: '100%' },
  list: { listStyleType: 'none', margin: 0, padding: 0, width: '100%' },
  ldif: {
    margin: '8px 0 0',
    padding: '8px 12px',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
  summary: { cursor: 'pointer' },
});

export function GuidedFix({ row }: { row: ErrorRow }) {
  const styles = useStyles();
  const fixes = useFixes(row.id);
  const fix = useFix(row.id);
  const found = fixes.data;
  if (fix.data) {
    return (
      <Banner intent="success" long>
        {fixWords.applied} {fixWords.retries[fix.data.retry]}
      </Banner>
    );
  }
  if (fixes.isPending) return <SkeletonItem size={128} aria-label={t.loading} />;
  if (fixes.isError) {
    return (
      <Banner intent="error" long>
        {explain(fixes.error).text}
      </Banner>
    );
  }
  if (!found || (found.fixes.length === 0 && found.entries.length === 0)) return null;
  return (
    <Part title={fixWords.title}>
      <div className={styles.stack}>
        {fix.error && (
          <Banner
            intent="error"
            long
            alert
            action={
              <Button
                size="small"
                icon={<ArrowClockwiseRegular />}
                onClick={() => {
                  fix.reset();
                  void fixes.refetch();
                }}
              >
                {fixWords.anew}
              </Button>
            }
          >
            {explain(fix.error).text}
          </Banner>
        )}
        {found.fixes.map((outcome) => (
          <Offer
            key={outcome.fix}
            outcome={outcome}
            busy={fix.isPending}
            onApply={(confirmed) => fix.mutate({ fix: outcome.fix, etag: found.etag, confirmed })}
          />
        ))}
        {found.entries.length > 0 && (
          <>
            <Text>{found.fixes.length === 0 ? fixWords.none : fixWords.directory}</Text>
            {found.entries.map((entry) => (
              <Entry key={`${entry.dn} ${entry.holds}`} entry={entry} />
            ))}
          </>
        )}
      </div>
    </Part>
  );
}

interface OfferProps {
  outcome: FixOutcome;
  busy: boolean;
  onApply: (confirmed: boolean) => void;
}

function Offer({ outcome, busy, onApply }: OfferProps) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const [confirmed, setConfirmed] = useState(false);
  const privileged = outcome.privileged.length > 0;
  const remaining = [...new Set(outcome.errors.map((error) => t.code(error.code)))];
  const id = `fix-${outcome.fix}`;
  return (
    <section className={styles.card} aria-labelledby={id} data-fix={outcome.fix}>
      <Text as="h4" id={id} weight="semibold" className={styles.heading}>
        {fixWords.titles[outcome.fix]}
      </Text>
      <Text>{fixWords.abouts[outcome.fix]}</Text>
      <details className={styles.wide}>
        <summary className={styles.summary}>{fixWords.changes}</summary>
        <ul className={styles.list} aria-label={fixWords.changes}>
          {outcome.changes.map((change) => (
            <HistoryItem key={change.id} row={change} of="run" />
          ))}
        </ul>
      </details>
      <Text className={styles.quiet}>
        {fixWords.after}: {outcome.cured ? fixWords.cured : fixWords.notYet}
        {outcome.cured && remaining.length > 0 && ` ${fixWords.others(remaining.join(', '))}`}
      </Text>
      {privileged && (
        <Banner intent="warning" long>
          {fixWords.privileged} {outcome.privileged.join('; ')}.
        </Banner>
      )}
      {privileged && (
        <Checkbox label={fixWords.confirm} checked={confirmed} onChange={(_, data) => setConfirmed(data.checked === true)} />
      )}
      <Button
        appearance="primary"
        disabledFocusable={!admin || busy || (privileged && !confirmed)}
        aria-label={`${fixWords.apply}: ${fixWords.titles[outcome.fix]}`}
        onClick={() => onApply(confirmed)}
      >
        {fixWords.apply}
      </Button>
    </section>
  );
}

function Entry({ entry }: { entry: EntryChange }) {
  const styles = useStyles();
  const title = fixWords.giveUp(entry.object.name);
  return (
    <section className={styles.card} aria-label={title} data-entry={entry.dn}>
      <Text as="h4" weight="semibold" className={styles.heading}>
        {title}
      </Text>
      <Text className={styles.quiet}>
        {entry.holds ? fixWords.keeps : fixWords.wants}{' '}
        {entry.certain ? fixWords.attribute(entry.attribute) : fixWords.guessed(entry.attribute)}
      </Text>
      <details className={styles.wide}>
        <summary className={styles.summary}>{fixWords.showLdif}</summary>
        <pre className={styles.ldif}>{entry.ldif}</pre>
      </details>
      <Button
        icon={<ArrowDownloadRegular />}
        aria-label={`${fixWords.ldif}: ${title}`}
        onClick={() => download(`${entry.object.anchor ?? 'change'}.ldif`, entry.ldif, 'text/plain;charset=utf-8')}
      >
        {fixWords.ldif}
      </Button>
    </section>
  );
}
