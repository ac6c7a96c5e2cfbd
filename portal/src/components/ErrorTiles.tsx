// How many errors there are of each category: a tile each, which filters the list below it.
import { makeStyles, mergeClasses, SkeletonItem, tokens } from '@fluentui/react-components';
import { useStatus } from '../api/queries';
import { errorCategories } from '../api/types';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';

const useStyles = makeStyles({
  tiles: {
    display: 'grid',
    gap: '12px',
    gridTemplateColumns: 'repeat(auto-fill, minmax(150px, 1fr))',
    listStyleType: 'none',
    margin: '0 0 16px',
    padding: 0,
    '@media (max-width: 600px)': { gridTemplateColumns: 'repeat(2, minmax(0, 1fr))', gap: '8px' },
  },
  tile: {
    width: '100%',
    height: '100%',
    padding: '12px 16px',
    textAlign: 'left',
    display: 'flex',
    flexDirection: 'column',
    cursor: 'pointer',
    fontFamily: 'inherit',
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '1px' },
  },
  chosen: { border: `1px solid ${tokens.colorCompoundBrandStroke}`, boxShadow: `inset 0 -3px 0 ${tokens.colorCompoundBrandStroke}` },
  number: { display: 'block', fontSize: tokens.fontSizeHero700, lineHeight: tokens.lineHeightHero700, fontWeight: tokens.fontWeightSemibold },
  zero: { color: tokens.colorNeutralForeground3, fontWeight: tokens.fontWeightRegular },
  name: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase300 },
});

export function ErrorTiles() {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const status = useStatus();
  const chosen = params.get('category');
  const counts = status.data?.errors.byCategory;
  // Without the status the list below says what is wrong.
  if (status.isError && !status.data) return null;
  return (
    <ul className={styles.tiles} aria-label={t.errors.tiles}>
      {errorCategories.map((category) => {
        const count = counts?.[category] ?? 0;
        return (
          <li key={category}>
            <button
              type="button"
              className={mergeClasses(styles.tile, chosen === category && styles.chosen)}
              aria-pressed={chosen === category}
              data-category={category}
              onClick={() => change({ category: chosen === category ? undefined : category })}
            >
              <span className={mergeClasses(styles.number, count === 0 && styles.zero)}>
                {counts ? t.number(count) : <SkeletonItem size={32} style={{ width: '40px' }} />}
              </span>
              <span className={styles.name}>{t.categories[category]}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
