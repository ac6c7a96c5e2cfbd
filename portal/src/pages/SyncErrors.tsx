// The errors of all objects on a page of their own.
import { ErrorList } from '../components/ErrorList';
import { PageHeader } from '../components/PageHeader';
import { t } from '../messages';

export function SyncErrorsPage() {
  return (
    <>
      <PageHeader title={t.errors.title} intro={t.errors.intro} />
      <ErrorList title={t.errors.listTitle} />
    </>
  );
}
