// Removes a domain. What refers to it is looked for first: where there is something, the dialog says what becomes of
// it, and asks for the name.
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
  Spinner,
  Text,
} from '@fluentui/react-components';
import { useState } from 'react';
import { useChangeDomain, useDomainReferences } from '../../api/domains';
import { t } from '../../messages';
import { domainWords } from '../../messages/domains';
import { Banner } from '../Banner';
import { explain, Failure } from '../Failure';
import { References } from './References';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  list: { maxHeight: '180px', overflowY: 'auto' },
});

interface Props {
  name: string;
  open: boolean;
  onClose: () => void;
  onRemoved: (begun: boolean) => void;
}

export function RemoveDomain(props: Props) {
  return (
    <Dialog
      open={props.open}
      onOpenChange={(_, data) => {
        if (!data.open) props.onClose();
      }}
    >
      <DialogSurface>
        <Form {...props} />
      </DialogSurface>
    </Dialog>
  );
}

function Form({ name, onClose, onRemoved }: Props) {
  const styles = useStyles();
  const references = useDomainReferences(name);
  const change = useChangeDomain();
  const [disable, setDisable] = useState(false);
  const [typed, setTyped] = useState('');
  const [tried, setTried] = useState(false);
  const items = references.data?.pages.flatMap((page) => page.items);
  const inUse = (items?.length ?? 0) > 0;
  const right = typed.trim().toLowerCase() === name;

  const submit = () => {
    setTried(true);
    if (!items || (inUse && !right)) return;
    const done = {
      onSuccess: () => {
        onClose();
        onRemoved(inUse);
      },
    };
    if (inUse) change.mutate({ what: 'forceRemove', name, disableUserAccounts: disable }, done);
    else change.mutate({ what: 'remove', name }, done);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <DialogBody>
        <DialogTitle>{domainWords.removeTitle(name)}</DialogTitle>
        <DialogContent className={styles.stack}>
          {references.isError && !items ? (
            <Failure error={references.error} onRetry={() => void references.refetch()} />
          ) : !items ? (
            <Spinner size="tiny" label={domainWords.removeLooking} />
          ) : inUse ? (
            <>
              <Text>{domainWords.removeInUse(items.length, references.hasNextPage)}</Text>
              {/* A region that scrolls must be reachable by keyboard; its links do that. */}
              <div className={styles.list}>
                <References references={references} />
              </div>
              <Text>{domainWords.removeForced}</Text>
              <Checkbox label={domainWords.removeDisable} checked={disable} onChange={(_, data) => setDisable(data.checked === true)} />
              <Field
                label={domainWords.removeType(name)}
                {...(tried && !right ? { validationMessage: domainWords.removeMismatch(name) } : {})}
              >
                <Input value={typed} autoComplete="off" spellCheck={false} onChange={(_, data) => setTyped(data.value)} />
              </Field>
            </>
          ) : (
            <Text>{domainWords.removeFree}</Text>
          )}
          {change.error && (
            <Banner intent="error" long alert>
              {domainWords.failed} {explain(change.error).text}
            </Banner>
          )}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button type="submit" appearance="primary" disabledFocusable={!items || change.isPending}>
            {inUse ? domainWords.removeForceSubmit : domainWords.removeSubmit}
          </Button>
        </DialogActions>
      </DialogBody>
    </form>
  );
}
