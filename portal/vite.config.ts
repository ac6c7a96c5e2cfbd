// How the portal is built: one HTML page, hashed files under /assets, nothing inline, so that it runs under
// a Content-Security-Policy of `default-src 'self'`. Each text file gets a .gz beside it, which the server
// sends as it is.
import react from '@vitejs/plugin-react';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vitest/config';

// `npm run dev` passes the API's paths on to a running server (`lockstep up`, `./quickstart`).
const server = process.env['LOCKSTEP_URL'] ?? 'http://127.0.0.1:8080';

const LEAST_BYTES = 1_024;

function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      for (const [name, file] of Object.entries(bundle)) {
        const text = file.type === 'chunk' ? file.code : file.source;
        if (text.length < LEAST_BYTES || !/\.(js|css|svg)$/.test(name)) continue;
        this.emitFile({ type: 'asset', fileName: `${name}.gz`, source: gzipSync(text, { level: 9 }) });
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
