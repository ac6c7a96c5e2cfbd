import { expect, it, vi } from 'vitest';
import { explain } from '../components/Failure';
import { t } from '../messages';
import { ApiError, request } from './http';

/** Answers every request with `response`; gives what was asked. */
function answer(response: Response): RequestInit[] {
  const asked: RequestInit[] = [];
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    asked.push(init);
    return Promise.resolve(response.clone());
  });
  return asked;
}

it('marks what changes something, and only that', async () => {
  const asked = answer(new Response(null, { status: 204 }));
  await request('/api/v1/session', { method: 'DELETE' });
  await request('/api/v1/session');
  expect(asked.map((init) => 'X-Lockstep-Request' in (init.headers ?? {}))).toEqual([true, false]);
});

it("reads Graph's errors, with the request's id and the time to wait", async () => {
  answer(
    new Response('{"error":{"code":"TooManyRequests","message":"Wait."}}', {
      status: 429,
      headers: { 'request-id': 'r-1', 'Retry-After': '41' },
    }),
  );
  const error = await request('/x').catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 429, code: 'TooManyRequests', message: 'Wait.', requestId: 'r-1', retryAfterSeconds: 41 });
});

it('says what to do when the server is away or refuses', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
  const away = (await request('/x').catch((cause: unknown) => cause)) as Error;
  expect(explain(away).text).toBe(t.failure.unreachable);
  answer(new Response('<html>', { status: 403 }));
  const refused = (await request('/x').catch((cause: unknown) => cause)) as Error;
  expect(explain(refused).title).toBe(t.failure.forbiddenTitle);
});
