// A user: profile, where it comes from, its errors, its groups.
import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import type { User } from '@microsoft/microsoft-graph-types';
import { useState } from 'react';
import { useErrors, useGraphObject, useIsAdmin, useManager } from '../api/queries';
import { EditRegular } from '../icons';
import { t } from '../messages';
import { peopleWords } from '../messages/people';
import { AppLink } from './AppLink';
import { Explain } from './Explain';
import { Facts } from './Facts';
import { Failure, Notice } from './Failure';
import { History } from './History';
import { ObjectErrors } from './ObjectErrors';
import { Memberships, ObjectHead, ObjectStack, textFacts } from './objectParts';
import { PageSkeleton } from './PageSkeleton';
import { Pane } from './Pane';
import { Part } from './Part';
import { DeleteUser } from './people/DeleteUser';
import { UserForm } from './people/UserForm';
import { Photo } from './Photo';
import { SyncState } from './SyncState';
import { Time } from './Time';

const useStyles = makeStyles({
  quiet: { display: 'block', color: tokens.colorNeutralForeground2, marginTop: '12px' },
  actions: { display: 'flex', gap: '8px', flexWrap: 'wrap' },
});

const profile = [
  'displayName',
  'userPrincipalName',
  'givenName',
  'surname',
  'mail',
  'proxyAddresses',
  'jobTitle',
  'department',
  'companyName',
  'officeLocation',
  'streetAddress',
  'postalCode',
  'city',
  'state',
  'country',
  'businessPhones',
  'mobilePhone',
  'employeeId',
  'preferredLanguage',
] as const satisfies readonly (keyof User)[];
const sync = [
  'onPremisesDistinguishedName',
  'onPremisesSamAccountName',
  'onPremisesUserPrincipalName',
  'onPremisesImmutableId',
  'id',
] as const satisfies readonly (keyof User)[];
const select = [...profile, ...sync, 'accountEnabled', 'onPremisesSyncEnabled', 'onPremisesLastSyncDateTime', 'createdDateTime'];

interface Props {
  id: string | undefined;
  onClose: () => void;
  onDeleted: (name: string) => void;
}

export function UserPane({ id, onClose, onDeleted }: Props) {
  return (
    <Pane open={id !== undefined} onClose={onClose} title={t.users.details}>
      {id !== undefined && <Details key={id} id={id} onDeleted={onDeleted} />}
    </Pane>
  );
}

function Details({ id, onDeleted }: { id: string; onDeleted: Props['onDeleted'] }) {
  const [editing, setEditing] = useState(false);
  // The errors stand above the rest: wait for both, so that nothing jumps.
  const errors = useErrors({ object: id });
  const user = useGraphObject<User>('user', id, select);
  if (user.isError && user.data === undefined) return <Failure error={user.error} onRetry={() => void user.refetch()} />;
  if (user.data === undefined || errors.isPending) return <PageSkeleton />;
  if (user.data === null) return <Notice title={t.users.gone} text={t.users.goneHint} />;
  if (editing) {
    return (
      <Part title={peopleWords.editTitle}>
        <UserForm user={user.data} onCancel={() => setEditing(false)} onDone={() => setEditing(false)} />
      </Part>
    );
  }
  return <Shown id={id} user={user.data} onEdit={() => setEditing(true)} onDeleted={onDeleted} />;
}

function Shown({ id, user, onEdit, onDeleted }: { id: string; user: User; onEdit: () => void; onDeleted: Props['onDeleted'] }) {
  const styles = useStyles();
  const manager = useManager(id);
  const admin = useIsAdmin();
  const words = t.users.properties;
  const name = user.displayName ?? user.userPrincipalName ?? id;
  return (
    <ObjectStack>
      <ObjectHead
        picture={<Photo id={id} name={name} />}
        name={name}
        note={user.accountEnabled === false ? t.users.signInBlocked : t.users.signInAllowed}
      />
      {user.onPremisesSyncEnabled !== true && admin && (
        <div className={styles.actions}>
          <Button icon={<EditRegular />} onClick={onEdit}>
            {peopleWords.edit}
          </Button>
          <DeleteUser id={id} name={name} signInName={user.userPrincipalName} onDeleted={onDeleted} />
        </div>
      )}
      <Part title={t.users.sections.errors}>
        <ObjectErrors id={id} />
      </Part>
      <Part title={t.users.sections.profile}>
        <Facts
          columns="two"
          facts={[
            ...textFacts(user, profile),
            ...(manager.data
              ? [
                  {
                    term: t.users.manager,
                    value: <AppLink to={`/users?user=${manager.data.id ?? ''}`}>{manager.data.displayName ?? manager.data.id}</AppLink>,
                  },
                ]
              : []),
          ]}
        />
      </Part>
      <Part title={t.users.sections.sync}>
        <Facts
          columns="two"
          facts={[
            { term: t.users.columns.sync, value: <SyncState synced={user.onPremisesSyncEnabled} /> },
            ...(user.onPremisesLastSyncDateTime
              ? [{ term: words.onPremisesLastSyncDateTime ?? '', value: <Time instant={user.onPremisesLastSyncDateTime} exact /> }]
              : []),
            ...textFacts(user, sync),
            ...(user.createdDateTime ? [{ term: words.createdDateTime ?? '', value: <Time instant={user.createdDateTime} exact /> }] : []),
          ]}
        />
        {user.onPremisesSyncEnabled === true && user.onPremisesImmutableId && <Explain object={user.onPremisesImmutableId} />}
        {user.onPremisesSyncEnabled === true && (
          <Text size={200} className={styles.quiet}>
            {t.users.readOnly}
          </Text>
        )}
      </Part>
      <Part title={t.users.sections.groups}>
        <Memberships kind="user" id={id} />
      </Part>
      <Part title={t.history.title}>
        <History filter={{ object: id }} of="object" />
      </Part>
    </ObjectStack>
  );
}
