"""Writes the small files of this folder that come from other programs than R and readstat. Needs pyreadstat, pandas.

    python make.py && Rscript make.R && sh make.sh
"""
import numpy as np
import pandas as pd
import pyreadstat

born = pd.to_datetime(["1970-01-15", "1899-12-31", None, "2000-02-29"])
seen = pd.to_datetime(["2015-06-30 23:59:59", "2015-07-01 00:00:00", None, "1999-12-31 12:00:00"])
frame = pd.DataFrame({
    "id": ["k2_0000001", "k2_0000002", "k2_0000003", "k2_0000004"],
    "kommune": ["0301", "1103", "", "Bærum Øst Å"],
    "born": born,
    "seen": seen,
    "sex": [1.0, 2.0, 9.0, 1.0],
    "income": [1.5, -2.25e9, np.nan, 0.1],
})
labels = {"sex": {1: "Mann", 2: "Kvinne", 9: "Ukjent kjønn"}}
column_labels = {"sex": "Kjønn", "income": "Inntekt"}
formats = {"born": "EDATE10", "seen": "DATETIME20"}
for name, compress in [("pyreadstat_rows.sav", "none"), ("pyreadstat_rows_compressed.sav", "row"), ("pyreadstat.zsav", True)]:
    options = {"row_compress": True} if compress == "row" else {"compress": True} if compress is True else {}
    days = frame.assign(born=[None if pd.isna(d) else d.date() for d in frame["born"]])
    pyreadstat.write_sav(days, name, column_labels=column_labels, variable_value_labels=labels,
                         missing_ranges={"sex": [9]}, variable_format=formats, **options)

stata = frame.copy()
for version in (114, 117, 118):
    text = stata.copy()
    text.to_stata(f"pandas_{version}.dta", version=version, write_index=False, convert_dates={"born": "td", "seen": "tc"},
                  value_labels={"sex": {1: "Mann", 2: "Kvinne", 9: "Ukjent kjønn"}}, variable_labels=column_labels)
months = pd.DataFrame({"id": ["a", "b"], "month": pd.to_datetime(["2015-06-01", "1959-12-01"]), "weeks": pd.to_datetime(["2015-06-01", "1959-12-03"]),
                       "note": ["x" * 3000, ""], "single": np.array([16777216, 3], dtype="float32")})
months.to_stata("pandas_months_long_text.dta", version=118, write_index=False, convert_dates={"month": "tm", "weeks": "tw"}, convert_strl=["note"])
