#!/usr/bin/env bash
# Writes answers.jsonl: what the command line says of the fixture's tweets and the demo's photos, in plain floats (--backend cpu, minutes:
# the WebAssembly kernels multiply whole numbers, and their scores differ by up to 0.0003). Run after `npm run build`, from anywhere.
set -euo pipefail
cd "$(dirname "$0")/../.."
rows="$(mktemp --suffix .jsonl)"
node -e 'for (const row of JSON.parse(require("fs").readFileSync("test/fixtures/tweets.json", "utf8"))) console.log(JSON.stringify(row))' > "$rows"
node dist/node/main.js annotate "$rows" --photos public/examples --backend cpu --restart --out python/tests/answers.jsonl
rm "$rows"
