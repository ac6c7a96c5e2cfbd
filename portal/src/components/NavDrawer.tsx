// The navigation over the page, where the window is too narrow for it beside.
import { DrawerBody, makeStyles, OverlayDrawer } from '@fluentui/react-components';
import { t } from '../messages';
import { Nav } from './Nav';

const useStyles = makeStyles({
  drawer: { width: '260px' },
  body: { padding: 0 },
});

export function NavDrawer({ open, onClose }: { open: boolean; onClose: () => void }) {
  const styles = useStyles();
  return (
    <OverlayDrawer
      className={styles.drawer}
      open={open}
      onOpenChange={(_, data) => {
        if (!data.open) onClose();
      }}
      position="start"
      aria-label={t.shell.nav}
    >
      <DrawerBody className={styles.body}>
        <Nav />
      </DrawerBody>
    </OverlayDrawer>
  );
}
