// How far a change of several objects is, and what became of it: how many were done, and who was refused why.
import { makeStyles, ProgressBar } from '@fluentui/react-components';
import type { Each } from '../../lib/useEach';
import { deletedWords } from '../../messages/directory';
import { Banner } from '../Banner';

const useStyles = makeStyles({ list: { margin: '4px 0 0', paddingLeft: '20px' } });

/** Refusals that are listed; more would bury the page. */
const LISTED = 10;

export function BulkOutcome({ each, done, className }: { each: Each; done: (n: number) => string; className?: string }) {
  const styles = useStyles();
  if (each.total === 0) return null;
  if (each.running) {
    const words = deletedWords.working(each.done, each.total);
    return (
      <div className={className} role="status">
        {words}
        <ProgressBar value={each.done / each.total} aria-label={words} />
      </div>
    );
  }
  return (
    <>
      {each.succeeded > 0 && (
        <Banner intent="success" className={className}>
          {done(each.succeeded)}
        </Banner>
      )}
      {each.refused.length > 0 && (
        <Banner intent="error" long alert className={className}>
          {deletedWords.refused(each.refused.length)}
          <ul className={styles.list}>
            {each.refused.slice(0, LISTED).map((one, index) => (
              <li key={index}>
                <strong>{one.name}</strong>: {one.why}
              </li>
            ))}
            {each.refused.length > LISTED && <li>{deletedWords.andMore(each.refused.length - LISTED)}</li>}
          </ul>
        </Banner>
      )}
    </>
  );
}
