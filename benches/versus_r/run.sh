#!/usr/bin/env bash
# Side by side with R's survival on the same machine in the same minutes.
#
#   cargo build --release
#   benches/versus_r/run.sh [persons=1000000] [rounds=3]
#
# Needs Rscript with survival and data.table, GNU time and python3. Prints for each of the three models the
# seconds of the coxph() call, of `cohort` from columns in memory to the fitted model (design_seconds +
# fit_seconds), their ratio round by round, the peak memory of both whole programs, and the largest
# difference of coefficients and standard errors.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
persons=${1:-1000000}
rounds=${2:-3}
cohort=${COHORT:-$root/target/release/cohort}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
Rscript "$here/make_data.R" "$persons" "$work/data.csv"
main='group + sex + age + civil + education + income + diagnosis + stay + visits'
wide="$main + group:sex + group:education + group:income"
levels=(--levels group=majority,g1,g2,g3,g4,g5,g6,g7,g8 --levels sex=women,men
    --levels age=18-24,25-34,35-44,45-54,55-64,65+ --levels civil=married,unmarried,previously,unknown
    --levels education=low,middle,high,unknown --levels income=q1,q2,q3,q4,q5
    --levels diagnosis=depression,anxiety,psychosis,other --levels stay=long,middle,short)
for round in $(seq "$rounds"); do
    for model in main wide cluster; do
        formula="Surv(time, event) ~ $main"
        extra=()
        [ "$model" = wide ] && formula="Surv(time, event) ~ $wide"
        [ "$model" = cluster ] && extra=(--cluster person)
        /usr/bin/time -f %M -o "$work/r.memory" Rscript "$here/fit.R" "$work/data.csv" "$model" "$work/r.csv" > "$work/r.seconds"
        /usr/bin/time -f %M -o "$work/c.memory" "$cohort" fit "$work/data.csv" --formula "$formula" "${levels[@]}" "${extra[@]}" \
            --format none --quiet --json "$work/c.json"
        python3 "$here/compare.py" "$round" "$model" "$work"
    done
done
