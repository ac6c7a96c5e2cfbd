// The sheet of keys, and the switch of the single ones.
import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, makeStyles, Switch, Text, tokens } from '@fluentui/react-components';
import { Fragment, useState } from 'react';
import { places, setSingleKeys, singleKeysOn } from '../../lib/shortcuts';
import { t } from '../../messages';
import { words } from '../../messages/palette';

const useStyles = makeStyles({
  title: { margin: '16px 0 8px', fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
  list: { display: 'grid', gridTemplateColumns: 'max-content minmax(0, 1fr)', gap: '6px 16px', margin: 0, alignItems: 'baseline' },
  two: { gridTemplateColumns: 'repeat(2, max-content minmax(0, 1fr))', '@media (max-width: 600px)': { gridTemplateColumns: 'max-content minmax(0, 1fr)' } },
  meaning: { margin: 0 },
  key: {
    padding: '1px 6px',
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
  },
  quiet: { color: tokens.colorNeutralForeground2 },
});

export function KeySheet({ onClose }: { onClose: () => void }) {
  const styles = useStyles();
  const [on, setOn] = useState(singleKeysOn);
  return (
    <Dialog
      open
      onOpenChange={(_, data) => {
        if (!data.open) onClose();
      }}
    >
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{words.keysTitle}</DialogTitle>
          <DialogContent tabIndex={0} role="region" aria-label={words.keysTitle}>
            <h3 className={styles.title}>{words.keysAnywhere}</h3>
            <dl className={styles.list}>
              <Row keys={[['Ctrl', 'K'], ['/']]} meaning={words.openPalette} />
              <Row keys={[['?']]} meaning={words.openHelp} />
              <Row keys={[['Tab']]} meaning={words.skip} />
              <Row keys={[['Esc']]} meaning={words.close} />
            </dl>
            <h3 className={styles.title}>{words.keysGo}</h3>
            <dl className={`${styles.list} ${styles.two}`}>
              {places.map((place) => place.key !== undefined && <Row key={place.to} keys={[['g', place.key]]} then meaning={place.label(t)} />)}
            </dl>
            <h3 className={styles.title}>{words.keysList}</h3>
            <dl className={styles.list}>
              <Row keys={[['Enter']]} meaning={words.open} />
              <Row keys={[['Space'], ['Enter']]} meaning={words.sort} />
              <Row keys={[['←'], ['→'], ['↑'], ['↓']]} bare meaning={words.menu} />
            </dl>
            <Switch
              label={words.singleKeys}
              checked={on}
              onChange={(_, data) => {
                setSingleKeys(data.checked);
                setOn(data.checked);
              }}
            />
            <Text block size={200} className={styles.quiet}>
              {words.singleKeysHint}
            </Text>
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" onClick={onClose}>
              {t.close}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

/** Keys that do the same, each made of keys pressed together, or one after the other. */
function Row({ keys, meaning, then = false, bare = false }: { keys: string[][]; meaning: string; then?: boolean; bare?: boolean }) {
  const styles = useStyles();
  return (
    <>
      <dt>
        {keys.map((together, way) => (
          <Fragment key={together.join()}>
            {way > 0 && <span className={styles.quiet}>{bare ? ' ' : ` ${words.or} `}</span>}
            {together.map((key, index) => (
              <Fragment key={index}>
                {index > 0 && <span className={styles.quiet}>{then ? ` ${words.then} ` : '+'}</span>}
                <kbd className={styles.key}>{key}</kbd>
              </Fragment>
            ))}
          </Fragment>
        ))}
      </dt>
      <dd className={styles.meaning}>{meaning}</dd>
    </>
  );
}
