// Times for people: how long ago by the server's clock, and the exact moment with its offset from UTC.

/** The server's clock minus this browser's, in milliseconds; set with each status. */
let skewMs = 0;

/** Notes the server's present moment, so that "4 seconds ago" is right on a machine with a wrong clock. */
export function noteServerNow(now: string, receivedAtMs: number = Date.now()): void {
  const server = Date.parse(now);
  if (Number.isNaN(server)) return;
  const skew = server - receivedAtMs;
  // Small differences are the way the answer took, and would make texts jump.
  skewMs = Math.abs(skew) < 1_500 ? 0 : skew;
}

/** The present moment by the server's clock, in milliseconds. */
export function serverNowMs(): number {
  return Date.now() + skewMs;
}

const steps: [limitSeconds: number, unitSeconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, 'second'],
  [3_600, 60, 'minute'],
  [86_400, 3_600, 'hour'],
  [86_400 * 30, 86_400, 'day'],
  [86_400 * 365, 86_400 * 30, 'month'],
  [Number.POSITIVE_INFINITY, 86_400 * 365, 'year'],
];

/** `4 seconds ago`, `in 12 minutes`. */
export function relativeTime(instant: string, nowMs: number, locale = 'en'): string {
  const seconds = (Date.parse(instant) - nowMs) / 1_000;
  const size = Math.abs(seconds);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: size < 1 ? 'auto' : 'always' });
  for (const [limit, unitSeconds, unit] of steps) {
    if (size < limit) return format.format(Math.trunc(seconds / unitSeconds), unit);
  }
  return format.format(0, 'second');
}

/** `UTC+01:00` for a moment in this browser's time zone. */
export function utcOffset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const two = (n: number) => String(Math.trunc(n)).padStart(2, '0');
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}

/** `22 Nov 2026, 21:00:00 (UTC+00:00)`. */
export function absoluteTime(instant: string, locale = 'en-GB'): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return instant;
  const text = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(date);
  return `${text} (${utcOffset(date)})`;
}

/** `1.2 s`, `340 ms`, `2 min 5 s`. */
export function duration(millis: number): string {
  if (millis < 1_000) return `${Math.round(millis)} ms`;
  const seconds = millis / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.trunc(whole / 60)} min ${whole % 60} s`;
  return `${Math.trunc(whole / 3_600)} h ${Math.trunc((whole % 3_600) / 60)} min`;
}

const listeners = new Set<() => void>();
let ticker: ReturnType<typeof setInterval> | undefined;

/** Calls `listener` every second, all listeners together. Gives the function that ends it. */
export function onTick(listener: () => void): () => void {
  listeners.add(listener);
  ticker ??= setInterval(() => listeners.forEach((each) => each()), 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(ticker);
      ticker = undefined;
    }
  };
}
