# Makes the data of the side-by-side run: one row per person, eight factors and one count (30 columns in
# treatment coding), whole days up to 730, about 7 % events, clustered in `person`.
#
#   Rscript make_data.R 1000000 data.csv
args <- commandArgs(trailingOnly = TRUE)
n <- as.integer(args[1])
set.seed(20261121)
draw <- function(levels, prob) factor(sample(levels, n, TRUE, prob), levels)
d <- data.frame(
  person = seq_len(n),
  group = draw(c("majority", paste0("g", 1:8)), c(0.82, rep(0.18 / 8, 8))),
  sex = draw(c("women", "men"), c(0.58, 0.42)),
  age = draw(c("18-24", "25-34", "35-44", "45-54", "55-64", "65+"), c(0.15, 0.22, 0.22, 0.2, 0.15, 0.06)),
  civil = draw(c("married", "unmarried", "previously", "unknown"), c(0.42, 0.42, 0.15, 0.01)),
  education = draw(c("low", "middle", "high", "unknown"), c(0.28, 0.42, 0.27, 0.03)),
  income = draw(paste0("q", 1:5), rep(0.2, 5)),
  diagnosis = draw(c("depression", "anxiety", "psychosis", "other"), c(0.35, 0.3, 0.03, 0.32)),
  stay = draw(c("long", "middle", "short"), c(0.9, 0.06, 0.04)),
  visits = rpois(n, 2)
)
eta <- 0.03 * (as.integer(d$group) - 4) + 0.12 * (d$sex == "men") - 0.05 * as.integer(d$age) +
  0.2 * (d$civil == "unmarried") + 0.6 * (d$diagnosis == "psychosis") + 0.05 * d$visits
event_day <- ceiling(rexp(n, 0.00011 * exp(eta)))
exit_day <- pmin(730, ifelse(runif(n) < 0.05, sample.int(730, n, TRUE), 730))
d$time <- pmin(event_day, exit_day)
d$event <- as.integer(event_day <= exit_day)
data.table::fwrite(d, args[2])
cat(n, "persons,", sum(d$event), "events\n")
