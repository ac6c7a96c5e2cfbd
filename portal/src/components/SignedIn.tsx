// The door: pages inside need a session; without one the sign-in page comes first and leads back here.
import { Navigate, useLocation } from 'react-router';
import { useSession } from '../api/queries';
import { Failure } from './Failure';
import { Shell } from './Shell';

export function SignedIn() {
  const session = useSession();
  const location = useLocation();

  if (session.data === null) {
    const from = `${location.pathname}${location.search}`;
    return <Navigate to={from === '/' ? '/signin' : `/signin?next=${encodeURIComponent(from)}`} replace />;
  }
  if (session.isError && !session.data) {
    return <Failure error={session.error} onRetry={() => void session.refetch()} page />;
  }
  // While the session is asked for, the frame stands already; pages wait.
  return <Shell session={session.data} />;
}
