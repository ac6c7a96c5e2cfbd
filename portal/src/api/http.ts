// One way to the server: same origin, this tenant's prefix, the session cookie, errors in Graph's form turned into ApiError.
import { at } from '../lib/base';

/** An answer of the server that is not a success, or (status 0) no answer at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** HTTP status; 0 where the server could not be reached. */
    readonly status: number,
    /** Graph's error code: `Request_ResourceNotFound`. */
    readonly code: string,
    message: string,
    /** The request's id, to find it in the server's log. */
    readonly requestId: string | null,
    /** Seconds to wait before the next try, where the server says so. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
  }
}

interface Options {
  method?: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH';
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/**
 * Asks the server and gives the parsed JSON, or undefined for 204.
 * @throws {ApiError} on any other answer.
 */
export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const { method = 'GET', body, headers = {}, signal } = options;
  const init: RequestInit = {
    method,
    headers: {
      Accept: 'application/json',
      ...(method === 'GET' ? {} : { 'X-Lockstep-Request': '1' }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    credentials: 'same-origin',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  };

  let response: Response;
  try {
    response = await fetch(at(path), init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'Unreachable', cause instanceof Error ? cause.message : '', null);
  }
  if (!response.ok) throw await toApiError(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function toApiError(response: Response): Promise<ApiError> {
  let code = String(response.status);
  let message = response.statusText;
  try {
    const parsed = (await response.json()) as { error?: { code?: string; message?: string } };
    code = parsed.error?.code ?? code;
    message = parsed.error?.message ?? message;
  } catch {
    // Not JSON (a proxy's page): the status must do.
  }
  const retry = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  return new ApiError(
    response.status,
    code,
    message,
    response.headers.get('request-id'),
    Number.isFinite(retry) ? retry : null,
  );
}
