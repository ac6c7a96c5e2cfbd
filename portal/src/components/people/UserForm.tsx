// The form of a user of the cloud: to add one, or to change one.
import { Button, Field, Input, makeStyles, Select, Switch, Text, tokens } from '@fluentui/react-components';
import type { User } from '@microsoft/microsoft-graph-types';
import { useState } from 'react';
import { useWriteUser } from '../../api/people';
import { useDomains } from '../../api/queries';
import { t } from '../../messages';
import { peopleWords } from '../../messages/people';
import { Banner } from '../Banner';
import { explain } from '../Failure';

const useStyles = makeStyles({
  form: { display: 'grid', gap: '20px', gridTemplateColumns: 'minmax(0, 1fr)' },
  group: { border: 'none', margin: 0, padding: 0, minWidth: 0, display: 'grid', gap: '12px', gridTemplateColumns: 'minmax(0, 1fr)' },
  legend: { padding: 0, marginBottom: '8px', fontWeight: tokens.fontWeightSemibold, fontSize: tokens.fontSizeBase400 },
  pair: {
    display: 'grid',
    gap: '12px',
    gridTemplateColumns: 'repeat(2, minmax(0, 1fr))',
    '@media (max-width: 480px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
    '& > *': { minWidth: 0 },
  },
  // A native list is as wide as its longest name otherwise.
  narrow: { minWidth: 0, '& select': { minWidth: 0, width: '100%' } },
  actions: { display: 'flex', gap: '8px' },
  intro: { color: tokens.colorNeutralForeground2 },
});

const texts = [
  'displayName',
  'givenName',
  'surname',
  'jobTitle',
  'department',
  'companyName',
  'officeLocation',
  'mobilePhone',
  'streetAddress',
  'city',
  'state',
  'postalCode',
  'country',
] as const satisfies readonly (keyof User)[];
type TextName = (typeof texts)[number];

interface Values extends Record<TextName, string> {
  alias: string;
  domain: string;
  phone: string;
  enabled: boolean;
}

function valuesOf(user: User | undefined): Values {
  const name = user?.userPrincipalName ?? '';
  const at = name.lastIndexOf('@');
  return {
    ...(Object.fromEntries(texts.map((text) => [text, user?.[text] ?? ''])) as Record<TextName, string>),
    alias: at === -1 ? '' : name.slice(0, at),
    domain: at === -1 ? '' : name.slice(at + 1),
    phone: user?.businessPhones?.[0] ?? '',
    enabled: user?.accountEnabled !== false,
  };
}

/** What of the form differs from what was there, as Graph takes it: what was emptied is null. */
export function changesOf(before: Values, after: Values): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const name of texts) {
    const value = after[name].trim();
    if (value !== before[name]) changes[name] = value === '' ? null : value;
  }
  const phone = after.phone.trim();
  if (phone !== before.phone) changes.businessPhones = phone === '' ? [] : [phone];
  if (after.enabled !== before.enabled) changes.accountEnabled = after.enabled;
  const alias = after.alias.trim();
  if (alias !== before.alias || after.domain !== before.domain) {
    changes.userPrincipalName = `${alias}@${after.domain}`;
    changes.mailNickname = alias;
  }
  return changes;
}

interface Props {
  /** Absent: a new one. */
  user?: User;
  onDone: (name: string, id: string | undefined) => void;
  onCancel: () => void;
}

export function UserForm({ user, onDone, onCancel }: Props) {
  const styles = useStyles();
  const write = useWriteUser();
  const domains = useDomains();
  const before = valuesOf(user);
  const [values, setValues] = useState(before);
  const [tried, setTried] = useState(false);
  const words = t.users.properties;
  const verified = (domains.data ?? []).filter((domain) => domain.isVerified === true);
  const first = (verified.find((domain) => domain.isDefault === true) ?? verified[0])?.id ?? '';
  const chosen = values.domain === '' ? first : values.domain;
  const missing = { displayName: values.displayName.trim() === '', alias: values.alias.trim() === '' };

  const set = (name: keyof Values) => (value: string) => setValues((now) => ({ ...now, [name]: value }));
  const submit = () => {
    setTried(true);
    if (missing.displayName || missing.alias || chosen === '') return;
    const after = { ...values, domain: chosen };
    const changes = changesOf(before, after);
    const name = values.displayName.trim();
    if (!user) {
      write.mutate(
        { what: 'create', user: { accountEnabled: values.enabled, ...changes, passwordProfile: {} } },
        { onSuccess: (made) => onDone(name, made?.id) },
      );
    } else if (Object.keys(changes).length === 0) onDone(name, user.id);
    else write.mutate({ what: 'update', id: user.id ?? '', changes }, { onSuccess: () => onDone(name, user.id) });
  };
  const text = (name: TextName | 'phone', label: string) => (
    <Field key={name} label={label}>
      <Input value={values[name]} autoComplete="off" onChange={(_, data) => set(name)(data.value)} />
    </Field>
  );
  const need = (isMissing: boolean) => (tried && isMissing ? { validationMessage: peopleWords.required } : {});
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {!user && <Text className={styles.intro}>{peopleWords.addIntro}</Text>}
      <fieldset className={styles.group}>
        <legend className={styles.legend}>{peopleWords.basics}</legend>
        <div className={styles.pair}>
          {text('givenName', words.givenName ?? '')}
          {text('surname', words.surname ?? '')}
        </div>
        <Field label={words.displayName ?? ''} required {...need(missing.displayName)}>
          <Input
            value={values.displayName}
            autoComplete="off"
            // Made of the names until a person writes another.
            onFocus={() => {
              if (values.displayName === '') set('displayName')([values.givenName, values.surname].filter(Boolean).join(' '));
            }}
            onChange={(_, data) => set('displayName')(data.value)}
          />
        </Field>
        <div className={styles.pair}>
          <Field label={peopleWords.userName} required {...need(missing.alias)}>
            <Input value={values.alias} autoComplete="off" spellCheck={false} onChange={(_, data) => set('alias')(data.value)} />
          </Field>
          <Field label={peopleWords.domain} {...(domains.isError ? { validationMessage: peopleWords.noDomains } : {})}>
            <Select className={styles.narrow} value={chosen} onChange={(_, data) => set('domain')(data.value)}>
              {/* A name in a domain that is not verified any more can stay as it is. */}
              {chosen !== '' && !verified.some((domain) => domain.id === chosen) && <option value={chosen}>{`@${chosen}`}</option>}
              {verified.map((domain) => (
                <option key={domain.id} value={domain.id}>
                  {`@${domain.id ?? ''}`}
                </option>
              ))}
            </Select>
          </Field>
        </div>
        <Switch label={peopleWords.signIn} checked={values.enabled} onChange={(_, data) => setValues((now) => ({ ...now, enabled: data.checked }))} />
      </fieldset>
      <fieldset className={styles.group}>
        <legend className={styles.legend}>{peopleWords.work}</legend>
        <div className={styles.pair}>
          {text('jobTitle', words.jobTitle ?? '')}
          {text('department', words.department ?? '')}
          {text('companyName', words.companyName ?? '')}
          {text('officeLocation', words.officeLocation ?? '')}
        </div>
      </fieldset>
      <fieldset className={styles.group}>
        <legend className={styles.legend}>{peopleWords.contact}</legend>
        <div className={styles.pair}>
          {text('phone', words.businessPhones ?? '')}
          {text('mobilePhone', words.mobilePhone ?? '')}
        </div>
        {text('streetAddress', words.streetAddress ?? '')}
        <div className={styles.pair}>
          {text('postalCode', words.postalCode ?? '')}
          {text('city', words.city ?? '')}
          {text('state', words.state ?? '')}
          {text('country', words.country ?? '')}
        </div>
      </fieldset>
      {write.error && (
        <Banner intent="error" long alert>
          {peopleWords.refused} {explain(write.error).text}
        </Banner>
      )}
      <div className={styles.actions}>
        <Button type="submit" appearance="primary" disabledFocusable={write.isPending}>
          {user ? peopleWords.save : peopleWords.create}
        </Button>
        <Button onClick={onCancel}>{t.cancel}</Button>
      </div>
    </form>
  );
}
