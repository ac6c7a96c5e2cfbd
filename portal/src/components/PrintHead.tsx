// On paper only: whose report this is, and of when.
import { useStatus } from '../api/queries';
import { absoluteTime } from '../lib/time';
import { t } from '../messages';

export function PrintHead() {
  const status = useStatus().data;
  if (!status) return null;
  return (
    <p data-print hidden>
      {t.shell.report(status.tenant.displayName, absoluteTime(status.now, t.dateLocale))}
    </p>
  );
}
