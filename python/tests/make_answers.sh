#!/usr/bin/env bash
# Writes all answers that the package is held against, by the command line and the engine in Node: of the fixture's tweets and the demo's
# photos. Run after a change of what they answer, or of the shipped weights; from anywhere. It builds the command line first.
#   answers.jsonl          the shipped folder, its products in floats, as this package computes
#   answers-16bit.jsonl    the same with the products in whole numbers of 16 bits, which the command line takes where they are faster
#   answers-names.jsonl    a folder whose names ask for themselves (folders.py), whole results
#   answers-bert-crf.jsonl a tagger (folders.py), whole results
set -euo pipefail
cd "$(dirname "$0")/../.."
npm run --silent build:cli > /dev/null
work="$(mktemp -d)"
trap 'rm -r "$work"' EXIT
node -e 'for (const row of JSON.parse(require("fs").readFileSync("test/fixtures/tweets.json", "utf8"))) console.log(JSON.stringify(row))' > "$work/rows.jsonl"
for products in floats sixteen-bits; do
  out="python/tests/answers.jsonl"
  if [ "$products" = sixteen-bits ]; then out="python/tests/answers-16bit.jsonl"; fi
  MNER_QG_PRODUCTS=$products node dist/node/main.js annotate "$work/rows.jsonl" --photos public/examples --restart --out "$out"
done
for kind in names bert-crf; do
  "${PYTHON:-python3}" python/tests/folders.py "$kind" "$work/$kind"
  MNER_QG_PRODUCTS=floats node python/tests/make_answers.mjs "$work/$kind" "python/tests/answers-$kind.jsonl"
done
