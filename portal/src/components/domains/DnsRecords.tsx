// DNS records to publish: each value with a button that copies it.
import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { DnsRecord } from '../../api/domains';
import { domainWords } from '../../messages/domains';
import { Copy } from '../Copy';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '12px' },
  record: { border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusLarge, overflow: 'hidden' },
  title: { display: 'block', padding: '8px 12px', backgroundColor: tokens.colorNeutralBackground3 },
  fields: { margin: 0 },
  field: {
    display: 'grid',
    gridTemplateColumns: '96px minmax(0, 1fr) 32px',
    gap: '8px',
    alignItems: 'center',
    minHeight: '36px',
    padding: '2px 8px 2px 12px',
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  term: { color: tokens.colorNeutralForeground2 },
  value: { margin: 0, fontFamily: tokens.fontFamilyMonospace, overflowWrap: 'anywhere' },
  action: { margin: 0 },
});

/** What a record says, beyond its name: names and values. */
function content(record: DnsRecord): [term: string, value: string][] {
  const words = domainWords;
  const texts: [string, string | number | undefined][] = [
    [words.value, record.text],
    [words.target, record.mailExchange ?? record.canonicalName ?? record.nameTarget],
    [words.priority, record.preference ?? record.priority],
  ];
  return texts.flatMap(([term, value]) => (value === undefined ? [] : [[term, String(value)] as [string, string]]));
}

interface Props {
  records: DnsRecord[];
  label: string;
  /** Says which service asks for a record. */
  ofServices?: boolean;
}

export function DnsRecords({ records, label, ofServices = false }: Props) {
  const styles = useStyles();
  return (
    <ul className={styles.list} aria-label={label}>
      {records.map((record) => (
        <li key={record.id} className={styles.record} data-record={record.recordType}>
          <Text weight="semibold" className={styles.title}>
            {record.recordType.toUpperCase()}
            {ofServices && record.supportedService ? ` · ${record.supportedService}` : ''}
          </Text>
          <dl className={styles.fields}>
            {[[domainWords.host, record.label] as const, ...content(record)].map(([term, value]) => (
              <div key={term} className={styles.field}>
                <dt className={styles.term}>{term}</dt>
                <dd className={styles.value}>{value}</dd>
                <dd className={styles.action}>
                  <Copy text={value} what={`${record.recordType.toUpperCase()}: ${term}`} />
                </dd>
              </div>
            ))}
            <div className={styles.field}>
              <dt className={styles.term}>{domainWords.ttl}</dt>
              <dd className={styles.value}>{domainWords.seconds(record.ttl)}</dd>
            </div>
          </dl>
        </li>
      ))}
    </ul>
  );
}
