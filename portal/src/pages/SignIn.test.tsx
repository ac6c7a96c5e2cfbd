import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { t } from '../messages';
import { admin, renderAt, stubServer } from '../test/render';
import { safeNext, SignInPage } from './SignIn';

const refused = (status: number, headers: Record<string, string> = {}) =>
  new Response('{"error":{"code":"x","message":"no"}}', { status, headers });

it.each([
  ['/users?view=errors', '/users?view=errors'],
  ['https://evil.example', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  [null, '/'],
])('goes from %s to %s and nowhere else', (next, expected) => {
  expect(safeNext(next)).toBe(expected);
});

it('signs in by password and goes where the person wanted', async () => {
  let signedIn = false;
  const asked = stubServer({
    '/api/v1/session': ({ method }) => {
      if (method === 'POST') {
        signedIn = true;
        return new Response(null, { status: 204 });
      }
      return signedIn ? admin : refused(401);
    },
  });
  const router = renderAt('/signin?next=%2Fdirsync', <SignInPage />);
  await userEvent.click(await screen.findByRole('button', { name: t.signIn.submit }));
  expect(screen.getByRole('alert')).toHaveProperty('textContent', t.signIn.missing);
  await userEvent.type(screen.getByLabelText(t.signIn.user, { exact: false }), 'admin');
  await userEvent.type(screen.getByLabelText(t.signIn.password, { exact: false }), 'right{Enter}');
  await waitFor(() => expect(router.state.location.pathname).toBe('/dirsync'));
  expect(asked).toContain('POST /api/v1/session {"user":"admin","password":"right"}');
});

it('says which organization it is', async () => {
  stubServer({ '/api/v1/session': () => refused(401), '/api/v1/session/place': () => ({ organization: 'Fabrikam' }) });
  renderAt('/signin', <SignInPage />);
  expect(await screen.findByText('Fabrikam')).toBeTruthy();
});

it.each([
  [refused(401), t.signIn.wrong],
  [refused(429, { 'Retry-After': '41' }), t.signIn.tooMany(41)],
])('says what to do when it is refused', async (response, words) => {
  stubServer({ '/api/v1/session': ({ method }) => (method === 'POST' ? response : refused(401)) });
  renderAt('/signin', <SignInPage />);
  await userEvent.type(await screen.findByLabelText(t.signIn.user, { exact: false }), 'admin');
  await userEvent.type(screen.getByLabelText(t.signIn.password, { exact: false }), 'x{Enter}');
  expect(await screen.findByText(words)).toBeTruthy();
});

it('uses a one-time link once, and takes it out of the address', async () => {
  window.history.replaceState(null, '', '/signin#secret-token');
  const asked = stubServer({
    '/api/v1/session': () => refused(401),
    '/api/v1/session/link': () => refused(401),
  });
  renderAt('/signin', <SignInPage />);
  expect(window.location.hash).toBe('');
  expect(await screen.findByText(t.signIn.linkUsed)).toBeTruthy();
  expect(asked.filter((each) => each.includes('/link'))).toEqual(['POST /api/v1/session/link {"token":"secret-token"}']);
});
