// How expressions and attributes are shown: in the letters of a program, with their lines.
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';

const useStyles = makeStyles({
  code: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
  block: {
    display: 'block',
    padding: '8px 12px',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
  },
});

export function Code({ children, block = false }: { children: string; block?: boolean }) {
  const styles = useStyles();
  return <code className={mergeClasses(styles.code, block && styles.block)}>{children}</code>;
}
