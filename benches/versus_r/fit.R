# Fits one model with survival::coxph and prints seconds of the coxph() call, and the coefficients to a file.
#
#   Rscript fit.R data.csv main|wide|cluster coefficients.csv
suppressPackageStartupMessages({library(survival); library(data.table)})
args <- commandArgs(trailingOnly = TRUE)
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "models.R"))
d <- as.data.frame(fread(args[1]))
for (name in names(levels_of)) d[[name]] <- factor(d[[name]], levels_of[[name]])
right <- if (args[2] == "wide") wide else main
formula <- update(right, Surv(time, event) ~ .)
seconds <- system.time(
  fit <- if (args[2] == "cluster") coxph(formula, d, ties = "efron", cluster = person) else coxph(formula, d, ties = "efron")
)[["elapsed"]]
fwrite(data.table(term = names(coef(fit)), estimate = coef(fit), se = sqrt(diag(vcov(fit)))), args[3])
cat(seconds, "\n")
