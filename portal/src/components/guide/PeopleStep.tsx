// Ten real people as they would be in the cloud, each with where its values come from.
import { Accordion, AccordionHeader, AccordionItem, AccordionPanel, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components';
import { useFirstPlan } from '../../api/guide';
import type { PlanItem } from '../../api/types';
import { PeopleRegular } from '../../icons';
import { showValue } from '../../lib/values';
import { g } from '../../messages/guide';
import { Explain } from '../Explain';
import { Failure, Notice } from '../Failure';

const PEOPLE = 10;

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  head: { display: 'flex', gap: '4px 16px', flexWrap: 'wrap', minWidth: 0 },
  quiet: { color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
});

function valueOf(item: PlanItem, property: string): string {
  const after = item.changes?.find((change) => change.property === property)?.after;
  return after === undefined ? '–' : showValue(after);
}

export function PeopleStep() {
  const styles = useStyles();
  const plan = useFirstPlan(true);
  if (plan.error) return <Failure error={plan.error} onRetry={() => void plan.refetch()} />;
  if (!plan.data) return <Spinner size="small" label={g.peopleWorking} />;
  const people = plan.data.items.filter((item) => item.kind === 'user' && item.action !== 'delete').slice(0, PEOPLE);
  if (people.length === 0) return <Notice title={g.peopleNone} text={g.peopleNoneHint} icon={<PeopleRegular />} />;
  return (
    <div className={styles.stack}>
      <Text>{g.peopleText}</Text>
      <Accordion multiple collapsible>
        {people.map((item) => (
          <AccordionItem key={item.anchor} value={item.anchor} data-person={item.name}>
            <AccordionHeader as="h3" size="small">
              <span className={styles.head}>
                <span>{item.name}</span>
                <span className={styles.quiet}>
                  {g.columns.signIn}: {valueOf(item, 'userPrincipalName')}
                </span>
                <span className={styles.quiet}>
                  {g.columns.mail}: {valueOf(item, 'mail')}
                </span>
              </span>
            </AccordionHeader>
            <AccordionPanel>
              {item.dn !== undefined && <Text className={styles.quiet}>{item.dn}</Text>}
              <Explain object={item.anchor} />
            </AccordionPanel>
          </AccordionItem>
        ))}
      </Accordion>
    </div>
  );
}
