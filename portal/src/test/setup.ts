// What jsdom lacks and the portal needs.
import { afterEach } from 'vitest';
import { cleanup, configure } from '@testing-library/react';

// Waiting is for a condition; the limit is for a machine that is busy with other things.
configure({ asyncUtilTimeout: 15_000 });

window.matchMedia = (query) =>
  ({
    matches: false,
    media: query,
    onchange: null,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    dispatchEvent: () => true,
  }) as unknown as MediaQueryList;

class NoObserver {
  observe() {
    // Nothing is laid out in jsdom.
  }
  unobserve() {
    // As above.
  }
  disconnect() {
    // As above.
  }
}
globalThis.ResizeObserver = NoObserver;
globalThis.IntersectionObserver = NoObserver as unknown as typeof IntersectionObserver;
window.scrollTo = () => undefined;

afterEach(cleanup);

// jsdom has files, and no way to read them but this one.
if (!('arrayBuffer' in Blob.prototype)) {
  Object.assign(Blob.prototype, {
    arrayBuffer(this: Blob) {
      return new Promise<ArrayBuffer>((resolve, reject) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result as ArrayBuffer);
        reader.onerror = () => reject(new Error('the file cannot be read'));
        reader.readAsArrayBuffer(this);
      });
    },
  });
}
