// The errors of all objects on a page of their own.
import { ErrorList } from '../components/ErrorList';
import { ErrorTiles } from '../components/ErrorTiles';
import { PageHeader } from '../components/PageHeader';
import { t } from '../messages';

export function SyncErrorsPage() {
  return (
    <>
      <PageHeader title={t.errors.title} intro={t.errors.intro} />
      <ErrorTiles />
      <ErrorList title={t.errors.listTitle} />
    </>
  );
}
