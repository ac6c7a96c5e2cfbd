// What is shown in place of something that could not be loaded, with the next step.
import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { ApiError } from '../api/http';
import { ErrorCircleRegular } from '../icons';
import { t } from '../messages';

const useStyles = makeStyles({
  root: {
    display: 'grid',
    justifyItems: 'center',
    gap: '8px',
    padding: '40px 16px',
    textAlign: 'center',
    color: tokens.colorNeutralForeground1,
  },
  page: { minHeight: '60vh', alignContent: 'center' },
  icon: { fontSize: '32px', color: tokens.colorNeutralForeground3, height: '32px' },
  text: { color: tokens.colorNeutralForeground2, maxWidth: '60ch' },
  actions: { marginTop: '8px', display: 'flex', gap: '8px' },
});

interface NoticeProps {
  title: string;
  text?: ReactNode;
  detail?: string | undefined;
  icon?: ReactNode;
  children?: ReactNode;
  page?: boolean;
  alert?: boolean;
}

/** A quiet notice in the middle: nothing here, nothing found, something failed. */
export function Notice({ title, text, detail, icon, children, page = false, alert = false }: NoticeProps) {
  const styles = useStyles();
  return (
    <div className={`${styles.root} ${page ? styles.page : ''}`} role={alert ? 'alert' : undefined}>
      {icon !== undefined && (
        <span className={styles.icon} aria-hidden>
          {icon}
        </span>
      )}
      <Text weight="semibold" size={400}>
        {title}
      </Text>
      {text !== undefined && <Text className={styles.text}>{text}</Text>}
      {detail !== undefined && (
        <Text size={200} className={styles.text}>
          {detail}
        </Text>
      )}
      {children !== undefined && <div className={styles.actions}>{children}</div>}
    </div>
  );
}

/** The words for an error: what happened and what to do. */
export function explain(error: Error): { title: string; text: string; detail?: string } {
  if (!(error instanceof ApiError)) return { title: t.failure.title, text: error.message };
  const detail = error.requestId ? { detail: t.failure.request(error.requestId) } : {};
  if (error.status === 0 || error.status === 502 || error.status === 504) {
    return { title: t.failure.title, text: t.failure.unreachable };
  }
  if (error.status === 403) return { title: t.failure.forbiddenTitle, text: t.failure.forbidden, ...detail };
  return { title: t.failure.title, text: error.message, ...detail };
}

export function Failure({ error, onRetry, page = false }: { error: Error; onRetry?: () => void; page?: boolean }) {
  const words = explain(error);
  return (
    <Notice title={words.title} text={words.text} detail={words.detail} icon={<ErrorCircleRegular />} page={page} alert>
      {onRetry && <Button onClick={onRetry}>{t.retry}</Button>}
    </Notice>
  );
}
