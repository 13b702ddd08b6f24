"""The table of coverage.csv: per coefficient truth, mean estimate, standard error, spread, coverage."""
import csv
import math
import statistics
import sys


def band(n, p=0.95, level=0.99):
    """Counts k with at least `(1 - level) / 2` of the binomial(n, p) in either tail."""
    mass = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    tail = (1 - level) / 2
    low = next(k for k in range(n + 1) if sum(mass[: k + 1]) > tail)
    high = next(k for k in range(n, -1, -1) if sum(mass[k:]) > tail)
    return low, high


runs = {}
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    for seed, persons, name, truth, estimate, se, covered in csv.reader(file):
        runs.setdefault(name, []).append((float(truth), float(estimate), float(se), int(covered)))

n = max(len(rows) for rows in runs.values())
low, high = band(n)
print(f"{n} runs; a coefficient whose intervals are right is covered {low} to {high} times in 99 of 100 such tables")
print(f"{'coefficient':44s} {'true HR':>8s} {'mean HR':>8s} {'mean SE':>8s} {'spread':>8s} {'bias/SE':>8s} {'covered':>8s}")
for name, rows in runs.items():
    truth = rows[0][0]
    estimates = [row[1] for row in rows]
    mean, se = statistics.fmean(estimates), statistics.fmean(row[2] for row in rows)
    spread = statistics.stdev(estimates) if len(rows) > 1 else math.nan
    covered = sum(row[3] for row in rows)
    mark = "" if low <= covered <= high else "  outside"
    print(
        f"{name:44s} {math.exp(truth):8.3f} {math.exp(mean):8.3f} {se:8.4f} {spread:8.4f} {(mean - truth) / se:8.3f}"
        f" {covered:4d}/{len(rows)}{mark}"
    )
groups = [row for name, rows in runs.items() if name.startswith("migrant_group") for row in rows]
covered = sum(row[3] for row in groups)
print(f"the migrant groups together: {covered} of {len(groups)}, {100 * covered / len(groups):.1f} %")
