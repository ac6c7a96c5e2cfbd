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
  rm -f "$json" "$json.part" # it holds an administrator's token
  if [ "$result" = 0 ]; then echo "browser tests: passed"; else echo "browser tests: FAILED ($result)"; fi
  exit "$result"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Where the server looks for DNS records: the tests start a DNS server there.
dns=127.0.0.1:$(node -e 'const s = require("node:dgram").createSocket("udp4"); s.bind(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
export LOCKSTEP__SERVER__DNS__RESOLVERS="[\"$dns\"]" LOCKSTEP__SERVER__DNS__TIMEOUT=1s
(umask 077 && ./quickstart --detach --people 200 --fresh >"$json.part")

# A reader beside the administrator.
lockstep=${CARGO_TARGET_DIR:-target}/release/lockstep
"$lockstep" --config .quickstart/lockstep.toml user add rita --role reader --output json >/dev/null
reader=$("$lockstep" --config .quickstart/lockstep.toml user link rita --output json)
(umask 077 && DNS=$dns READER=$reader node -e '
  const target = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"))
  console.log(JSON.stringify({ ...target, dns: process.env.DNS, readerSignInUrl: JSON.parse(process.env.READER).url }))
' "$json.part" >"$json")
rm -f "$json.part"
(cd portal && npm run --silent e2e -- --json "$json" --screenshots "$out/screenshots")
# The set-up guide, from an empty installation: a server, a directory and a sync client of its own.
(cd portal && node e2e/guide.mjs --program ../target/release/lockstep --screenshots "$out/screenshots")
