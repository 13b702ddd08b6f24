"""The person-time of examples/phc-opmh/study.toml, written by hand with polars: what `cohort build` is held against.

    python benches/handwritten_polars.py DELIVERY OUT.parquet [PERSON_TIME.parquet]

DELIVERY is a folder of `cohort simulate`. The script does the same joins and rules and none of the checks: it counts
nothing, reports nothing, and takes every row as it comes. Column for column its result equals the person-time of
`cohort build`, up to the order of rows; with the file of a build as third argument it compares them. Both are run side by side
by `benches/extracts_to_person_time.sh`.
"""
import sys
import time
from pathlib import Path

import polars as pl

folder, out = Path(sys.argv[1]), sys.argv[2]
started = time.time()
KEY = "w24_0511_lopenr_person"


def scan(pattern, **options):
    return pl.scan_csv(folder / pattern, separator=";", encoding="utf8-lossy", infer_schema=False, **options)


def day(column, pattern):
    return pl.col(column).str.to_date(pattern, strict=False)


def month(column, in_month):
    first = (pl.col(column) + "01").str.to_date("%Y%m%d", strict=False)
    return first + pl.duration(days=14) if in_month == "middle" else first.dt.month_end()


def classes(column, below, last):
    """The first label whose end the number is below."""
    label = pl.lit(last)
    for name, end in reversed(below.items()):
        label = pl.when(pl.col(column) < end).then(pl.lit(name)).otherwise(label)
    return label


def years_between(born, at):
    """Whole years; who is born on 29 February has the birthday on 1 March in other years."""
    before = (at.dt.month() < born.dt.month()) | ((at.dt.month() == born.dt.month()) & (at.dt.day() < born.dt.day()))
    return at.dt.year() - born.dt.year() - before.cast(pl.Int32)


links = scan("linkage/koblingsnokkel.csv").collect()
by_kuhr = links.lazy().select("k2_lopenr", KEY)
by_npr = links.lazy().select("npr_lopenr", KEY)

# ------------------------------------------------------------ index: first ICPC-2 contact of chapter P, 2010 to 2012
index_codes = [f"P{n:02}" for n in [*range(1, 17), *range(18, 30), *range(71, 100)]]
groups = {"depression": ["P03", "P76"], "anxiety": ["P01", "P02", "P74", "P82"], "psychosis": ["P71", "P72", "P73", "P98"]}
others = [f"P{n:02}" for n in [*range(1, 30), *range(75, 100)]]
codes = (
    scan("kuhr/KUHR_*.dsv")
    .filter(pl.col("DIAGNOSE_KODEVERK") == "ICPC-2")
    .with_columns(date=day("DATO", "%Y-%m-%d"))
    .filter(pl.col("date").is_between(pl.date(2010, 1, 1), pl.date(2012, 12, 31)))
    .select("LOPENR_k2_", "date", code=pl.col("DIAGNOSER").str.split(","))
    .explode("code", empty_as_null=True, keep_nulls=True)
    .with_columns(code=pl.col("code").str.strip_chars().str.to_uppercase().str.replace_all(".", "", literal=True).str.slice(0, 3))
)
contacts = codes.group_by("LOPENR_k2_", "date").agg(
    hit=pl.col("code").is_in(index_codes).any(),
    **{name: pl.col("code").is_in(list_).any() for name, list_ in groups.items()},
    other=pl.col("code").is_in(others).any(),
)
diagnosis = pl.lit(None, dtype=pl.String)
for name in ["other", "psychosis", "anxiety", "depression"]:
    diagnosis = pl.when(pl.col(name)).then(pl.lit(name)).otherwise(diagnosis)
index = (
    contacts.filter("hit")
    .with_columns(diagnosis=diagnosis)
    .sort("LOPENR_k2_", "date")
    .unique("LOPENR_k2_", keep="first", maintain_order=True)
    .join(by_kuhr, left_on="LOPENR_k2_", right_on="k2_lopenr")
    .select(KEY, index_date="date", diagnosis="diagnosis")
)

# ------------------------------------------------------------ persons, residence, steps
grouping = pl.read_csv(Path(__file__).parent / "../data-fixtures/codelists/country_groups_example.csv", infer_schema=False)
persons = (
    scan("population/faste_oppl.csv")
    .select(
        KEY,
        birth=month("foedsels_aar_mnd", "middle"),
        death=month("doeds_aar_mnd", "last"),
        sex="kjoenn",
        country="fodeland",
        invkat="invkat",
    )
    .join(index, on=KEY)
    .with_columns(age=years_between(pl.col("birth"), pl.col("index_date")))
    .filter((pl.col("age") >= 18) & (pl.col("age") < 66))
)
residence = scan("population/bosatt.csv").select(
    KEY, start=day("bosatt_fra", "%Y-%m-%d"), stop=day("bosatt_til", "%Y-%m-%d")
)
first_arrival = residence.group_by(KEY).agg(first=pl.col("start").min())
at_index = (
    persons.select(KEY, "index_date")
    .join(residence, on=KEY)
    .filter((pl.col("start") <= pl.col("index_date")) & (pl.col("stop").is_null() | (pl.col("stop") >= pl.col("index_date"))))
    .group_by(KEY)
    .agg(emigration=pl.col("stop").max())
)
outpatient = (
    scan("npr/npr_*.csv")
    .filter((pl.col("omsorgsniva") == "3") & pl.col("sektor").is_in(["PHV", "TSB"]))
    .select("LOPENR", visit=day("innDato", "%d.%m.%Y"))
    .join(by_npr, left_on="LOPENR", right_on="npr_lopenr")
    .select(KEY, "visit")
)
washed = (
    persons.select(KEY, "index_date")
    .join(outpatient, on=KEY)
    .filter((pl.col("visit") >= pl.col("index_date").dt.offset_by("-24mo")) & (pl.col("visit") < pl.col("index_date")))
    .select(KEY)
    .unique()
)
cohort = (
    persons.join(at_index, on=KEY)
    .join(washed, on=KEY, how="anti")
    .join(grouping.lazy().select(country="code", group="group"), on="country", how="left")
    .with_columns(
        migrant_group=pl.when(pl.col("invkat") != "B").then(pl.lit("majority")).otherwise(pl.col("group").fill_null("unassigned"))
    )
    .filter(pl.col("migrant_group") != "unassigned")
    .filter(pl.col("death").is_null() | (pl.col("death") >= pl.col("index_date")))
)

# ------------------------------------------------------------ follow-up
events = (
    cohort.select(KEY, "index_date")
    .join(outpatient, on=KEY)
    .filter(pl.col("visit") >= pl.col("index_date"))
    .group_by(KEY)
    .agg(event_date=pl.col("visit").min())
)
followed = (
    cohort.join(events, on=KEY, how="left")
    .filter(pl.col("event_date").is_null() | (pl.col("event_date") > pl.col("index_date")))
    .with_columns(
        stop=pl.min_horizontal(
            "death", "emigration", pl.date(2014, 12, 31), pl.col("index_date") + pl.duration(days=730)
        )
    )
    .with_columns(event=(pl.col("event_date") <= pl.col("stop")).fill_null(False))
    .with_columns(
        exit=(pl.when("event").then("event_date").otherwise("stop") - pl.col("index_date")).dt.total_days()
    )
    .filter(pl.col("exit") > 0)
)

# ------------------------------------------------------------ covariates
year = (pl.col("index_date").dt.year() - 1).cast(pl.String)
civil = (
    scan("population/sivilstand.csv")
    .select(KEY, since=day("sivst_dato", "%Y%m%d"), status="sivilstand")
    .join(followed.select(KEY, "index_date"), on=KEY)
    .filter(pl.col("since") <= pl.col("index_date"))
    .sort(KEY, "since")
    .unique(KEY, keep="last", maintain_order=True)
    .select(KEY, "status")
)
education = (
    scan("education/utd.csv")
    .unpivot(index=KEY, variable_name="of_year", value_name="code")
    .with_columns(of_year=pl.col("of_year").str.slice(3))
)
income = scan("income/inntekt.csv").select(
    pl.col("lopenr_person").alias(KEY), of_year="aargang", income=pl.col("wyrkinnt").str.replace(",", ".").cast(pl.Float64)
)
status = pl.col("status")
level = pl.col("code").str.slice(0, 1)
table = (
    followed.with_columns(of_year=year)
    .join(civil, on=KEY, how="left")
    .join(education, on=[KEY, "of_year"], how="left")
    .join(income, on=[KEY, "of_year"], how="left")
    .join(first_arrival, on=KEY, how="left")
    .with_columns(
        civil_status=pl.when(status == "1").then(pl.lit("unmarried"))
        .when(status.is_in(["2", "6"])).then(pl.lit("married"))
        .when(status.is_in(["3", "4", "5", "7", "8", "9"])).then(pl.lit("previously_married"))
        .otherwise(pl.lit("unknown")),
        education=pl.when(level.is_in(["0", "1", "2"])).then(pl.lit("low"))
        .when(level.is_in(["3", "4", "5"])).then(pl.lit("upper_secondary"))
        .when(level.is_in(["6", "7", "8"])).then(pl.lit("higher"))
        .otherwise(pl.lit("unknown")),
        income=pl.col("income").fill_null(0.0),
        years_in_norway=years_between(pl.col("first"), pl.col("index_date")),
        age_group=classes("age", {"18-24": 25, "25-34": 35, "35-44": 45, "45-54": 55}, "55-65"),
    )
    .with_columns(
        length_of_stay=pl.when((pl.col("migrant_group") == "majority") | (pl.col("years_in_norway") >= 16)).then(pl.lit("long"))
        .when(pl.col("years_in_norway") >= 6).then(pl.lit("middle"))
        .otherwise(pl.lit("short")),
        income_group=classes(
            "income",
            {"None": 1, "1-199 000 NOK": 200, "200-399 000 NOK": 400, "400-599 000 NOK": 600},
            "600 000 NOK or more",
        ),
        entry=pl.lit(0),
    )
    .select(
        KEY, "index_date", "entry", "exit", "event", "age", "migrant_group", "sex", "age_group", "civil_status", "education",
        "income", "income_group", "diagnosis", "years_in_norway", "length_of_stay",
    )
    .sort(KEY)
)
table.sink_parquet(out)
print(f"{time.time() - started:.1f} s", pl.scan_parquet(out).select(pl.len(), pl.col("event").sum()).collect().row(0))

if len(sys.argv) > 3:
    columns = [c for c in table.collect_schema().names() if c not in (KEY, "index_date")]
    ours, theirs = (
        pl.read_parquet(f, columns=columns).with_columns(pl.col("age", "years_in_norway").cast(pl.Int64), pl.col("entry", "exit").cast(pl.Int64)).sort(columns)
        for f in (out, sys.argv[3])
    )
    sys.exit(0 if ours.equals(theirs) else "the person-time differs")
