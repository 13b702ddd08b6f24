"""A delivery of `cohort simulate` and its study file in Parquet: one file for each text file, names and values unchanged.

    python benches/delivery_to_parquet.py DELIVERY OUT STUDY OUT_STUDY

Columns stay text, so that the study file is the same but for the names of its files.
"""
import re
import sys
from pathlib import Path

import polars as pl

delivery, out, study, out_study = map(Path, sys.argv[1:])
ENDINGS = (".csv", ".dsv")
for source in sorted(p for p in delivery.rglob("*") if p.suffix in ENDINGS):
    target = out / source.relative_to(delivery).with_suffix(".parquet")
    target.parent.mkdir(parents=True, exist_ok=True)
    table = pl.scan_csv(source, separator=";", encoding="utf8-lossy", infer_schema=False)
    table.sink_parquet(target)


def in_parquet(table):
    """One `[linkage]` or `[extract.…]` of the study file: its file ends in .parquet, and nothing is said of text."""
    table = re.sub(r'(?m)^(file = ".*)\.(csv|dsv)"', r'\1.parquet"', table)
    return re.sub(r'(?m)^(delimiter|encoding) = .*\n', "", table)


text = study.read_text()
parts = re.split(r"(?m)^(?=\[)", text)
deliveries = ("[linkage]", "[extract.")
text = "".join(in_parquet(p) if p.startswith(deliveries) else p for p in parts)
lists = (study.parent / "../../data-fixtures").resolve()
out_study.write_text(text.replace("../../data-fixtures", str(lists)))
