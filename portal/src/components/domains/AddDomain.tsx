// Asks for the name of a new domain. Its records come after it was added, in its pane.
import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input } from '@fluentui/react-components';
import { useState } from 'react';
import { useChangeDomain } from '../../api/domains';
import { t } from '../../messages';
import { domainWords } from '../../messages/domains';
import { explain } from '../Failure';

interface Props {
  open: boolean;
  onClose: () => void;
  onAdded: (name: string) => void;
}

export function AddDomain({ open, onClose, onAdded }: Props) {
  return (
    <Dialog
      open={open}
      onOpenChange={(_, data) => {
        if (!data.open) onClose();
      }}
    >
      <DialogSurface>
        <Form onClose={onClose} onAdded={onAdded} />
      </DialogSurface>
    </Dialog>
  );
}

function Form({ onClose, onAdded }: Omit<Props, 'open'>) {
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const change = useChangeDomain();
  const words = problem ?? (change.error ? explain(change.error).text : undefined);
  const submit = () => {
    // People paste addresses; the domain is what comes after the @.
    const wanted = name.trim().toLowerCase().replace(/^.*@/, '').replace(/\.$/, '');
    if (wanted === '') {
      setProblem(domainWords.addMissing);
      return;
    }
    setProblem(undefined);
    change.mutate(
      { what: 'add', name: wanted },
      {
        onSuccess: () => {
          onClose();
          onAdded(wanted);
        },
      },
    );
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <DialogBody>
        <DialogTitle>{domainWords.addTitle}</DialogTitle>
        <DialogContent>
          <Field label={domainWords.addName} hint={domainWords.addHint} {...(words === undefined ? {} : { validationMessage: words })}>
            <Input value={name} autoComplete="off" spellCheck={false} onChange={(_, data) => setName(data.value)} />
          </Field>
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button type="submit" appearance="primary" disabledFocusable={change.isPending}>
            {domainWords.addSubmit}
          </Button>
        </DialogActions>
      </DialogBody>
    </form>
  );
}
