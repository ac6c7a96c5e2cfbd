// The directory: where it is and who reads it, tried by the client that waits.
import { Button, Checkbox, Field, Input, makeStyles, Spinner, Text } from '@fluentui/react-components';
import type { SourceSetup, useConfigure } from '../../api/guide';
import { g } from '../../messages/guide';
import { Banner } from '../Banner';
import { explain } from '../Failure';
import { Checks } from './Checks';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)', maxWidth: '640px' },
  row: { display: 'flex', gap: '12px', alignItems: 'center', flexWrap: 'wrap' },
});

interface Props {
  source: SourceSetup;
  onChange: (source: SourceSetup) => void;
  configure: ReturnType<typeof useConfigure>;
}

export function DirectoryStep({ source, onChange, configure }: Props) {
  const styles = useStyles();
  const set = (change: Partial<SourceSetup>) => onChange({ ...source, ...change });
  const checks = configure.data;
  const failed = checks?.filter((check) => check.result === 'fail').length ?? 0;
  return (
    <form
      className={styles.stack}
      onSubmit={(event) => {
        event.preventDefault();
        configure.mutate({ source, begin: false });
      }}
    >
      <Text>{g.directoryText}</Text>
      <Field label={g.url} hint={g.urlHint} required>
        <Input value={source.url} onChange={(_, data) => set({ url: data.value.trim() })} />
      </Field>
      <Field label={g.baseDn} hint={g.baseDnHint} required>
        <Input value={source.baseDn} onChange={(_, data) => set({ baseDn: data.value })} />
      </Field>
      <Field label={g.bindDn} hint={g.bindDnHint}>
        <Input value={source.bindDn ?? ''} onChange={(_, data) => set({ bindDn: data.value === '' ? null : data.value })} />
      </Field>
      <Field label={g.password}>
        <Input
          type="password"
          autoComplete="off"
          value={source.password ?? ''}
          onChange={(_, data) => set({ password: data.value === '' ? null : data.value })}
        />
      </Field>
      <Checkbox label={g.startTls} checked={source.startTls} onChange={(_, data) => set({ startTls: data.checked === true })} />
      <Checkbox label={g.plaintext} checked={source.allowPlaintextBind} onChange={(_, data) => set({ allowPlaintextBind: data.checked === true })} />
      <div className={styles.row}>
        <Button type="submit" appearance="primary" disabledFocusable={source.url === '' || source.baseDn === '' || configure.isPending}>
          {g.test}
        </Button>
        <div role="status">{configure.isPending && <Spinner size="tiny" label={g.testing} />}</div>
      </div>
      {configure.error && (
        <Banner intent="error" long alert>
          {explain(configure.error).text}
        </Banner>
      )}
      {checks && (
        <>
          <Banner intent={failed > 0 ? 'error' : 'success'}>{failed > 0 ? g.testBad(failed) : g.testGood}</Banner>
          <Checks checks={checks} />
        </>
      )}
    </form>
  );
}
