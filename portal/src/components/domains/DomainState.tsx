// How a domain stands, in icon and words.
import { makeStyles } from '@fluentui/react-components';
import type { Domain } from '@microsoft/microsoft-graph-types';
import { ArrowSyncCircleFilled, CheckmarkCircleFilled, WarningFilled } from '../../icons';
import { domainWords } from '../../messages/domains';
import { StateIcon } from '../StateIcon';

const useStyles = makeStyles({ root: { display: 'inline-flex', gap: '6px', alignItems: 'center', verticalAlign: 'middle' } });

export function DomainState({ domain }: { domain: Domain }) {
  const styles = useStyles();
  const [look, words] = domain.state
    ? [
        { intent: 'info' as const, Icon: ArrowSyncCircleFilled },
        domain.state.operation === 'ForceDelete' ? domainWords.removing : domainWords.verifying,
      ]
    : domain.isVerified === true
      ? [{ intent: 'success' as const, Icon: CheckmarkCircleFilled }, domainWords.verified]
      : [{ intent: 'warning' as const, Icon: WarningFilled }, domainWords.notVerified];
  return (
    <span className={styles.root} data-verified={domain.isVerified}>
      <StateIcon look={look} size={16} />
      {words}
    </span>
  );
}

/** The nearest domain above one, among those of the tenant. */
export function rootOf(name: string, domains: Domain[]): string | undefined {
  const above = domains.map((domain) => domain.id ?? '').filter((other) => name.endsWith(`.${other}`) && other !== '');
  return above.sort((a, b) => b.length - a.length)[0];
}
