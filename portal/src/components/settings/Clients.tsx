// Sync clients and programs with their tokens: made with the secret shown once, enrolled with one line, revoked.
import { Badge, Button, Field, Input, Select, TableCell, TableRow, Text } from '@fluentui/react-components';
import { useState } from 'react';
import { useAddToken, useEnrolment, useRevoke, useTokens, type Role, type Token } from '../../api/settings';
import { AddRegular } from '../../icons';
import { base } from '../../lib/base';
import { words } from '../../messages/settings';
import { Failure } from '../Failure';
import { enrolCommand } from '../guide/ClientStep';
import { PageSkeleton } from '../PageSkeleton';
import { Section } from '../Section';
import { Time } from '../Time';
import { FormDialog, Rows, SecretDialog } from './parts';

const DAYS = [30, 90, 365] as const;

type Asked = { what: 'enrol' | 'token' } | { what: 'revoke'; token: Token } | { what: 'secret'; title: string; text: string; secret: string };

export function Clients() {
  const tokens = useTokens(true);
  const revoke = useRevoke();
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  if (tokens.error && !tokens.data) return <Failure error={tokens.error} onRetry={() => void tokens.refetch()} />;
  if (!tokens.data) return <PageSkeleton />;
  const onRevoke = (token: Token) => {
    revoke.reset();
    setAsked({ what: 'revoke', token });
  };
  return (
    <>
      <Section
        title={words.clientsTitle}
        actions={
          <Button icon={<AddRegular />} onClick={() => setAsked({ what: 'enrol' })}>
            {words.enrol}
          </Button>
        }
      >
        <Text block style={{ marginBottom: '12px' }}>
          {words.clientsHint}
        </Text>
        <List label={words.clientsTitle} tokens={tokens.data.filter((token) => token.role === 'syncClient')} onRevoke={onRevoke} />
      </Section>
      <Section
        title={words.apiTitle}
        actions={
          <Button icon={<AddRegular />} onClick={() => setAsked({ what: 'token' })}>
            {words.addToken}
          </Button>
        }
      >
        <Text block style={{ marginBottom: '12px' }}>
          {words.apiHint}
        </Text>
        <List label={words.apiTitle} tokens={tokens.data.filter((token) => token.role !== 'syncClient')} onRevoke={onRevoke} />
      </Section>
      {asked?.what === 'enrol' && (
        <Enrol
          onClose={close}
          onCode={(name, code) => setAsked({ what: 'secret', title: words.runThis, text: `${name}. ${words.enrolText}`, secret: enrolCommand(window.location.origin + base, code) })}
        />
      )}
      {asked?.what === 'token' && (
        <Make onClose={close} onMade={(made) => setAsked({ what: 'secret', title: made.name, text: words.tokenShown, secret: made.token ?? '' })} />
      )}
      {asked?.what === 'secret' && <SecretDialog title={asked.title} text={asked.text} secret={asked.secret} onClose={close} />}
      {asked?.what === 'revoke' && (
        <FormDialog
          title={words.revokeTitle(asked.token.name)}
          submit={words.revokeNow}
          disabled={revoke.isPending}
          error={revoke.error}
          onClose={close}
          onSubmit={() => revoke.mutate(asked.token.name, { onSuccess: close })}
        >
          <Text>{asked.token.role === 'syncClient' ? words.revokeClient : words.revokeText}</Text>
        </FormDialog>
      )}
    </>
  );
}

function List({ label, tokens, onRevoke }: { label: string; tokens: readonly Token[]; onRevoke: (token: Token) => void }) {
  if (tokens.length === 0) return <Text>{words.none}</Text>;
  return (
    <Rows label={label} columns={[words.name, words.role, words.created, words.lastUsed, words.expires, words.commands]} widths={['26%', '16%', '15%', '15%', '15%', '13%']}>
      {tokens.map((token) => (
        <TableRow key={token.name} data-token={token.name}>
          <TableCell style={{ overflowWrap: 'anywhere' }}>
            {token.name}
            {token.you && ` (${words.you})`}
          </TableCell>
          <TableCell>{words.roles[token.role]}</TableCell>
          <TableCell>
            <Time instant={token.createdAt} />
          </TableCell>
          <TableCell>
            {token.connected ? <Badge appearance="tint" color="success">{words.connected}</Badge> : token.lastUsedAt === null ? words.notSeen : <Time instant={token.lastUsedAt} />}
          </TableCell>
          <TableCell>{token.expiresAt === null ? words.forever : <Time instant={token.expiresAt} />}</TableCell>
          <TableCell>
            <Button size="small" onClick={() => onRevoke(token)} aria-label={`${words.revoke} ${token.name}`}>
              {words.revoke}
            </Button>
          </TableCell>
        </TableRow>
      ))}
    </Rows>
  );
}

function Enrol({ onClose, onCode }: { onClose: () => void; onCode: (name: string, code: string) => void }) {
  const enrol = useEnrolment();
  const [name, setName] = useState('Sync_2');
  return (
    <FormDialog
      title={words.enrolTitle}
      submit={words.makeCode}
      disabled={name.trim() === '' || enrol.isPending}
      error={enrol.error}
      onClose={onClose}
      onSubmit={() => enrol.mutate(name.trim(), { onSuccess: (made) => onCode(made.name, made.code) })}
    >
      <Text>{words.enrolText}</Text>
      <Field label={words.clientName} required>
        <Input value={name} onChange={(_, data) => setName(data.value)} maxLength={100} />
      </Field>
    </FormDialog>
  );
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: (token: Token) => void }) {
  const add = useAddToken();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('reader');
  const [days, setDays] = useState('90');
  return (
    <FormDialog
      title={words.tokenTitle}
      submit={words.make}
      disabled={name.trim() === '' || add.isPending}
      error={add.error}
      onClose={onClose}
      onSubmit={() => add.mutate({ name: name.trim(), role, ...(days === '' ? {} : { days: Number(days) }) }, { onSuccess: onMade })}
    >
      <Field label={words.tokenName} hint={words.tokenNameHint} required>
        <Input value={name} onChange={(_, data) => setName(data.value)} maxLength={100} autoComplete="off" />
      </Field>
      <Field label={words.role}>
        <Select value={role} onChange={(_, data) => setRole(data.value as Role)}>
          {(['reader', 'admin', 'scim'] as const).map((one) => (
            <option key={one} value={one}>{`${words.roles[one]}: ${words.roleMeanings[one]}`}</option>
          ))}
        </Select>
      </Field>
      <Field label={words.validity}>
        <Select value={days} onChange={(_, data) => setDays(data.value)}>
          {DAYS.map((n) => (
            <option key={n} value={n}>
              {words.days(n)}
            </option>
          ))}
          <option value="">{words.forever}</option>
        </Select>
      </Field>
    </FormDialog>
  );
}
