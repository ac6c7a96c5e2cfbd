// How the portal is built: one HTML page, hashed files under /assets, nothing inline, so that it runs under
// a Content-Security-Policy of `default-src 'self'`.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// `npm run dev` passes the API's paths on to a running server (`lockstep up`, `./quickstart`).
const server = process.env['LOCKSTEP_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
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
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
