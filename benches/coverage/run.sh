#!/usr/bin/env bash
# Do the 95 % intervals of the model study cover the truth of the simulation as often as they should?
#
#   cargo build --release
#   benches/coverage/run.sh [first seed=1] [last seed=100] [persons=200000] [rows.csv=coverage.csv]
#
# For every seed: `cohort simulate`, `cohort fit examples/phc-opmh/study.toml` on what it wrote, and one row per
# coefficient of the study's largest model into rows.csv (seeds already there are not run again). Ends with a table:
# true and mean hazard ratio, mean standard error against the spread of the estimates, and the coverage of each
# coefficient. Needs python3 (3.11 or later), nothing else.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
first=${1:-1} last=${2:-100} persons=${3:-200000} rows=${4:-coverage.csv}
cohort=${COHORT:-$root/target/release/cohort}
study=${STUDY:-$root/examples/phc-opmh/study.toml}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for seed in $(seq "$first" "$last"); do
    if [ -f "$rows" ] && grep -q "^$seed,$persons," "$rows"; then continue; fi
    rm -rf "$work/delivery" "$work/results"
    "$cohort" simulate --persons "$persons" --seed "$seed" --out "$work/delivery" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    "$cohort" fit "$study" --data "$work/delivery" --out "$work/results" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    python3 "$here/collect.py" "$seed" "$persons" "$work/delivery/truth.toml" "$work/results/internal/results.json" "$study" >> "$rows"
    printf '%s ' "$seed" >&2
done
echo >&2
python3 "$here/tabulate.py" "$rows"
