// A button, and the question before a user of the cloud is deleted.
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  Text,
  tokens,
  useRestoreFocusTarget,
} from '@fluentui/react-components';
import { useState } from 'react';
import { useWriteUser } from '../../api/people';
import { DeleteRegular } from '../../icons';
import { t } from '../../messages';
import { peopleWords } from '../../messages/people';
import { Banner } from '../Banner';
import { explain } from '../Failure';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  quiet: { color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
});

interface Props {
  id: string;
  name: string;
  signInName: string | null | undefined;
  onDeleted: (name: string) => void;
}

export function DeleteUser({ id, name, signInName, onDeleted }: Props) {
  const styles = useStyles();
  const write = useWriteUser();
  const [open, setOpen] = useState(false);
  const focusTarget = useRestoreFocusTarget();
  return (
    <>
      <Button {...focusTarget} icon={<DeleteRegular />} onClick={() => setOpen(true)}>
        {peopleWords.remove}
      </Button>
      <Dialog open={open} onOpenChange={(_, data) => setOpen(data.open)}>
        <DialogSurface>
          <DialogBody>
            <DialogTitle>{peopleWords.removeTitle(name)}</DialogTitle>
            <DialogContent className={styles.stack}>
              {signInName && <Text className={styles.quiet}>{signInName}</Text>}
              <Text>{peopleWords.removeText}</Text>
              {write.error && (
                <Banner intent="error" long alert>
                  {peopleWords.refused} {explain(write.error).text}
                </Banner>
              )}
            </DialogContent>
            <DialogActions>
              <Button onClick={() => setOpen(false)}>{t.cancel}</Button>
              <Button
                appearance="primary"
                disabledFocusable={write.isPending}
                onClick={() => write.mutate({ what: 'delete', id }, { onSuccess: () => onDeleted(name) })}
              >
                {peopleWords.removeSubmit}
              </Button>
            </DialogActions>
          </DialogBody>
        </DialogSurface>
      </Dialog>
    </>
  );
}
