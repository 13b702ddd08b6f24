"""One line of the side-by-side run: seconds, ratio, memory, largest relative differences."""
import csv
import json
import sys

round_, model, work = sys.argv[1:]
r_seconds = float(open(f"{work}/r.seconds").read())
r_memory, c_memory = (int(open(f"{work}/{who}.memory").read().split()[-1]) / 1024 for who in "rc")
result = json.load(open(f"{work}/c.json"))
seconds = result["timings"]["design_seconds"] + result["timings"]["fit_seconds"]
ours = {c["name"]: c for c in result["models"][0]["coefficients"]}
coefficient = se = 0.0
rows = list(csv.DictReader(open(f"{work}/r.csv")))
assert len(rows) == len(ours), (len(rows), len(ours))
for row in rows:
    mine = ours[row["term"]]
    my_se = mine["robust_se"] if mine.get("robust_se") is not None else mine["se"]
    coefficient = max(coefficient, abs(mine["estimate"] - float(row["estimate"])) / abs(float(row["se"])))
    se = max(se, abs(my_se / float(row["se"]) - 1))
print(
    f"round {round_} {model:8s} p={len(rows):3d}  R {r_seconds:7.2f} s  cohort {seconds:7.3f} s  ratio {r_seconds / seconds:6.1f}"
    f"  memory R {r_memory:6.0f} MiB  cohort {c_memory:5.0f} MiB  ({r_memory / c_memory:.1f} times)"
    f"  difference: coefficients {coefficient:.1e} SE, standard errors {se:.1e}",
    flush=True,
)
