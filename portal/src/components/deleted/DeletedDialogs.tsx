// The questions before deleted objects are restored or deleted for good. Both name the objects.
import {
  Button,
  Checkbox,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  makeStyles,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useState, type ReactNode } from 'react';
import { request } from '../../api/http';
import type { Each } from '../../lib/useEach';
import { t } from '../../messages';
import { deletedWords } from '../../messages/directory';
import { nameOf, type Gone } from './gone';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  names: {
    listStyleType: 'none',
    margin: 0,
    padding: '8px 12px',
    display: 'grid',
    gap: '4px',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
    overflowWrap: 'anywhere',
  },
  quiet: { color: tokens.colorNeutralForeground2 },
});

interface Props {
  open: boolean;
  objects: Gone[];
  each: Each;
  onClose: () => void;
  /** It was confirmed, and runs. */
  onBegun: () => void;
}

const NAMED = 8;

function Names({ objects }: { objects: Gone[] }) {
  const styles = useStyles();
  return (
    <ul className={styles.names}>
      {objects.slice(0, NAMED).map((object) => (
        <li key={object.id}>
          <Text weight="semibold">{nameOf(object)}</Text>{' '}
          <span className={styles.quiet}>{object.userPrincipalName ?? object.mail ?? ''}</span>
        </li>
      ))}
      {objects.length > NAMED && <li>{deletedWords.andMore(objects.length - NAMED)}</li>}
    </ul>
  );
}

function Question(props: { open: boolean; title: string; submit: string; onClose: () => void; onSubmit: () => void; children: ReactNode }) {
  const styles = useStyles();
  return (
    <Dialog
      open={props.open}
      onOpenChange={(_, data) => {
        if (!data.open) props.onClose();
      }}
    >
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            props.onSubmit();
          }}
        >
          <DialogBody>
            <DialogTitle>{props.title}</DialogTitle>
            <DialogContent className={styles.stack}>{props.children}</DialogContent>
            <DialogActions>
              <Button onClick={props.onClose}>{t.cancel}</Button>
              <Button type="submit" appearance="primary">
                {props.submit}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}

export function RestoreDialog({ open, objects, each, onClose, onBegun }: Props) {
  const [leaveOut, setLeaveOut] = useState(false);
  const [name, setName] = useState('');
  const only = objects.length === 1 ? objects[0] : undefined;
  const submit = () => {
    const newName = only?.userPrincipalName ? name.trim() : '';
    void each.run(objects, nameOf, (object) =>
      request(`/v1.0/directory/deletedItems/${object.id ?? ''}/restore`, {
        method: 'POST',
        body: { ...(leaveOut ? { autoReconcileProxyConflict: true } : {}), ...(newName === '' ? {} : { newUserPrincipalName: newName }) },
      }),
    );
    setName('');
    onBegun();
    onClose();
  };
  return (
    <Question open={open} title={deletedWords.restoreTitle(objects.length)} submit={deletedWords.restoreSubmit} onClose={onClose} onSubmit={submit}>
      <Names objects={objects} />
      <Text>
        {deletedWords.restoreText} {objects.some((object) => object.onPremisesImmutableId) ? deletedWords.restoreSynced : ''}
      </Text>
      {only?.userPrincipalName && (
        <Field label={deletedWords.restoreName} hint={deletedWords.restoreNameHint}>
          <Input value={name} autoComplete="off" spellCheck={false} placeholder={only.userPrincipalName} onChange={(_, data) => setName(data.value)} />
        </Field>
      )}
      <Checkbox label={deletedWords.restoreAddresses} checked={leaveOut} onChange={(_, data) => setLeaveOut(data.checked === true)} />
    </Question>
  );
}

export function PurgeDialog({ open, objects, each, onClose, onBegun }: Props) {
  const submit = () => {
    void each.run(objects, nameOf, (object) => request(`/v1.0/directory/deletedItems/${object.id ?? ''}`, { method: 'DELETE' }));
    onBegun();
    onClose();
  };
  return (
    <Question open={open} title={deletedWords.purgeTitle(objects.length)} submit={deletedWords.purgeSubmit} onClose={onClose} onSubmit={submit}>
      <Names objects={objects} />
      <Text>{deletedWords.purgeText}</Text>
    </Question>
  );
}
