// The last net: a page that failed while it was drawn, or whose script could not be loaded.
import { Button } from '@fluentui/react-components';
import { useRouteError } from 'react-router';
import { ErrorCircleRegular } from '../icons';
import { t } from '../messages';
import { Notice } from './Failure';

export function CrashPage() {
  const error = useRouteError();
  return (
    <Notice
      title={t.failure.crashTitle}
      text={t.failure.crash}
      detail={error instanceof Error ? error.message : undefined}
      icon={<ErrorCircleRegular />}
      page
      alert
    >
      <Button appearance="primary" onClick={() => window.location.reload()}>
        {t.reload}
      </Button>
    </Notice>
  );
}
