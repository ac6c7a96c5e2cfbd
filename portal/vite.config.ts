// How the portal is built: one HTML page, hashed files under /assets, nothing inline, so that it runs under
// a Content-Security-Policy of `default-src 'self'`. Each text file gets a .gz beside it, which the server
// sends as it is.
import react from '@vitejs/plugin-react';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vitest/config';

// `npm run dev` passes the API's paths on to a running server (`lockstep up`, `./quickstart`).
const server = process.env['LOCKSTEP_URL'] ?? 'http://127.0.0.1:8080';

const LEAST_BYTES = 1_024;

function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    // From the files as they were written: Vite still changes chunks after `generateBundle`.
    async writeBundle(options, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const path = join(options.dir ?? 'dist', name);
        const content = await readFile(path);
        if (content.length >= LEAST_BYTES) await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    sourcemap: false,
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: Object.fromEntries(['/api', '/v1.0', '/beta', '/downloads', '/docs'].map((path) => [path, server])),
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    testTimeout: 60_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
