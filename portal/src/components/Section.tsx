// A titled surface: a card on Home, a part of a page elsewhere.
import { makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import { useId, type ReactNode } from 'react';

const useStyles = makeStyles({
  root: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    padding: '16px 20px',
    minWidth: 0,
    boxSizing: 'border-box',
  },
  flush: { padding: '16px 0 0' },
  head: { display: 'flex', alignItems: 'center', gap: '8px', marginBottom: '12px', minHeight: '32px', flexWrap: 'wrap' },
  headFlush: { padding: '0 20px' },
  title: { flexGrow: 1, margin: 0 },
});

interface Props {
  title: string;
  children: ReactNode;
  actions?: ReactNode;
  /** Content reaches the edges (tables). */
  flush?: boolean;
  className?: string | undefined;
}

export function Section({ title, children, actions, flush = false, className }: Props) {
  const styles = useStyles();
  const id = useId();
  return (
    <section aria-labelledby={id} className={mergeClasses(styles.root, flush && styles.flush, className)}>
      <div className={mergeClasses(styles.head, flush && styles.headFlush)}>
        <Text as="h2" id={id} weight="semibold" size={400} className={styles.title}>
          {title}
        </Text>
        {actions}
      </div>
      {children}
    </section>
  );
}
