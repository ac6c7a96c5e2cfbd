// The pane on the right: title, close button, content. Esc closes it and the focus goes back.
import { Button, DrawerBody, DrawerHeader, DrawerHeaderTitle, makeStyles, OverlayDrawer } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { DismissRegular } from '../icons';
import { t } from '../messages';

const useStyles = makeStyles({
  medium: { width: 'min(520px, 100vw)' },
  wide: { width: 'min(820px, 100vw)' },
  body: { paddingTop: '4px', paddingBottom: '24px' },
});

interface Props {
  open: boolean;
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

export function Pane({ open, title, onClose, children, wide = false }: Props) {
  const styles = useStyles();
  return (
    <OverlayDrawer
      position="end"
      open={open}
      onOpenChange={(_, data) => {
        if (!data.open) onClose();
      }}
      className={wide ? styles.wide : styles.medium}
    >
      <DrawerHeader>
        <DrawerHeaderTitle
          action={<Button appearance="subtle" aria-label={t.close} icon={<DismissRegular />} onClick={onClose} />}
        >
          {title}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody className={styles.body} tabIndex={0} role="region" aria-label={title}>
        {children}
      </DrawerBody>
    </OverlayDrawer>
  );
}
