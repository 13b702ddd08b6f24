#!/usr/bin/env bash
# From extracts to person-time, side by side with a hand-written polars script of the same rules.
#
#   cargo build --release
#   benches/extracts_to_person_time.sh FOLDER [persons=5000000] [claims_for_other_reasons=9]
#
# Needs GNU time and python3 with polars. Simulates a delivery of the model study in FOLDER (kept: a second call times it again),
# writes it as Parquet too, and prints for each way the seconds and peak memory of the whole program; the rows of
# the hand-written script must equal those of the build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
work=${1:?a folder to work in}
persons=${2:-5000000}
others=${3:-9}
cohort=${COHORT:-$root/target/release/cohort}
study=$root/examples/phc-opmh/study.toml
mkdir -p "$work"
timed() { # timed LABEL COMMAND...
    local label=$1
    shift
    /usr/bin/time -f "$label: %e s, %M KB" "$@"
}
if [ ! -d "$work/csv" ]; then
    "$cohort" simulate --persons "$persons" --other-claims "$others" --out "$work/csv" --quiet
    python3 "$here/delivery_to_parquet.py" "$work/csv" "$work/parquet" "$study" "$work/study-parquet.toml"
fi
rm -rf "$work"/built-*
timed "cohort build, CSV" "$cohort" build "$study" --data "$work/csv" --out "$work/built-csv.parquet" --quiet
timed "hand-written polars, CSV" python3 "$here/handwritten_polars.py" "$work/csv" "$work/by-hand.parquet" "$work/built-csv.parquet"
timed "cohort build, Parquet" "$cohort" build "$work/study-parquet.toml" --data "$work/parquet" --out "$work/built-parquet.parquet" --quiet
cmp "$work/built-csv.parquet" "$work/built-parquet.parquet" && echo "the same bytes of person-time from both"
