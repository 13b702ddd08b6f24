# The three models of the side-by-side run, as R code and as command-line flags say them.
main <- ~ group + sex + age + civil + education + income + diagnosis + stay + visits
wide <- update(main, ~ . + group:sex + group:education + group:income)
levels_of <- list(
  group = c("majority", paste0("g", 1:8)), sex = c("women", "men"),
  age = c("18-24", "25-34", "35-44", "45-54", "55-64", "65+"),
  civil = c("married", "unmarried", "previously", "unknown"), education = c("low", "middle", "high", "unknown"),
  income = paste0("q", 1:5), diagnosis = c("depression", "anxiety", "psychosis", "other"),
  stay = c("long", "middle", "short")
)
