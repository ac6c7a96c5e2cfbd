// A sync client comes: a name, one line to run beside the directory, and the moment it is there.
import { Button, Field, Input, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components';
import { useState } from 'react';
import { useEnroll, type ClientState } from '../../api/guide';
import { base } from '../../lib/base';
import { t } from '../../messages';
import { g } from '../../messages/guide';
import { Banner } from '../Banner';
import { Copy } from '../Copy';
import { explain } from '../Failure';
import { Time } from '../Time';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  row: { display: 'flex', gap: '12px', alignItems: 'flex-end', flexWrap: 'wrap' },
  name: { width: '260px' },
  command: {
    margin: 0,
    padding: '10px 12px',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
});

const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || host.startsWith('127.');

/** One line: download, enrol, follow. `server` is the tenant's address. */
export function enrolCommand(server: string, code: string): string {
  return `curl -fsSO ${server}/downloads/lockstep && chmod +x lockstep && ./lockstep sync enroll --server ${server} --code ${code}`;
}

export function ClientStep({ state }: { state: ClientState | undefined }) {
  const styles = useStyles();
  const enroll = useEnroll();
  const [name, setName] = useState('Sync_1');
  const { origin, protocol, hostname } = window.location;
  const command = enroll.data && enrolCommand(origin + base, enroll.data.code);

  if (state === 'waiting') return <Banner intent="success">{g.clientHere}</Banner>;
  if (state === 'configured') return <Banner intent="success">{g.clientConfigured}</Banner>;
  return (
    <div className={styles.stack}>
      <Text>{g.clientText}</Text>
      {protocol === 'http:' && !isLoopback(hostname) && (
        <Banner intent="warning" long>
          {g.plain}
        </Banner>
      )}
      <form
        className={styles.row}
        onSubmit={(event) => {
          event.preventDefault();
          enroll.mutate(name.trim());
        }}
      >
        <Field label={g.clientName} hint={g.clientNameHint}>
          <Input className={styles.name} value={name} onChange={(_, data) => setName(data.value)} />
        </Field>
        <Button type="submit" appearance={command === undefined ? 'primary' : 'secondary'} disabledFocusable={name.trim() === '' || enroll.isPending}>
          {command === undefined ? g.makeCode : g.makeAnother}
        </Button>
      </form>
      {enroll.error && (
        <Banner intent="error" long alert>
          {explain(enroll.error).text}
        </Banner>
      )}
      {command !== undefined && (
        <>
          <Text weight="semibold">{g.runThis}</Text>
          <pre className={styles.command}>{command}</pre>
          <div className={styles.row}>
            <Copy text={command} />
            <Text>
              {g.expires} <Time instant={enroll.data?.expiresAt} />
            </Text>
          </div>
          <div role="status">
            <Spinner size="tiny" label={g.clientWaits} style={{ justifyContent: 'flex-start' }} />
          </div>
        </>
      )}
      {state === undefined && <Spinner size="tiny" label={t.loading} />}
    </div>
  );
}
