// An address that names no page.
import { LinkButton } from '../components/AppLink';
import { Notice } from '../components/Failure';
import { PageHeader } from '../components/PageHeader';
import { t } from '../messages';

export function NotFoundPage() {
  return (
    <>
      <PageHeader title={t.failure.notFoundTitle} />
      <Notice title={t.failure.notFoundTitle} text={t.failure.notFound}>
        <LinkButton to="/" appearance="primary">
          {t.failure.goHome}
        </LinkButton>
      </Notice>
    </>
  );
}
