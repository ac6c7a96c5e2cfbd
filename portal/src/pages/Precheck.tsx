// Directory synchronization > Pre-check: which values the cloud would refuse, and what to write instead.
import { PageHeader } from '../components/PageHeader';
import { PrecheckPanel } from '../components/PrecheckPanel';
import { p } from '../messages/precheck';

export function PrecheckPage() {
  return (
    <>
      <PageHeader title={p.title} intro={p.intro} />
      <PrecheckPanel />
    </>
  );
}
