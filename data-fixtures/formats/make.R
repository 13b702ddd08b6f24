# Writes the small files of this folder that come from haven and foreign.
library(haven)
born <- as.Date(c("1970-01-15", "1899-12-31", NA, "2000-02-29"))
frame <- data.frame(id = c("k2_0000001", "k2_0000002", "k2_0000003", "k2_0000004"), kommune = c("0301", "1103", "", "B\u00e6rum"))
frame$born <- born
frame$income <- c(1.5, tagged_na("a"), tagged_na("b"), NA)
frame$sex <- labelled(c(1, 2, tagged_na("z"), 1), c(Mann = 1, "Kvinne" = 2, "ikke oppgitt" = tagged_na("z")), label = "Kj\u00f8nn")
write_dta(frame, "haven_missing_kinds.dta", version = 14)
spss <- data.frame(id = 1:4)
spss$answer <- labelled_spss(c(1, 98, 99, 2), c(Ja = 1, Nei = 2), na_values = 98, na_range = c(99, Inf))
spss$code <- labelled_spss(c("A", "XX", "B", ""), c(alfa = "A"), na_values = "XX")
write_sav(spss, "haven_user_missing.sav")
old <- data.frame(id = 1:3, kommune = c("B\u00e6rum", "\u00c5s", "Oslo"), x = c(1.5, NA, 3))
old$kommune <- iconv(old$kommune, "UTF-8", "latin1")
foreign::write.dta(old, "foreign_latin1.dta", version = 8)

# SAS files, by ReadStat within haven: dates with a date format, moments with a datetime format, two encodings of rows.
sas <- data.frame(id = frame$id, kommune = frame$kommune)
sas$born <- born
sas$seen <- as.POSIXct(c("2015-06-30 23:59:59", "2015-07-01 00:00:00", NA, "1999-12-31 12:00:00"), tz = "UTC")
sas$income <- c(1.5, -2.25e9, NA, 0.1)
suppressWarnings(write_sas(sas, "haven.sas7bdat"))
file.copy(system.file("examples", "iris.sas7bdat", package = "haven"), "iris.sas7bdat", overwrite = TRUE)

# A delivery of 60 made-up persons: as text here, the other forms of it but SAS are written by the test.
set.seed(20251125)
n <- 60
persons <- data.frame(id = sprintf("k2_%07d", sample(9999999, n)))
persons$born <- as.Date("1950-01-01") + sample(18000, n, replace = TRUE)
persons$dead <- as.Date(ifelse(runif(n) < 0.2, 15000 + sample(1500, n, replace = TRUE), NA), origin = "1970-01-01")
persons$sex <- sample(1:2, n, replace = TRUE)
persons$income <- round(rlnorm(n, 12, 0.5), 2)
persons$income[sample(n, 5)] <- NA
persons$kommune <- sample(c("0301", "1103", "B\u00e6rum", "\u00c5s"), n, replace = TRUE)
rows <- 240
contacts <- data.frame(id = sample(persons$id, rows, replace = TRUE))
contacts$date <- as.Date("2010-01-01") + sample(1400, rows, replace = TRUE)
contacts$level <- sample(c("primary", "specialist"), rows, replace = TRUE, prob = c(0.7, 0.3))
contacts$code <- sample(c("P76", "P03", "A01", ""), rows, replace = TRUE)
dir.create("delivery", showWarnings = FALSE)
write.csv(persons, "delivery/persons.csv", row.names = FALSE, na = "", quote = FALSE, fileEncoding = "UTF-8")
write.csv(contacts, "delivery/contacts.csv", row.names = FALSE, na = "", quote = FALSE, fileEncoding = "UTF-8")
suppressWarnings(write_sas(persons, "delivery/persons.sas7bdat"))
suppressWarnings(write_sas(contacts, "delivery/contacts.sas7bdat"))
