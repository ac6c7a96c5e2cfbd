// A contact: what is known, where it comes from, its errors, its groups, its history.
import { Avatar } from '@fluentui/react-components';
import type { OrgContact } from '@microsoft/microsoft-graph-types';
import { useErrors, useGraphObject, useManager } from '../api/queries';
import { t } from '../messages';
import { contactWords } from '../messages/directory';
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
import { SyncState } from './SyncState';
import { Time } from './Time';

/** Graph's contact, with what is asked for beside its usual properties. */
type Contact = OrgContact & { onPremisesImmutableId?: string | null };

const profile = ['displayName', 'givenName', 'surname', 'mail', 'proxyAddresses', 'companyName', 'department', 'jobTitle'] as const;
const select = [...profile, 'id', 'phones', 'onPremisesSyncEnabled', 'onPremisesLastSyncDateTime', 'onPremisesImmutableId'];

export function ContactPane({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  return (
    <Pane open={id !== undefined} onClose={onClose} title={contactWords.details}>
      {id !== undefined && <Details key={id} id={id} />}
    </Pane>
  );
}

function Details({ id }: { id: string }) {
  // The errors stand above the rest: wait for both, so that nothing jumps.
  const errors = useErrors({ object: id });
  const contact = useGraphObject<Contact>('contact', id, select);
  if (contact.isError && contact.data === undefined) return <Failure error={contact.error} onRetry={() => void contact.refetch()} />;
  if (contact.data === undefined || errors.isPending) return <PageSkeleton />;
  if (contact.data === null) return <Notice title={contactWords.gone} text={contactWords.goneHint} />;
  return <Shown id={id} contact={contact.data} />;
}

function Shown({ id, contact }: { id: string; contact: Contact }) {
  const manager = useManager(id, 'contact');
  const name = contact.displayName ?? contact.mail ?? id;
  const words = t.users.properties;
  const phones = (contact.phones ?? []).flatMap((phone) => (phone.number ? [phone.number] : []));
  return (
    <ObjectStack>
      <ObjectHead picture={<Avatar name={name} size={48} aria-hidden />} name={name} note={contact.companyName ?? t.kind('contact')} />
      <Part title={t.users.sections.errors}>
        <ObjectErrors id={id} />
      </Part>
      <Part title={t.users.sections.profile}>
        <Facts
          columns="two"
          facts={[
            ...textFacts(contact, profile),
            ...(phones.length > 0 ? [{ term: words.businessPhones ?? '', value: phones.join(', ') }] : []),
            ...(manager.data
              ? [{ term: t.users.manager, value: <AppLink to={`/users?user=${manager.data.id ?? ''}`}>{manager.data.displayName ?? manager.data.id}</AppLink> }]
              : []),
          ]}
        />
      </Part>
      <Part title={t.users.sections.sync}>
        <Facts
          columns="two"
          facts={[
            { term: t.users.columns.sync, value: <SyncState synced={contact.onPremisesSyncEnabled} /> },
            ...(contact.onPremisesLastSyncDateTime
              ? [{ term: words.onPremisesLastSyncDateTime ?? '', value: <Time instant={contact.onPremisesLastSyncDateTime} exact /> }]
              : []),
            ...textFacts(contact, ['onPremisesImmutableId', 'id']),
          ]}
        />
        {contact.onPremisesSyncEnabled === true && contact.onPremisesImmutableId && <Explain object={contact.onPremisesImmutableId} />}
      </Part>
      <Part title={t.users.sections.groups}>
        <Memberships kind="contact" id={id} />
      </Part>
      <Part title={t.history.title}>
        <History filter={{ object: id }} of="object" />
      </Part>
    </ObjectStack>
  );
}
