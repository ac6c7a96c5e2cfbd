// What the parts of the settings share: a table, a question before something ends, a secret that is shown once.
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  Table,
  TableBody,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  tokens,
} from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { t } from '../../messages';
import { words } from '../../messages/settings';
import { Banner } from '../Banner';
import { Copy } from '../Copy';
import { explain } from '../Failure';

const useStyles = makeStyles({
  scroll: { overflowX: 'auto' },
  table: { minWidth: '640px' },
  head: { fontWeight: tokens.fontWeightSemibold },
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  secret: {
    margin: 0,
    padding: '10px 12px',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
});

export function Rows({ label, columns, widths, children }: { label: string; columns: readonly string[]; widths: readonly string[]; children: ReactNode }) {
  const styles = useStyles();
  return (
    <div className={styles.scroll} role="group" aria-label={label}>
      <Table className={styles.table} aria-label={label}>
        <colgroup>
          {widths.map((width, index) => (
            <col key={index} style={{ width }} />
          ))}
        </colgroup>
        <TableHeader>
          <TableRow>
            {columns.map((column) => (
              <TableHeaderCell key={column} className={styles.head}>
                {column}
              </TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>{children}</TableBody>
      </Table>
    </div>
  );
}

/** A dialog with a form: Enter does it, Escape closes. */
export function FormDialog(props: {
  title: string;
  submit: string;
  onSubmit: () => void;
  onClose: () => void;
  disabled?: boolean;
  error?: Error | null;
  children: ReactNode;
}) {
  const styles = useStyles();
  return (
    <Dialog
      open
      onOpenChange={(_, data) => {
        if (!data.open) props.onClose();
      }}
    >
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (props.disabled !== true) props.onSubmit();
          }}
        >
          <DialogBody>
            <DialogTitle>{props.title}</DialogTitle>
            <DialogContent className={styles.stack}>
              {props.children}
              {props.error && (
                <Banner intent="error" long alert>
                  {explain(props.error).text}
                </Banner>
              )}
            </DialogContent>
            <DialogActions>
              <Button onClick={props.onClose}>{t.cancel}</Button>
              <Button type="submit" appearance="primary" disabledFocusable={props.disabled === true}>
                {props.submit}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}

/** A secret, shown until the person says that it is kept. */
export function SecretDialog({ title, text, secret, onClose }: { title: string; text: ReactNode; secret: string; onClose: () => void }) {
  const styles = useStyles();
  return (
    <Dialog
      open
      modalType="alert"
      onOpenChange={(_, data) => {
        if (!data.open) onClose();
      }}
    >
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent className={styles.stack}>
            <Text>{text}</Text>
            <pre className={styles.secret} data-secret>
              {secret}
            </pre>
            <div>
              <Copy text={secret} />
            </div>
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" onClick={onClose}>
              {words.done}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
