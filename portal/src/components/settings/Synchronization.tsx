// Thresholds, retention, features, downloads, notifications: what can be set here, and the key of what is set in a file.
import { Button, Field, Input, Link, makeStyles, Select, TableCell, TableRow, Text, tokens } from '@fluentui/react-components';
import { useState } from 'react';
import { useIsAdmin } from '../../api/queries';
import { useOnPremises, useSetGuard, useSettings, type GuardKind, type OnPremises, type Setting, type Settings } from '../../api/settings';
import { duration } from '../../lib/time';
import { words } from '../../messages/settings';
import { Banner } from '../Banner';
import { explain, Failure } from '../Failure';
import { Facts } from '../Facts';
import { PageSkeleton } from '../PageSkeleton';
import { Section } from '../Section';
import { Rows } from './parts';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  row: { display: 'flex', gap: '12px', alignItems: 'flex-end', flexWrap: 'wrap' },
  number: { width: '120px' },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  links: { display: 'flex', gap: '16px', flexWrap: 'wrap' },
});

/** Thresholds at most: what Graph's clients can read. */
const MOST = 4_294_967_294;

export function Synchronization() {
  const styles = useStyles();
  const settings = useSettings();
  const onPremises = useOnPremises();
  const error = settings.error ?? onPremises.error;
  if (error && !(settings.data && onPremises.data)) {
    return (
      <Failure
        error={error}
        onRetry={() => {
          void settings.refetch();
          void onPremises.refetch();
        }}
      />
    );
  }
  if (!settings.data || !onPremises.data) return <PageSkeleton />;
  return (
    <>
      <Guard now={onPremises.data} own={settings.data.deletionThreshold} />
      <Section title={words.filesTitle}>
        <div className={styles.stack}>
          <Text>{words.filesHint}</Text>
          <Rows label={words.filesTitle} columns={[words.setting, words.value, words.key]} widths={['45%', '25%', '30%']}>
            {settings.data.settings.map((one) => (
              <TableRow key={one.key} data-setting={one.key}>
                <TableCell>{words.settingNames[one.key] ?? one.key}</TableCell>
                <TableCell>{shown(one)}</TableCell>
                <TableCell className={styles.code}>{one.key}</TableCell>
              </TableRow>
            ))}
          </Rows>
          {settings.data.clients.map((client) => (
            <div key={client.serviceAccount}>
              <Text weight="semibold" block style={{ marginBottom: '8px' }}>
                {words.clientFiles(client.serviceAccount, client.machine)}
              </Text>
              <Rows label={words.clientFiles(client.serviceAccount, client.machine)} columns={[words.key, words.value]} widths={['45%', '55%']}>
                {Object.entries(client.configuration).map(([key, value]) => (
                  <TableRow key={key}>
                    <TableCell className={styles.code}>{key}</TableCell>
                    <TableCell className={styles.code}>{value}</TableCell>
                  </TableRow>
                ))}
              </Rows>
            </div>
          ))}
        </div>
      </Section>
      <Section title={words.featuresTitle}>
        <div className={styles.stack}>
          <Text>{words.featuresHint}</Text>
          <Rows label={words.featuresTitle} columns={[words.setting, words.value]} widths={['75%', '25%']}>
            {Object.entries(onPremises.data.features).map(([name, value]) => (
              <TableRow key={name} data-feature={name}>
                <TableCell className={styles.code}>{name}</TableCell>
                <TableCell>{value ? words.on : words.off}</TableCell>
              </TableRow>
            ))}
          </Rows>
        </div>
      </Section>
      <Section title={words.downloadsTitle}>
        <div className={styles.stack}>
          <Text>{words.downloadsHint}</Text>
          <span className={styles.links}>
            <Link href="/downloads/lockstep" download>
              {words.download}
            </Link>
            <Link href="/downloads/lockstep.sha256">{words.checksum}</Link>
          </span>
        </div>
      </Section>
      <Section title={words.mailTitle}>
        <Text>{words.mailHint}</Text>
      </Section>
    </>
  );
}

function shown(one: Setting): string {
  return one.unit === 'megabytes' ? words.megabytes(one.value) : one.value % 86_400 === 0 ? words.days(one.value / 86_400) : duration(one.value * 1_000);
}

function Guard({ now, own }: { now: OnPremises; own: Settings['deletionThreshold'] }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const set = useSetGuard();
  const guard = now.configuration.accidentalDeletionPrevention;
  const [kind, setKind] = useState<GuardKind>(guard.synchronizationPreventionType);
  const [text, setText] = useState(String(guard.alertThreshold ?? 500));
  const threshold = /^\d{1,10}$/.test(text.trim()) ? Number(text.trim()) : Number.NaN;
  const fits = kind === 'disabled' || (threshold >= 0 && threshold <= (kind === 'enabledForPercentage' ? 100 : MOST));
  const hint = kind === 'enabledForPercentage' ? words.percentage : words.wholeNumber;
  return (
    <Section title={words.guardTitle}>
      <form
        className={styles.stack}
        onSubmit={(event) => {
          event.preventDefault();
          if (fits) set.mutate({ id: now.id, kind, threshold: kind === 'disabled' ? 0 : threshold });
        }}
      >
        <Text>{words.guardHint}</Text>
        <Facts facts={[{ term: words.guardNow, value: <span data-guard>{own === null ? words.guardOwn : inWords(guard)}</span> }]} />
        {admin && (
          <div className={styles.row}>
            <Field label={words.guardKind}>
              <Select value={kind} onChange={(_, data) => setKind(data.value as GuardKind)}>
                {(Object.keys(words.guardKinds) as GuardKind[]).map((one) => (
                  <option key={one} value={one}>
                    {words.guardKinds[one]}
                  </option>
                ))}
              </Select>
            </Field>
            {kind !== 'disabled' && (
              <Field label={words.threshold} {...(fits ? {} : { validationMessage: hint })}>
                <Input className={styles.number} inputMode="numeric" value={text} onChange={(_, data) => setText(data.value)} />
              </Field>
            )}
            <Button type="submit" appearance="primary" disabledFocusable={!fits || set.isPending}>
              {words.save}
            </Button>
          </div>
        )}
        {set.error && (
          <Banner intent="error" long alert>
            {explain(set.error).text}
          </Banner>
        )}
        {set.isSuccess && <Banner intent="success">{words.saved}</Banner>}
      </form>
    </Section>
  );
}

function inWords(guard: OnPremises['configuration']['accidentalDeletionPrevention']): string {
  if (guard.synchronizationPreventionType === 'disabled') return words.guardOff;
  const n = guard.alertThreshold ?? 0;
  return guard.synchronizationPreventionType === 'enabledForCount' ? words.guardCount(n) : words.guardPercent(n);
}
