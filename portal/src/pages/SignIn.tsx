// Signing in: by name and password, or by a one-time link (/signin#token), whose token leaves the address
// before anything else happens.
import { Button, Field, Input, makeStyles, MessageBar, MessageBarBody, Spinner, Text, tokens } from '@fluentui/react-components';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type SyntheticEvent } from 'react';
import { Navigate, useNavigate, useSearchParams } from 'react-router';
import { ApiError, request } from '../api/http';
import { useSession } from '../api/queries';
import { sessionKey } from '../api/queryClient';
import { explain } from '../components/Failure';
import { LanguageMenu, ThemeMenu } from '../components/Header';
import { Logo } from '../components/Logo';
import { t } from '../messages';

const useStyles = makeStyles({
  root: { minHeight: '100vh', display: 'grid', placeItems: 'center', padding: '24px', boxSizing: 'border-box' },
  theme: { position: 'absolute', top: '8px', right: '12px' },
  card: {
    width: '100%',
    maxWidth: '400px',
    boxSizing: 'border-box',
    padding: '32px',
    display: 'grid',
    gap: '20px',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    boxShadow: tokens.shadow8,
  },
  brand: { display: 'flex', alignItems: 'center', gap: '10px' },
  heading: { margin: 0, fontSize: tokens.fontSizeBase600, lineHeight: tokens.lineHeightBase600, fontWeight: tokens.fontWeightSemibold },
  form: { display: 'grid', gap: '16px' },
  hint: { color: tokens.colorNeutralForeground2 },
  place: { overflowWrap: 'anywhere', color: tokens.colorNeutralForeground2 },
  wait: { minHeight: '120px', display: 'grid', placeItems: 'center' },
});

/** Where to go after signing in: only a path of this portal. */
export function safeNext(next: string | null): string {
  return next?.startsWith('/') === true && !next.startsWith('//') && !next.startsWith('/\\') ? next : '/';
}

/** Takes the one-time token out of the address, once. */
function takeToken(): string | null {
  const token = window.location.hash.slice(1);
  if (token === '') return null;
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  return token;
}

function explainSignIn(error: Error, byLink: boolean): string {
  if (error instanceof ApiError) {
    if (error.status === 401) return byLink ? t.signIn.linkUsed : t.signIn.wrong;
    if (error.status === 429) return t.signIn.tooMany(error.retryAfterSeconds);
  }
  return explain(error).text;
}

export function SignInPage() {
  const styles = useStyles();
  const [token] = useState(takeToken);
  const [params] = useSearchParams();
  const session = useSession();
  // Whose portal it is; that it cannot be told keeps nobody from signing in.
  const place = useQuery({
    queryKey: ['place'],
    queryFn: ({ signal }) => request<{ organization: string }>('/api/v1/session/place', { signal }),
    retry: false,
    staleTime: Infinity,
  });
  const next = safeNext(params.get('next'));
  const navigate = useNavigate();
  const client = useQueryClient();

  const signIn = useMutation({
    mutationFn: (body: { token: string } | { user: string; password: string }) =>
      request<undefined>('token' in body ? '/api/v1/session/link' : '/api/v1/session', { method: 'POST', body }),
    onSuccess: async () => {
      await client.resetQueries({ queryKey: sessionKey });
      void navigate(next, { replace: true });
    },
  });

  // A link is good for one use: StrictMode's second effect must not use it up.
  const sent = useRef(false);
  const { mutate } = signIn;
  useEffect(() => {
    document.title = t.title(t.signIn.title);
    if (token === null || sent.current) return;
    sent.current = true;
    mutate({ token });
  }, [token, mutate]);

  if (session.data && token === null && signIn.isIdle) return <Navigate to={next} replace />;
  // The link is at work, or is about to be: the form comes when it failed.
  const byLink = signIn.variables === undefined ? token !== null : 'token' in signIn.variables;
  const linkPending = byLink && !signIn.isError;

  return (
    <main className={styles.root}>
      <div className={styles.theme}>
        <LanguageMenu />
        <ThemeMenu />
      </div>
      <div className={styles.card}>
        <div className={styles.brand}>
          <Logo size={32} />
          <Text weight="semibold" size={500}>
            {t.product}
          </Text>
        </div>
        <div>
          <h1 className={styles.heading}>{t.signIn.title}</h1>
          <Text block className={styles.place}>
            {place.data?.organization ?? '\u00a0'}
          </Text>
        </div>
        {linkPending ? (
          <div className={styles.wait}>
            <Spinner label={t.signIn.withLink} />
          </div>
        ) : (
          <SignInForm
            pending={signIn.isPending || signIn.isSuccess}
            failure={signIn.error ? explainSignIn(signIn.error, byLink) : undefined}
            onSubmit={mutate}
          />
        )}
      </div>
    </main>
  );
}

interface FormProps {
  pending: boolean;
  failure: string | undefined;
  onSubmit: (credentials: { user: string; password: string }) => void;
}

function SignInForm({ pending, failure, onSubmit }: FormProps) {
  const styles = useStyles();
  const [missing, setMissing] = useState(false);

  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string) => {
      const value = data.get(name);
      return typeof value === 'string' ? value : '';
    };
    const user = text('user').trim();
    const password = text('password');
    setMissing(user === '' || password === '');
    if (user !== '' && password !== '' && !pending) onSubmit({ user, password });
  };
  const message = missing ? t.signIn.missing : failure;

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {message !== undefined && (
        <MessageBar intent="error" layout="multiline" role="alert">
          <MessageBarBody>{message}</MessageBarBody>
        </MessageBar>
      )}
      <Field label={t.signIn.user} required>
        <Input name="user" autoComplete="username" autoCapitalize="none" spellCheck={false} />
      </Field>
      <Field label={t.signIn.password} required>
        <Input name="password" type="password" autoComplete="current-password" />
      </Field>
      <Button type="submit" appearance="primary" disabledFocusable={pending}>
        {pending ? t.signIn.working : t.signIn.submit}
      </Button>
      <Text size={200} className={styles.hint}>
        {t.signIn.hint}
      </Text>
    </form>
  );
}
