// Users > Contacts: people outside the organization, as the directory knows them.
import type { OrgContact } from '@microsoft/microsoft-graph-types';
import { ContactPane } from '../components/ContactPane';
import { DirectoryGrid } from '../components/DirectoryGrid';
import { GridCommands } from '../components/GridCommands';
import { PageHeader } from '../components/PageHeader';
import { Time } from '../components/Time';
import type { Column } from '../lib/useColumns';
import { useUrlState } from '../lib/useUrlState';
import { contactWords } from '../messages/directory';

const words = contactWords.columns;
const text = (name: keyof OrgContact & keyof typeof words, weight: number, optional = false): Column<OrgContact> => ({
  name,
  label: words[name],
  weight,
  sortable: true,
  optional,
  show: (contact) => (contact[name]) ?? '–',
});
const columns: Column<OrgContact>[] = [
  { name: 'displayName', label: words.displayName, weight: 24, sortable: true, show: nameOf },
  text('mail', 26),
  text('companyName', 20),
  text('jobTitle', 16),
  text('department', 14, true),
  text('givenName', 14, true),
  text('surname', 14, true),
  {
    name: 'onPremisesLastSyncDateTime',
    label: words.lastSync,
    weight: 14,
    sortable: true,
    show: (contact) => (contact.onPremisesLastSyncDateTime ? <Time instant={contact.onPremisesLastSyncDateTime} /> : '–'),
  },
];

function nameOf(contact: OrgContact): string {
  return contact.displayName ?? contact.mail ?? contact.id ?? '';
}

export function ContactsPage() {
  const [params, change] = useUrlState();
  return (
    <>
      <PageHeader title={contactWords.title} intro={contactWords.intro} />
      <GridCommands list="contacts" columns={columns} views={contactWords.views} search={contactWords.search} searchHint={contactWords.searchHint} />
      <DirectoryGrid<OrgContact>
        list="contacts"
        path="/v1.0/contacts"
        param="contact"
        columns={columns}
        select={['mail']}
        words={contactWords}
        nameOf={nameOf}
      />
      <ContactPane id={params.get('contact') ?? undefined} onClose={() => change({ contact: undefined })} />
    </>
  );
}
