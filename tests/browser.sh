#!/usr/bin/env bash
# The portal in headless Chromium against the real product: starts the quickstart in the background, runs the
# portal's browser tests on it, stops it whatever happens; then the set-up guide. Screenshots and results go to the folder given
# (default: .quickstart-e2e).
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.quickstart-e2e}
mkdir -p "$out"
out=$(realpath "$out")
json="$out/quickstart.json"

stop() {
  local result=$?
  trap - EXIT INT TERM
  ./quickstart --stop >/dev/null || echo "browser.sh: the quickstart did not stop; see .quickstart/" >&2
  rm -f "$json" # it holds an administrator's token
  if [ "$result" = 0 ]; then echo "browser tests: passed"; else echo "browser tests: FAILED ($result)"; fi
  exit "$result"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

(umask 077 && ./quickstart --detach --people 200 --fresh >"$json")
(cd portal && npm run --silent e2e -- --json "$json" --screenshots "$out/screenshots")
# The set-up guide, from an empty installation: a server, a directory and a sync client of its own.
(cd portal && node e2e/guide.mjs --program ../target/release/lockstep --screenshots "$out/screenshots")
