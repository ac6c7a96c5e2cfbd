// People with their roles: added, changed, removed. The server keeps the last administrator.
import {
  Button,
  Field,
  Input,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  Radio,
  RadioGroup,
  Select,
  TableCell,
  TableRow,
  Text,
} from '@fluentui/react-components';
import { useState } from 'react';
import { useAddPerson, useChangePerson, usePeople, useSignInLink, type Person, type PersonRole, type SignInLink } from '../../api/settings';
import { MoreHorizontalRegular, PersonAddRegular } from '../../icons';
import { base } from '../../lib/base';
import { words } from '../../messages/settings';
import { Banner } from '../Banner';
import { explain, Failure } from '../Failure';
import { PageSkeleton } from '../PageSkeleton';
import { Section } from '../Section';
import { FormDialog, Rows, SecretDialog } from './parts';

type Asked = { what: 'add' } | { what: 'password' | 'remove'; person: Person } | { what: 'link'; link: SignInLink };

export function People() {
  const people = usePeople(true);
  const change = useChangePerson();
  const makeLink = useSignInLink();
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const error = change.error ?? makeLink.error;
  if (people.error && !people.data) return <Failure error={people.error} onRetry={() => void people.refetch()} />;
  if (!people.data) return <PageSkeleton />;
  return (
    <Section
      title={words.tabs.people}
      actions={
        <Button icon={<PersonAddRegular />} onClick={() => setAsked({ what: 'add' })}>
          {words.addPerson}
        </Button>
      }
    >
      <Text block style={{ marginBottom: '12px' }}>
        {words.peopleHint}
      </Text>
      {error && asked === undefined && (
        <Banner intent="error" long alert>
          {explain(error).text}
        </Banner>
      )}
      <Rows label={words.tabs.people} columns={[words.name, words.role, words.commands]} widths={['40%', '45%', '15%']}>
        {people.data.map((person) => (
          <TableRow key={person.name} data-person={person.name}>
            <TableCell>
              {person.name}
              {person.you && ` (${words.you})`}
            </TableCell>
            <TableCell>
              {words.roles[person.role]}: {words.roleMeanings[person.role]}
            </TableCell>
            <TableCell>
              <Menu>
                <MenuTrigger disableButtonEnhancement>
                  <Button appearance="subtle" icon={<MoreHorizontalRegular />} aria-label={words.more(person.name)} />
                </MenuTrigger>
                <MenuPopover>
                  <MenuList>
                    <MenuItem
                      onClick={() => {
                        makeLink.reset();
                        change.mutate({ what: 'role', name: person.name, role: person.role === 'admin' ? 'reader' : 'admin' });
                      }}
                    >
                      {person.role === 'admin' ? words.makeReader : words.makeAdmin}
                    </MenuItem>
                    <MenuItem
                      onClick={() => {
                        change.reset();
                        makeLink.mutate(person.name, { onSuccess: (link) => setAsked({ what: 'link', link }) });
                      }}
                    >
                      {words.newLink}
                    </MenuItem>
                    <MenuItem
                      onClick={() => {
                        change.reset();
                        setAsked({ what: 'password', person });
                      }}
                    >
                      {words.reset}
                    </MenuItem>
                    <MenuItem
                      onClick={() => {
                        change.reset();
                        setAsked({ what: 'remove', person });
                      }}
                    >
                      {words.remove}
                    </MenuItem>
                  </MenuList>
                </MenuPopover>
              </Menu>
            </TableCell>
          </TableRow>
        ))}
      </Rows>
      {asked?.what === 'add' && <Add onClose={close} onLink={(link) => setAsked({ what: 'link', link })} />}
      {asked?.what === 'link' && (
        <SecretDialog title={words.linkTitle(asked.link.name)} text={words.linkText} secret={`${window.location.origin}${base}${asked.link.path}`} onClose={close} />
      )}
      {asked?.what === 'password' && <SetPassword person={asked.person} onClose={close} />}
      {asked?.what === 'remove' && (
        <FormDialog
          title={words.removeTitle(asked.person.name)}
          submit={words.removeNow}
          disabled={change.isPending}
          error={change.error}
          onClose={close}
          onSubmit={() => change.mutate({ what: 'remove', name: asked.person.name }, { onSuccess: close })}
        >
          <Text>{words.removeText}</Text>
          {asked.person.you && <Text weight="semibold">{words.removeYou}</Text>}
        </FormDialog>
      )}
    </Section>
  );
}

function Add({ onClose, onLink }: { onClose: () => void; onLink: (link: SignInLink) => void }) {
  const add = useAddPerson();
  const [name, setName] = useState('');
  const [role, setRole] = useState<PersonRole>('reader');
  const [by, setBy] = useState('link');
  const [password, setPassword] = useState('');
  return (
    <FormDialog
      title={words.addTitle}
      submit={words.add}
      disabled={name.trim() === '' || (by === 'password' && password === '') || add.isPending}
      error={add.error}
      onClose={onClose}
      onSubmit={() =>
        add.mutate({ name: name.trim(), role, ...(by === 'password' ? { password } : {}) }, { onSuccess: ({ link }) => (link ? onLink(link) : onClose()) })
      }
    >
      <Field label={words.personName} hint={words.personNameHint} required>
        <Input value={name} onChange={(_, data) => setName(data.value)} autoComplete="off" maxLength={100} />
      </Field>
      <Field label={words.role}>
        <Select value={role} onChange={(_, data) => setRole(data.value === 'admin' ? 'admin' : 'reader')}>
          {(['reader', 'admin'] as const).map((one) => (
            <option key={one} value={one}>{`${words.roles[one]}: ${words.roleMeanings[one]}`}</option>
          ))}
        </Select>
      </Field>
      <Field label={words.howIn}>
        <RadioGroup value={by} onChange={(_, data) => setBy(data.value)}>
          <Radio value="link" label={words.byLink} />
          <Radio value="password" label={words.byPassword} />
        </RadioGroup>
      </Field>
      {by === 'password' && <PasswordField value={password} onChange={setPassword} />}
    </FormDialog>
  );
}

function SetPassword({ person, onClose }: { person: Person; onClose: () => void }) {
  const change = useChangePerson();
  const [password, setPassword] = useState('');
  return (
    <FormDialog
      title={words.resetTitle(person.name)}
      submit={words.set}
      disabled={password === '' || change.isPending}
      error={change.error}
      onClose={onClose}
      onSubmit={() => change.mutate({ what: 'password', name: person.name, password }, { onSuccess: onClose })}
    >
      <Text>{words.resetText}</Text>
      <PasswordField value={password} onChange={setPassword} />
    </FormDialog>
  );
}

function PasswordField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  return (
    <Field label={words.password} hint={words.passwordHint} required>
      <Input type="password" value={value} onChange={(_, data) => onChange(data.value)} autoComplete="new-password" maxLength={1024} />
    </Field>
  );
}
