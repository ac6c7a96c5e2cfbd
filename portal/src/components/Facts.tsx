// Names and values: a description list in columns.
import { makeStyles, mergeClasses, SkeletonItem, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';

const useStyles = makeStyles({
  list: { display: 'grid', gap: '14px 32px', margin: 0, gridTemplateColumns: 'repeat(auto-fill, minmax(min(190px, 100%), 1fr))' },
  narrow: { gridTemplateColumns: 'repeat(3, minmax(0, 1fr))', columnGap: '16px' },
  two: { gridTemplateColumns: 'repeat(2, minmax(0, 1fr))', gap: '10px 20px' },
  wide: { gridColumn: '1 / -1' },
  one: { gridTemplateColumns: 'minmax(0, 1fr)', gap: '10px' },
  item: { minWidth: 0 },
  term: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  value: { margin: '2px 0 0', overflowWrap: 'anywhere', lineHeight: tokens.lineHeightBase300 },
  tall: { minHeight: '40px', '@media (max-width: 600px)': { minHeight: 0 } },
  waiting: { width: '70%', marginTop: '4px' },
});

export interface Fact {
  term: string;
  /** undefined: still on its way. */
  value: ReactNode;
  /** Takes a whole row: long values. */
  wide?: boolean;
}

interface Props {
  facts: Fact[];
  /** How many stand beside each other: as many as there is room for, three, two, or one. */
  columns?: 'many' | 'three' | 'two' | 'one';
  /** Room for a second line under each value. */
  tall?: boolean;
}

export function Facts({ facts, columns = 'many', tall = false }: Props) {
  const styles = useStyles();
  return (
    <dl className={mergeClasses(styles.list, columns === 'three' && styles.narrow, columns === 'two' && styles.two, columns === 'one' && styles.one)}>
      {facts.map((fact) => (
        <div key={fact.term} className={mergeClasses(styles.item, fact.wide === true && styles.wide)}>
          <dt className={styles.term}>{fact.term}</dt>
          <dd className={mergeClasses(styles.value, tall && styles.tall)}>
            {fact.value === undefined ? <SkeletonItem size={16} className={styles.waiting} /> : fact.value}
          </dd>
        </div>
      ))}
    </dl>
  );
}
