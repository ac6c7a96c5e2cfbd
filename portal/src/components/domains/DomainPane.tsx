// One domain: its proof by DNS where that is missing, its state, federated settings, what refers to it, and what can be
// done with it.
import { Badge, Button, makeStyles, Radio, RadioGroup, Spinner, Text, tokens, useRestoreFocusTarget } from '@fluentui/react-components';
import type { Domain } from '@microsoft/microsoft-graph-types';
import { useState } from 'react';
import { useChangeDomain, useDomainRecords, useDomainReferences, useFederation } from '../../api/domains';
import { ApiError } from '../../api/http';
import { useIsAdmin } from '../../api/queries';
import { domainWords } from '../../messages/domains';
import { Banner } from '../Banner';
import { Facts, type Fact } from '../Facts';
import { explain, Failure, Notice } from '../Failure';
import { PageSkeleton } from '../PageSkeleton';
import { Pane } from '../Pane';
import { Part } from '../Part';
import { DnsRecords } from './DnsRecords';
import { DomainState, rootOf } from './DomainState';
import { References } from './References';
import { RemoveDomain } from './RemoveDomain';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '24px', gridTemplateColumns: 'minmax(0, 1fr)' },
  head: { display: 'flex', gap: '8px', alignItems: 'center', flexWrap: 'wrap' },
  name: { overflowWrap: 'anywhere' },
  actions: { display: 'flex', gap: '8px', flexWrap: 'wrap' },
  part: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  quiet: { display: 'block', color: tokens.colorNeutralForeground2 },
  intro: { display: 'block', color: tokens.colorNeutralForeground2, marginBottom: '8px' },
});

interface Props {
  name: string | undefined;
  domains: Domain[] | undefined;
  onClose: () => void;
}

export function DomainPane({ name, domains, onClose }: Props) {
  const domain = domains?.find((one) => one.id === name);
  return (
    <Pane open={name !== undefined} onClose={onClose} title={domainWords.details}>
      {domain ? (
        <Details key={name} domain={domain} domains={domains ?? []} onGone={onClose} />
      ) : domains ? (
        <Notice title={domainWords.gone} text={domainWords.goneHint} />
      ) : (
        <PageSkeleton />
      )}
    </Pane>
  );
}

/** For ever, as Graph says it. */
const FOREVER_DAYS = 2_147_483_647;

function Details({ domain, domains, onGone }: { domain: Domain; domains: Domain[]; onGone: () => void }) {
  const styles = useStyles();
  const name = domain.id ?? '';
  const services = domain.supportedServices ?? [];
  const federated = domain.authenticationType === 'Federated';
  const references = useDomainReferences(name);
  const serviceRecords = useDomainRecords(name, 'serviceConfigurationRecords', services.length > 0);
  const root = rootOf(name, domains);
  const days = domain.passwordValidityPeriodInDays;
  const facts: Fact[] = [
    { term: domainWords.state, value: <DomainState domain={domain} /> },
    { term: domainWords.signIn, value: federated ? domainWords.federatedLong : domainWords.managedLong },
    { term: domainWords.position, value: root !== undefined && domain.isRoot !== true ? domainWords.below(root) : domainWords.root },
    ...(days === null || days === undefined
      ? []
      : [{ term: domainWords.passwords, value: days === FOREVER_DAYS ? domainWords.passwordsForever : domainWords.days(days) }]),
    ...(services.length > 0 ? [{ term: domainWords.services, value: services.join(', ') }] : []),
  ];
  return (
    <div className={styles.stack}>
      <div className={styles.head}>
        <Text weight="semibold" size={500} className={styles.name}>
          {name}
        </Text>
        {domain.isDefault === true && <Badge appearance="tint">{domainWords.isDefault}</Badge>}
        {domain.isInitial === true && <Badge appearance="tint" color="informative">{domainWords.isInitial}</Badge>}
      </div>
      <Commands domain={domain} onGone={onGone} />
      {domain.isVerified !== true && <Proof name={name} />}
      <Part title={domainWords.statusTitle}>
        <Facts columns="two" facts={facts} />
      </Part>
      {federated && <Federation name={name} />}
      {serviceRecords.data && serviceRecords.data.length > 0 && (
        <Part title={domainWords.serviceTitle}>
          <DnsRecords records={serviceRecords.data} label={domainWords.serviceTitle} ofServices />
        </Part>
      )}
      <Part title={domainWords.referencesTitle}>
        <Text className={styles.intro}>{domainWords.references}</Text>
        <References references={references} />
      </Part>
    </div>
  );
}

function Commands({ domain, onGone }: { domain: Domain; onGone: () => void }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const change = useChangeDomain();
  const [removing, setRemoving] = useState(false);
  const focusTarget = useRestoreFocusTarget();
  const name = domain.id ?? '';
  const isDefault = domain.isDefault === true;
  const busy = domain.state !== null && domain.state !== undefined;
  const whyNoDefault =
    domain.isVerified !== true ? domainWords.defaultNotVerified : domain.authenticationType === 'Federated' ? domainWords.defaultFederated : undefined;
  const whyNoRemove = domain.isInitial === true ? domainWords.removeInitial : isDefault ? domainWords.removeDefault : undefined;
  const notes = [...(isDefault ? [domainWords.defaultWhy] : whyNoDefault === undefined ? [] : [whyNoDefault]), ...(whyNoRemove === undefined ? [] : [whyNoRemove])];
  return (
    <div className={styles.part}>
      <div className={styles.actions}>
        {!isDefault && (
          <Button
            disabledFocusable={!admin || whyNoDefault !== undefined || busy || change.isPending}
            onClick={() => change.mutate({ what: 'default', name })}
          >
            {domainWords.makeDefault}
          </Button>
        )}
        <Button {...focusTarget} disabledFocusable={!admin || whyNoRemove !== undefined || busy} onClick={() => setRemoving(true)}>
          {domainWords.remove}
        </Button>
      </div>
      {notes.length > 0 && (
        <Text size={200} className={styles.quiet}>
          {notes.join(' ')}
        </Text>
      )}
      {change.error && (
        <Banner intent="error" long alert>
          {domainWords.failed} {explain(change.error).text}
        </Banner>
      )}
      {change.isSuccess && isDefault && <Banner intent="success">{domainWords.defaultDone(name)}</Banner>}
      <RemoveDomain
        name={name}
        open={removing}
        onClose={() => setRemoving(false)}
        onRemoved={(begun) => {
          // While it goes, the pane tells of it; one that nothing referred to is gone at once.
          if (!begun) onGone();
        }}
      />
    </div>
  );
}

function Proof({ name }: { name: string }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const [type, setType] = useState<'Txt' | 'Mx'>('Txt');
  const records = useDomainRecords(name, 'verificationDnsRecords', true);
  const change = useChangeDomain();
  const missing = change.error instanceof ApiError && change.error.code === 'DomainVerificationMissingDnsRecord';
  return (
    <Part title={domainWords.proveTitle}>
      <div className={styles.part}>
        <Text>{domainWords.prove(name)}</Text>
        {records.isError ? (
          <Failure error={records.error} onRetry={() => void records.refetch()} />
        ) : !records.data ? (
          <PageSkeleton />
        ) : (
          <>
            <RadioGroup
              layout="horizontal"
              aria-label={domainWords.record}
              value={type}
              onChange={(_, data) => setType(data.value === 'Mx' ? 'Mx' : 'Txt')}
            >
              <Radio value="Txt" label={domainWords.txt} />
              <Radio value="Mx" label={domainWords.mx} />
            </RadioGroup>
            <DnsRecords records={records.data.filter((record) => record.recordType === type)} label={domainWords.proveTitle} />
          </>
        )}
        <div className={styles.actions}>
          <Button
            appearance="primary"
            disabledFocusable={!admin || change.isPending}
            onClick={() => change.mutate({ what: 'verify', name })}
          >
            {domainWords.verify}
          </Button>
          {change.isPending && <Spinner size="tiny" label={domainWords.verifyAsking} />}
        </div>
        {change.error && (
          <Banner intent={missing ? 'warning' : 'error'} long alert>
            <strong>{missing ? domainWords.verifyMissing : domainWords.verifyNoAnswer}</strong> {explain(change.error).text}
          </Banner>
        )}
      </div>
    </Part>
  );
}

const shownOfFederation = Object.keys(domainWords.federation);

function Federation({ name }: { name: string }) {
  const styles = useStyles();
  const federation = useFederation(name, true);
  const settings = federation.data as Record<string, unknown> | null | undefined;
  return (
    <Part title={domainWords.federationTitle}>
      {federation.isError ? (
        <Failure error={federation.error} onRetry={() => void federation.refetch()} />
      ) : settings === undefined ? (
        <PageSkeleton />
      ) : settings === null ? (
        <Text className={styles.quiet}>{domainWords.federationNone}</Text>
      ) : (
        <Facts
          columns="one"
          facts={shownOfFederation.flatMap((key): Fact[] => {
            const value = settings[key];
            return typeof value === 'string' && value !== '' ? [{ term: domainWords.federation[key] ?? key, value }] : [];
          })}
        />
      )}
    </Part>
  );
}
