// A plan in numbers: a row for each kind of object.
import { makeStyles, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, tokens } from '@fluentui/react-components';
import type { Kind, PlanSummary } from '../api/types';
import { t } from '../messages';

const useStyles = makeStyles({
  scroll: { overflowX: 'auto' },
  table: { maxWidth: '760px', minWidth: '560px' },
  number: { textAlign: 'right', fontVariantNumeric: 'tabular-nums' },
  headNumber: { '& > div': { justifyContent: 'flex-end' }, textAlign: 'right' },
  strong: { fontWeight: tokens.fontWeightSemibold, color: tokens.colorStatusDangerForeground3 },
});

export function PlanCounts({ counts }: { counts: PlanSummary['counts'] }) {
  const styles = useStyles();
  const columns = ['create', 'update', 'delete', 'membersAdded', 'membersRemoved', 'held'] as const;
  return (
    // A region that scrolls must be reachable by keyboard.
    <div className={styles.scroll} role="group" aria-label={t.plan.counts}>
      <Table size="small" className={styles.table} aria-label={t.plan.counts}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell>{t.plan.kind}</TableHeaderCell>
            {columns.map((column) => (
              <TableHeaderCell key={column} className={styles.headNumber}>
                {t.plan[column]}
              </TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {(Object.keys(t.kindCounts) as Kind[]).map((kind) => {
            const row = counts[kind];
            return (
              row && (
                <TableRow key={kind}>
                  <TableCell>{t.kindCounts[kind]}</TableCell>
                  {columns.map((column) => (
                    <TableCell key={column} className={styles.number}>
                      <span className={column === 'delete' && row.delete > 0 ? styles.strong : ''}>{t.number(row[column])}</span>
                    </TableCell>
                  ))}
                </TableRow>
              )
            );
          })}
        </TableBody>
      </Table>
    </div>
  );
}
