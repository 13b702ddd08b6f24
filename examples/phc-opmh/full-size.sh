#!/usr/bin/env bash
# The model study's abstract at full size: 1,002,456 persons, from simulated extracts to verdicts. A SIMULATION.
#
#   examples/phc-opmh/full-size.sh [FOLDER]      with the program built: cargo build --release
#
# The times of every step and the peak memory stand in FOLDER/verdicts/manifest.json.
set -euo pipefail
cd "$(dirname "$0")/../.."
cohort="${COHORT:-target/release/cohort}"
out="${1:-full-size}"
mkdir "$out"

# 85 % of the population register meet every rule of the study: floor(0.85 x 1,179,360) = 1,002,456.
time "$cohort" simulate --persons 1179360 --seed 1 --truth examples/phc-opmh/truth-education-by-group.toml --out "$out/delivery"
time "$cohort" fit examples/phc-opmh/study.toml --data "$out/delivery" --out "$out/results" --format none
status=0
time "$cohort" reproduce examples/phc-opmh/targets-abstract.toml --data "$out/delivery" --strict --out "$out/verdicts" || status=$?
grep -A 12 '"timings"' "$out/verdicts/manifest.json"
exit $status
