// Set-up: what Lockstep does and how to start; turns by itself when the first sync is seen.
import { Button, Link, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components';
import { useStatus } from '../api/queries';
import { AppLink, LinkButton } from '../components/AppLink';
import { Banner } from '../components/Banner';
import { Copy } from '../components/Copy';
import { Failure } from '../components/Failure';
import { PageHeader } from '../components/PageHeader';
import { Section } from '../components/Section';
import { ArrowDownloadRegular } from '../icons';
import { t } from '../messages';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '16px', maxWidth: '1120px', gridTemplateColumns: 'minmax(0, 1fr)' },
  state: { minHeight: '44px', display: 'flex', alignItems: 'center' },
  seen: { width: '100%' },
  ways: { display: 'grid', gap: '16px', gridTemplateColumns: 'repeat(auto-fit, minmax(min(300px, 100%), 1fr))' },
  way: { display: 'flex', flexDirection: 'column' },
  text: { display: 'block', flexGrow: 1 },
  command: {
    margin: '12px 0',
    padding: '10px 12px',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
  downloads: { display: 'flex', gap: '16px', alignItems: 'center', flexWrap: 'wrap' },
});

export function SetupPage() {
  const styles = useStyles();
  const status = useStatus();
  const data = status.data;
  const download = data?.sync.downloadUrl ?? '/downloads/lockstep';
  return (
    <>
      <PageHeader title={t.setup.title} intro={t.setup.intro} />
      <div className={styles.stack}>
        <div className={styles.state}>
          {status.isError && !data ? (
            <Failure error={status.error} onRetry={() => void status.refetch()} />
          ) : data && data.sync.enabled !== null ? (
            <Banner intent="success" className={styles.seen} action={<AppLink to="/dirsync">{t.home.manage}</AppLink>}>
              {t.setup.seen(data.objects.users + data.objects.groups)}
            </Banner>
          ) : (
            <Spinner size="tiny" label={data ? t.setup.waiting : t.loading} />
          )}
        </div>
        <Section title={t.setup.guideTitle}>
          <div className={styles.downloads}>
            <Text className={styles.text}>{t.setup.guideText}</Text>
            <LinkButton to="/setup/guide" appearance="primary">
              {t.setup.guide}
            </LinkButton>
          </div>
        </Section>
        <div className={styles.ways}>
          {t.setup.steps.map((step, index) => (
            <Section key={step.title} title={`${index + 1}. ${step.title}`} className={styles.way}>
              <Text className={styles.text}>{step.text}</Text>
              <pre className={styles.command}>{step.command}</pre>
              <div>
                <Copy text={step.command} />
              </div>
            </Section>
          ))}
        </div>
        <Section title={t.setup.download}>
          <div className={styles.downloads}>
            <Button as="a" href={download} download appearance="primary" icon={<ArrowDownloadRegular />}>
              {t.setup.download}
            </Button>
            <Link href={`${download}.sha256`} download>
              {t.setup.checksum}
            </Link>
            <Text>{data && t.setup.version(data.sync.latestVersion)}</Text>
          </div>
        </Section>
      </div>
    </>
  );
}
