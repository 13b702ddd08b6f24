"""Rows `seed,persons,name,truth,estimate,se,covered` of one run: the main effects of the study's last model."""
import csv
import json
import math
import sys
import tomllib

seed, persons, truth_file, results_file, study_file = sys.argv[1:]
with open(truth_file, "rb") as file:
    truth = tomllib.load(file)
with open(study_file, "rb") as file:
    covariates = tomllib.load(file)["covariate"]
with open(results_file, encoding="utf-8") as file:
    results = json.load(file)

# The study must have found the persons, events and follow-up that the simulation wrote.
model = results["models"][3]
assert model["name"] == "enabling" and model["converged"], model["name"]
assert model["n_persons"] == truth["run"]["persons_by_role"]["cohort"], model["n_persons"]
assert model["n_events"] == truth["run"]["events"], model["n_events"]
assert round(model["person_time"]) == truth["run"]["person_days"], model["person_time"]


def value(variable, level):
    """A level as the truth file spells it, from its value or its label."""
    levels = covariates[variable].get("levels", [])
    return next((l["value"] for l in levels if level in (l["value"], l.get("label"))), level)


out = csv.writer(sys.stdout, lineterminator="\n")
for coefficient in model["coefficients"]:
    (part,) = coefficient["parts"]
    variable, level = part["variable"], value(part["variable"], part["level"])
    true = truth["log_hazard_ratio"][variable][level]
    covered = coefficient["hr_lower"] <= math.exp(true) <= coefficient["hr_upper"]
    out.writerow([seed, persons, f"{variable}: {level}", true, coefficient["estimate"], coefficient["se"], int(covered)])
