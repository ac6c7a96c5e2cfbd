// Who changed who has access, and what is set: newest first.
import { Button, TableCell, TableRow, Text } from '@fluentui/react-components';
import { useAccessLog, type AccessLine } from '../../api/settings';
import { HistoryRegular } from '../../icons';
import { t } from '../../messages';
import { words } from '../../messages/settings';
import { Failure, Notice } from '../Failure';
import { PageSkeleton } from '../PageSkeleton';
import { Section } from '../Section';
import { Time } from '../Time';
import { Rows } from './parts';

export function AccessLog() {
  const log = useAccessLog(true);
  if (log.error && !log.data) return <Failure error={log.error} onRetry={() => void log.refetch()} />;
  if (!log.data) return <PageSkeleton />;
  const lines = log.data.pages.flatMap((page) => page.value);
  return (
    <Section title={words.tabs.log}>
      <Text block style={{ marginBottom: '12px' }}>
        {words.logHint}
      </Text>
      {lines.length === 0 ? (
        <Notice title={words.noLines} icon={<HistoryRegular />} />
      ) : (
        <Rows label={words.tabs.log} columns={[words.when, words.who, words.what]} widths={['20%', '25%', '55%']}>
          {lines.map((line) => (
            <TableRow key={line.id} data-line={line.event}>
              <TableCell>
                <Time instant={line.at} />
              </TableCell>
              <TableCell style={{ overflowWrap: 'anywhere' }}>{line.actor}</TableCell>
              <TableCell style={{ overflowWrap: 'anywhere' }}>{told(line)}</TableCell>
            </TableRow>
          ))}
        </Rows>
      )}
      {log.hasNextPage && (
        <Button onClick={() => void log.fetchNextPage()} disabledFocusable={log.isFetchingNextPage}>
          {words.loadMore}
        </Button>
      )}
      {log.isFetchingNextPage && <Text>{t.loading}</Text>}
    </Section>
  );
}

function told(line: AccessLine): string {
  const { event, subject, detail = '' } = line;
  const role = words.roles[detail as keyof typeof words.roles] as string | undefined;
  return words.events[event]({ subject, detail: role ?? detail });
}
