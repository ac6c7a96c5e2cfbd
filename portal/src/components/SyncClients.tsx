// The sync clients side by side: which one writes, which ones stand by, and in which settings they differ.
import { Button, makeStyles, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, tokens } from '@fluentui/react-components';
import { useIsAdmin, useOrder } from '../api/queries';
import type { ConfigurationDifference, Status } from '../api/types';
import { t } from '../messages';
import { Banner } from './Banner';
import { Section } from './Section';
import { OrderOutcome } from './SyncCommands';
import { Time } from './Time';

const useStyles = makeStyles({
  scroll: { overflowX: 'auto', padding: '0 20px 16px' },
  table: { minWidth: '900px' },
  differences: { minWidth: '480px', maxWidth: '900px' },
  cell: { paddingTop: '8px', paddingBottom: '8px', overflowWrap: 'anywhere' },
  sub: { display: 'block', color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  strong: { fontWeight: tokens.fontWeightSemibold },
  gap: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)', padding: '0 20px 16px' },
});

/** Shown as soon as there is a client. */
export function SyncClients({ status }: { status: Status }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const order = useOrder();
  const { clients } = status;
  const differences = status.configurationDifferences ?? [];
  if (clients.length === 0) return null;
  const standsBy = clients.some((client) => client.role === 'standby' && client.state === 'standby');
  const handOver = admin && standsBy && (
    <Button disabledFocusable={order.isPending} onClick={() => order.mutate({ order: 'handOver' })}>
      {t.dirsync.handOver}
    </Button>
  );
  const words = t.dirsync.clients;
  const columns = [words.account, words.role, words.state, words.lease, words.version, words.contact, words.pending];
  return (
    <Section title={t.dirsync.clientsTitle} actions={handOver} flush>
      {(!order.isIdle || differences.length > 0) && (
        <div className={styles.gap}>
          <OrderOutcome order={order} />
          {differences.length > 0 && (
            <Banner intent="warning" long>
              {t.dirsync.differ(differences.length)}
            </Banner>
          )}
        </div>
      )}
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.scroll} role="group" aria-label={t.dirsync.clientsTitle} tabIndex={0}>
        <Table size="small" className={styles.table} aria-label={t.dirsync.clientsTitle}>
          <TableHeader>
            <TableRow>
              {columns.map((column) => (
                <TableHeaderCell key={column}>{column}</TableHeaderCell>
              ))}
            </TableRow>
          </TableHeader>
          <TableBody>
            {clients.map((client) => (
              <TableRow key={client.id}>
                <TableCell className={styles.cell}>
                  <span>{client.serviceAccount}</span>
                  <span className={styles.sub}>{client.machine ?? t.none}</span>
                </TableCell>
                <TableCell className={styles.cell}>
                  <span className={client.role === 'active' ? styles.strong : ''}>{t.dirsync.role(client.role)}</span>
                </TableCell>
                <TableCell className={styles.cell}>
                  {client.state ? t.clientStates[client.state] : t.none}
                  {!client.connected && <span className={styles.sub}>{t.dirsync.notConnected}</span>}
                </TableCell>
                <TableCell className={styles.cell}>
                  {client.lease ? t.dirsync.lease(client.lease.epoch) : t.none}
                  {client.lease && (
                    <span className={styles.sub}>
                      {client.lease.endedAt ? (
                        t.dirsync.leaseEnded
                      ) : (
                        <>
                          {t.dirsync.leaseTaken} <Time instant={client.lease.takenAt} />
                        </>
                      )}
                    </span>
                  )}
                </TableCell>
                <TableCell className={styles.cell}>{client.version ?? t.none}</TableCell>
                <TableCell className={styles.cell}>
                  <Time instant={client.lastContact} />
                </TableCell>
                <TableCell className={styles.cell}>
                  {client.pending
                    ? t.dirsync.pendingText(client.pending.additions, client.pending.updates, client.pending.deletions)
                    : t.none}
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
        {differences.length > 0 && <Differences differences={differences} />}
      </div>
    </Section>
  );
}

function Differences({ differences }: { differences: ConfigurationDifference[] }) {
  const styles = useStyles();
  return (
    <Table size="small" className={styles.differences} aria-label={t.dirsync.differences}>
      <TableHeader>
        <TableRow>
          <TableHeaderCell>{t.dirsync.setting}</TableHeaderCell>
          <TableHeaderCell>{t.dirsync.differences}</TableHeaderCell>
        </TableRow>
      </TableHeader>
      <TableBody>
        {differences.map((difference) => (
          <TableRow key={`${difference.lease} ${difference.setting}`}>
            <TableCell className={styles.cell}>{difference.setting}</TableCell>
            <TableCell className={styles.cell}>
              {difference.values.map((one) => (
                <span key={one.client} className={styles.sub}>
                  {one.serviceAccount}: {one.value ?? t.dirsync.notSet}
                </span>
              ))}
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
