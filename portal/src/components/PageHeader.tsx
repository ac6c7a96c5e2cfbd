// A page's heading: sets the window's title, and takes the focus when a person comes here from another page.
import { makeStyles, Text, tokens } from '@fluentui/react-components';
import { useEffect, useRef, type ReactNode } from 'react';
import { NavigationType, useNavigationType } from 'react-router';
import { t } from '../messages';

const useStyles = makeStyles({
  root: { marginBottom: '16px' },
  heading: {
    margin: 0,
    fontSize: tokens.fontSizeBase600,
    lineHeight: tokens.lineHeightBase600,
    fontWeight: tokens.fontWeightSemibold,
    outlineStyle: 'none',
  },
  intro: { display: 'block', marginTop: '4px', color: tokens.colorNeutralForeground2, maxWidth: '80ch' },
});

/** Whether no page was shown yet since the document was loaded. */
let firstPage = true;

export function PageHeader({ title, intro }: { title: string; intro?: ReactNode }) {
  const styles = useStyles();
  const heading = useRef<HTMLHeadingElement>(null);
  const navigation = useRef(useNavigationType());

  useEffect(() => {
    document.title = t.title(title);
  }, [title]);
  useEffect(() => {
    // Not where the document itself was just opened or reloaded: there the focus begins at the top.
    if (!firstPage || navigation.current !== NavigationType.Pop) heading.current?.focus({ preventScroll: true });
    firstPage = false;
  }, []);

  return (
    <div className={styles.root}>
      <h1 ref={heading} tabIndex={-1} className={styles.heading}>
        {title}
      </h1>
      {intro !== undefined && <Text className={styles.intro}>{intro}</Text>}
    </div>
  );
}
