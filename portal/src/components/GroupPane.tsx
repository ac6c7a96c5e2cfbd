// A group: what it is, where it comes from, its errors, its members.
import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { DirectoryObject, Group, User } from '@microsoft/microsoft-graph-types';
import { useErrors, useGraphLinks, useGraphObject } from '../api/queries';
import { kindOf } from '../lib/odata';
import { t } from '../messages';
import { AppLink } from './AppLink';
import { Explain } from './Explain';
import { Facts } from './Facts';
import { Failure, Notice } from './Failure';
import { History } from './History';
import { ObjectErrors } from './ObjectErrors';
import { textFacts } from './objectParts';
import { PageSkeleton } from './PageSkeleton';
import { Pane } from './Pane';
import { Part } from './Part';
import { SyncState } from './SyncState';
import { Time } from './Time';

const useStyles = makeStyles({
  stack: { display: 'grid', gap: '24px', gridTemplateColumns: 'minmax(0, 1fr)' },
  quiet: { color: tokens.colorNeutralForeground2 },
  name: { overflowWrap: 'anywhere' },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '6px' },
});

const select = [
  'id',
  'displayName',
  'description',
  'mail',
  'proxyAddresses',
  'securityEnabled',
  'mailEnabled',
  'onPremisesSyncEnabled',
  'onPremisesLastSyncDateTime',
  'onPremisesSamAccountName',
  'createdDateTime',
];

const MEMBERS_SHOWN = 50;
type Member = (User | Group) & DirectoryObject & { '@odata.type'?: string };

export function GroupPane({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  return (
    <Pane open={id !== undefined} onClose={onClose} title={t.groups.details}>
      {id !== undefined && <Details key={id} id={id} />}
    </Pane>
  );
}

function Details({ id }: { id: string }) {
  // Errors and members stand above the rest: wait for them, so that nothing jumps.
  const errors = useErrors({ object: id });
  const members = useGraphLinks<Member>('group', id, 'members', MEMBERS_SHOWN);
  const group = useGraphObject<Group>('group', id, select);
  if (group.isError && group.data === undefined) return <Failure error={group.error} onRetry={() => void group.refetch()} />;
  if (group.data === undefined || errors.isPending) return <PageSkeleton />;
  if (group.data !== null && members.isPending) return <PageSkeleton />;
  if (group.data === null) return <Notice title={t.groups.gone} text={t.users.goneHint} />;
  return <Shown id={id} group={group.data} />;
}

function Shown({ id, group }: { id: string; group: Group }) {
  const styles = useStyles();
  const words = t.users.properties;
  const flag = (value: boolean | null | undefined) => (value === true ? t.yes : t.no);
  return (
    <div className={styles.stack}>
      <Text weight="semibold" size={500} className={styles.name}>
        {group.displayName}
      </Text>
      <Part title={t.users.sections.errors}>
        <ObjectErrors id={id} />
      </Part>
      <Part title={t.users.sections.profile}>
        <Facts
          columns="two"
          facts={[
            ...textFacts(group, ['description', 'mail', 'proxyAddresses']),
            { term: words.securityEnabled ?? '', value: flag(group.securityEnabled) },
            { term: words.mailEnabled ?? '', value: flag(group.mailEnabled) },
          ]}
        />
      </Part>
      <Part title={t.users.sections.sync}>
        <Facts
          columns="two"
          facts={[
            { term: t.users.columns.sync, value: <SyncState synced={group.onPremisesSyncEnabled} /> },
            ...(group.onPremisesLastSyncDateTime
              ? [{ term: words.onPremisesLastSyncDateTime ?? '', value: <Time instant={group.onPremisesLastSyncDateTime} exact /> }]
              : []),
            ...textFacts(group, ['onPremisesSamAccountName', 'id']),
          ]}
        />
        {group.onPremisesSyncEnabled === true && group.onPremisesSamAccountName && <Explain object={group.onPremisesSamAccountName} />}
      </Part>
      <Members id={id} />
      <Part title={t.history.title}>
        <History filter={{ object: id }} of="object" />
      </Part>
    </div>
  );
}

function Members({ id }: { id: string }) {
  const styles = useStyles();
  const members = useGraphLinks<Member>('group', id, 'members', MEMBERS_SHOWN);
  const more = (members.data?.count ?? 0) - (members.data?.items.length ?? 0);
  return (
    <Part title={t.groups.members(members.data?.count)}>
      {members.isError && !members.data ? (
        <Failure error={members.error} onRetry={() => void members.refetch()} />
      ) : !members.data ? (
        <PageSkeleton />
      ) : members.data.items.length === 0 ? (
        <Text className={styles.quiet}>{t.groups.noMembers}</Text>
      ) : (
        <ul className={styles.list}>
          {members.data.items.map((member) => {
            const kind = kindOf(member);
            return (
              <li key={member.id}>
                <AppLink to={`/${kind}s?${kind}=${member.id ?? ''}`}>{member.displayName ?? member.id}</AppLink>
              </li>
            );
          })}
          {more > 0 && <li className={styles.quiet}>{t.groups.membersMore(more)}</li>}
        </ul>
      )}
    </Part>
  );
}
