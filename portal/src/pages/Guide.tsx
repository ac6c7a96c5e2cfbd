// Set-up > Add or sync users: from nothing to a running sync. The step lives in the address; what was entered lives as
// long as the page.
import { Button, makeStyles, mergeClasses, Radio, RadioGroup, Spinner, Text, tokens } from '@fluentui/react-components';
import { useState } from 'react';
import { useClient, useConfigure, useFirstPlan, type SourceSetup } from '../api/guide';
import { useContainers } from '../api/precheck';
import { useOrder, useSession, useStatus } from '../api/queries';
import { AppLink, LinkButton } from '../components/AppLink';
import { Banner } from '../components/Banner';
import { explain, Failure } from '../components/Failure';
import { Checks } from '../components/guide/Checks';
import { ClientStep } from '../components/guide/ClientStep';
import { DirectoryStep } from '../components/guide/DirectoryStep';
import { PeopleStep } from '../components/guide/PeopleStep';
import { BeginButton, choosesNobody, includeOf, ScopeStep } from '../components/guide/ScopeStep';
import { PageHeader } from '../components/PageHeader';
import { Pane } from '../components/Pane';
import { PlanCounts } from '../components/PlanCounts';
import { PlanObjects } from '../components/plan/PlanObjects';
import { PrecheckPanel } from '../components/PrecheckPanel';
import { Section } from '../components/Section';
import { OrderOutcome } from '../components/SyncCommands';
import { useUrlState } from '../lib/useUrlState';
import { t } from '../messages';
import { g } from '../messages/guide';

const steps = ['choose', 'client', 'directory', 'scope', 'people', 'precheck', 'preview', 'start'] as const;
type Step = (typeof steps)[number];
const choices = ['cloud', 'continuous', 'once', 'troubleshoot'] as const;
type Choice = (typeof choices)[number];

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', gridTemplateColumns: 'minmax(0, 1fr)', maxWidth: '1120px' },
  part: { display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  steps: { display: 'flex', flexWrap: 'wrap', gap: '4px 8px', listStyleType: 'none', margin: 0, padding: 0 },
  step: { padding: '4px 10px', borderRadius: tokens.borderRadiusCircular, color: tokens.colorNeutralForeground2 },
  now: { backgroundColor: tokens.colorBrandBackground2, color: tokens.colorBrandForeground2, fontWeight: tokens.fontWeightSemibold },
  row: { display: 'flex', gap: '12px', alignItems: 'center', flexWrap: 'wrap' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const empty: SourceSetup = { url: '', baseDn: '', bindDn: null, password: null, startTls: false, allowPlaintextBind: false, include: [] };

export function GuidePage() {
  const styles = useStyles();
  const [params, change] = useUrlState();
  const session = useSession();
  const admin = session.data?.role === 'admin';
  const asked = params.get('step');
  const step: Step = steps.find((one) => one === asked) ?? 'choose';
  const choice: Choice = choices.find((one) => one === params.get('for')) ?? 'continuous';
  const syncs = choice === 'continuous' || choice === 'once';
  const client = useClient(admin && step !== 'choose');
  const state = client.data?.state;
  const [source, setSource] = useState(empty);
  const [chosen, setChosen] = useState<ReadonlySet<string>>();
  const configure = useConfigure();
  const begin = useConfigure();
  const tested = configure.data?.every((check) => check.result !== 'fail') === true;
  const at = steps.indexOf(step);
  const go = (to: Step | undefined) => change({ step: to === 'choose' ? undefined : to });

  // What must be so before the next step makes sense.
  const ready: Record<Step, boolean> = {
    choose: syncs,
    client: state === 'waiting' || state === 'configured',
    directory: state === 'configured' || (state === 'waiting' && tested),
    scope: state === 'configured',
    people: state === 'configured',
    precheck: state === 'configured',
    preview: state === 'configured',
    start: false,
  };

  return (
    <>
      <PageHeader title={g.title} intro={g.intro} />
      <div className={styles.stack}>
        {session.data && !admin && <Banner intent="info">{g.readOnly}</Banner>}
        <ol className={styles.steps} aria-label={g.stepsLabel}>
          {steps.map((one, index) => (
            <li key={one} className={mergeClasses(styles.step, one === step && styles.now)} aria-current={one === step ? 'step' : undefined}>
              {index + 1}. {g.steps[one]}
            </li>
          ))}
        </ol>
        {step === 'choose' && <ChooseStep choice={choice} onChoose={(next) => change({ for: next === 'continuous' ? undefined : next })} />}
        {step === 'client' && (
          <Section title={g.clientTitle}>
            {client.error ? <Failure error={client.error} onRetry={() => void client.refetch()} /> : <ClientStep state={state} />}
          </Section>
        )}
        {step === 'directory' && (
          <Section title={g.directoryTitle}>
            {state === 'configured' ? (
              <div className={styles.part}>
                <Text>{g.clientConfigured}</Text>
                <Checks checks={client.data?.checks ?? []} />
                <div>
                  <Button onClick={() => void client.refetch()} disabledFocusable={client.isFetching}>
                    {g.again}
                  </Button>
                </div>
              </div>
            ) : (
              <DirectoryStep
                source={source}
                onChange={(next) => {
                  setSource(next);
                  // What was chosen was another directory's.
                  setChosen(undefined);
                }}
                configure={configure}
              />
            )}
          </Section>
        )}
        {step === 'scope' && (
          <Section title={g.scopeTitle}>
            <div className={styles.part}>
              <ScopeStep chosen={chosen} onChoose={setChosen} fixed={state === 'configured' && begin.data !== null} />
              {state === 'configured' && begin.data === null && <Banner intent="success">{g.begun}</Banner>}
              {state !== 'configured' && <Begin source={source} chosen={chosen} configure={begin} />}
            </div>
          </Section>
        )}
        {step === 'people' && (
          <Section title={g.peopleTitle}>
            <PeopleStep />
          </Section>
        )}
        {step === 'precheck' && <PrecheckPanel />}
        {step === 'preview' && <PreviewStep />}
        {step === 'start' && <StartStep once={choice === 'once'} />}
        <div className={styles.row}>
          {at > 0 && <Button onClick={() => go(steps[at - 1])}>{g.back}</Button>}
          {at < steps.length - 1 && syncs && (
            <Button appearance="primary" disabledFocusable={!admin || !ready[step]} onClick={() => go(steps[at + 1])}>
              {g.next}
            </Button>
          )}
        </div>
      </div>
    </>
  );
}

function ChooseStep({ choice, onChoose }: { choice: Choice; onChoose: (choice: Choice) => void }) {
  const styles = useStyles();
  const status = useStatus();
  const objects = status.data?.objects;
  return (
    <Section title={g.chooseTitle}>
      <div className={styles.part}>
        {objects && <Text className={styles.quiet}>{g.counts(objects.users, objects.syncedUsers)}</Text>}
        <RadioGroup aria-label={g.chooseTitle} value={choice} onChange={(_, data) => onChoose(choices.find((one) => one === data.value) ?? 'continuous')}>
          {choices.map((one) => (
            <Radio
              key={one}
              value={one}
              label={
                <>
                  <Text weight="semibold" block>
                    {g.options[one].title}
                  </Text>
                  <Text className={styles.quiet}>{g.options[one].text}</Text>
                </>
              }
            />
          ))}
        </RadioGroup>
        {choice === 'cloud' && (
          <div className={styles.row}>
            <LinkButton to="/users?panel=new" appearance="primary">
              {g.addOne}
            </LinkButton>
            <LinkButton to="/users/import">{g.addCsv}</LinkButton>
          </div>
        )}
        {choice === 'troubleshoot' && (
          <div>
            <LinkButton to="/dirsync/troubleshoot" appearance="primary">
              {g.troubleshoot}
            </LinkButton>
          </div>
        )}
      </div>
    </Section>
  );
}

/** Takes the directory and the scope: the client begins to read. */
function Begin({ source, chosen, configure }: { source: SourceSetup; chosen: ReadonlySet<string> | undefined; configure: ReturnType<typeof useConfigure> }) {
  const containers = useContainers(true).data?.containers;
  const failed = configure.data?.filter((check) => check.result === 'fail') ?? [];
  const begun = configure.data === null;
  return (
    <>
      <div>
        <BeginButton
          disabled={!containers || source.url === '' || configure.isPending || begun || choosesNobody(containers, chosen)}
          onBegin={() => configure.mutate({ source: { ...source, include: includeOf(containers ?? [], chosen) }, begin: true })}
        />
      </div>
      <div role="status">{(configure.isPending || begun) && <Spinner size="tiny" label={g.beginning} />}</div>
      {configure.error && (
        <Banner intent="error" long alert>
          {explain(configure.error).text}
        </Banner>
      )}
      {failed.length > 0 && <Checks checks={failed} />}
    </>
  );
}

function PreviewStep() {
  const styles = useStyles();
  const [open, setOpen] = useState(false);
  const plan = useFirstPlan(true);
  return (
    <Section title={g.previewTitle}>
      <div className={styles.part}>
        <Text>{g.previewText}</Text>
        {plan.error ? (
          <Failure error={plan.error} onRetry={() => void plan.refetch()} />
        ) : plan.data ? (
          <>
            <PlanCounts counts={plan.data.summary.counts} />
            {plan.data.summary.verdict.kind === 'held' && (
              <Banner intent="warning" long>
                {plan.data.summary.verdict.reason} {plan.data.summary.verdict.remedy}
              </Banner>
            )}
            <div>
              <Button onClick={() => setOpen(true)}>{g.previewOpen}</Button>
            </div>
            <Pane open={open} onClose={() => setOpen(false)} title={g.previewTitle} wide>
              <PlanObjects items={plan.data.items} name={g.previewTitle} />
            </Pane>
          </>
        ) : (
          <Spinner size="small" label={g.peopleWorking} />
        )}
      </div>
    </Section>
  );
}

function StartStep({ once }: { once: boolean }) {
  const styles = useStyles();
  const status = useStatus();
  const order = useOrder();
  const sync = status.data?.sync;
  const paused = sync?.clientState === 'paused';
  return (
    <Section title={g.startTitle}>
      <div className={styles.part}>
        <Text>{g.startText}</Text>
        {paused || order.isPending ? (
          <div>
            <Button appearance="primary" disabledFocusable={order.isPending} onClick={() => order.mutate({ order: 'resume' })}>
              {g.start}
            </Button>
          </div>
        ) : (
          sync && (
            <Banner intent="success" action={<AppLink to="/dirsync">{g.toStatus}</AppLink>}>
              {order.data?.answer === 'accepted' ? g.started : g.running} {status.data && t.sentence(status.data)}
            </Banner>
          )
        )}
        {(order.error ?? order.data?.answer === 'refused') ? <OrderOutcome order={order} /> : null}
        {once && <Text>{g.onceHint}</Text>}
      </div>
    </Section>
  );
}
