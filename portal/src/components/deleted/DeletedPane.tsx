// A deleted object: what it was, until when it is kept, its history, and the two ways out.
import { Button, makeStyles, useRestoreFocusTarget } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/http';
import { orNull, useIsAdmin } from '../../api/queries';
import { kindOf } from '../../lib/odata';
import { t } from '../../messages';
import { deletedWords } from '../../messages/directory';
import { Facts } from '../Facts';
import { Failure, Notice } from '../Failure';
import { History } from '../History';
import { ObjectHead, ObjectStack, textFacts } from '../objectParts';
import { PageSkeleton } from '../PageSkeleton';
import { Pane } from '../Pane';
import { Part } from '../Part';
import { Time } from '../Time';
import { gonePast, nameOf, type Gone } from './gone';

const useStyles = makeStyles({ actions: { display: 'flex', gap: '8px', flexWrap: 'wrap' } });

/** What is shown of whatever it was; absent where its kind has no such thing. */
type Known = Gone & Record<string, unknown>;
const profile = ['userPrincipalName', 'mail', 'proxyAddresses', 'jobTitle', 'department', 'companyName', 'description', 'operatingSystem', 'deviceId'];
const select = [...profile, 'id', 'displayName', 'deletedDateTime', 'createdDateTime', 'onPremisesImmutableId', 'onPremisesDistinguishedName'];

interface Props {
  id: string | undefined;
  onClose: () => void;
  onRestore: (object: Gone) => void;
  onPurge: (object: Gone) => void;
}

export function DeletedPane(props: Props) {
  return (
    <Pane open={props.id !== undefined} onClose={props.onClose} title={deletedWords.details}>
      {props.id !== undefined && <Details {...props} key={props.id} id={props.id} />}
    </Pane>
  );
}

function Details({ id, onRestore, onPurge }: Props & { id: string }) {
  const styles = useStyles();
  const admin = useIsAdmin();
  const focusTarget = useRestoreFocusTarget();
  const object = useQuery({
    queryKey: ['deleted', 'one', id],
    queryFn: ({ signal }) => orNull(request<Known>(`/v1.0/directory/deletedItems/${id}?$select=${select.join()}`, { signal })),
  });
  if (object.isError && object.data === undefined) return <Failure error={object.error} onRetry={() => void object.refetch()} />;
  if (object.data === undefined) return <PageSkeleton />;
  if (object.data === null) return <Notice title={deletedWords.gone} text={deletedWords.goneHint} />;
  const gone = object.data;
  const words = deletedWords.columns;
  return (
    <ObjectStack>
      <ObjectHead name={nameOf(gone)} note={t.kind(kindOf(gone))} />
      <div className={styles.actions}>
        <Button {...focusTarget} appearance="primary" disabledFocusable={!admin} onClick={() => onRestore(gone)}>
          {deletedWords.restore}
        </Button>
        <Button {...focusTarget} disabledFocusable={!admin} onClick={() => onPurge(gone)}>
          {deletedWords.purge}
        </Button>
      </div>
      <Part title={t.users.sections.profile}>
        <Facts
          columns="two"
          facts={[
            { term: words.deletedAt, value: <Time instant={gone.deletedDateTime} exact /> },
            { term: words.until, value: <Time instant={gonePast(gone)} exact /> },
            { term: words.sync, value: gone.onPremisesImmutableId ? deletedWords.wasSynced : deletedWords.wasCloud },
            ...textFacts(gone, [...profile, 'onPremisesDistinguishedName', 'onPremisesImmutableId', 'id']),
          ]}
        />
      </Part>
      <Part title={t.history.title}>
        <History filter={{ object: id }} of="object" />
      </Part>
    </ObjectStack>
  );
}
