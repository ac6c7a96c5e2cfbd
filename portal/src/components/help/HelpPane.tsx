// The page of the book that belongs to the page of the portal, in a pane beside it.
import { Link, makeStyles, Spinner, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ApiError } from '../../api/http';
import { helpContent, helpPage } from '../../lib/help';
import { words } from '../../messages/help';
import { Failure } from '../Failure';
import { Pane } from '../Pane';

const useStyles = makeStyles({
  links: { display: 'flex', gap: '16px', marginBottom: '12px' },
  text: {
    lineHeight: tokens.lineHeightBase400,
    overflowWrap: 'anywhere',
    '& h1': { fontSize: tokens.fontSizeBase500, lineHeight: tokens.lineHeightBase500, margin: '0 0 8px' },
    '& h2': { fontSize: tokens.fontSizeBase400, lineHeight: tokens.lineHeightBase400, margin: '20px 0 8px' },
    '& h3': { fontSize: tokens.fontSizeBase300, margin: '16px 0 4px' },
    '& a': { color: tokens.colorBrandForegroundLink },
    '& img': { maxWidth: '100%', border: `1px solid ${tokens.colorNeutralStroke2}` },
    '& code': { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
    '& pre': { padding: '8px 12px', backgroundColor: tokens.colorNeutralBackground3, overflowX: 'auto' },
    '& table': { display: 'block', overflowX: 'auto', borderCollapse: 'collapse' },
    '& th, & td': { border: `1px solid ${tokens.colorNeutralStroke2}`, padding: '4px 8px', textAlign: 'left', verticalAlign: 'top' },
  },
});

/** Asks for a page of the book as text. */
async function pageOfBook(path: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(path, { signal, headers: { Accept: 'text/html' } });
  if (!answer.ok) throw new ApiError(answer.status, String(answer.status), answer.statusText, answer.headers.get('request-id'));
  return answer.text();
}

export function HelpPane({ pathname, onClose }: { pathname: string; onClose: () => void }) {
  const styles = useStyles();
  const path = `/docs/${helpPage(pathname)}`;
  const page = useQuery({ queryKey: ['book', path], queryFn: ({ signal }) => pageOfBook(path, signal), staleTime: Number.POSITIVE_INFINITY, retry: false });
  const html = useMemo(() => (page.data === undefined ? undefined : helpContent(page.data, new URL(path, window.location.href).href)), [page.data, path]);
  return (
    <Pane open title={words.title} onClose={onClose}>
      <div className={styles.links}>
        <Link href={path} target="_blank">
          {words.open}
        </Link>
        <Link href="/docs/" target="_blank">
          {words.contents}
        </Link>
      </div>
      {page.error && <Failure error={page.error} onRetry={() => void page.refetch()} />}
      {page.isPending && <Spinner label={words.working} />}
      {/* The server's own book, without what runs. */}
      {html !== undefined && <div className={styles.text} lang="en" data-help={path} dangerouslySetInnerHTML={{ __html: html }} />}
    </Pane>
  );
}
