//! From files to columns and to person-time: `cargo bench --bench load`.

use cohort::loader::{FlatOptions, Quiet, load, read_flat, write_parquet};
use cohort::simulate::{SimulateOptions, Truth, simulate};
use cohort::study;
use criterion::{Criterion, criterion_group, criterion_main};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;

/// A data file of twelve columns: whole numbers, a number with decimals and seven short texts.
fn data_file(rows: usize) -> String {
    let words = ["majority", "nordic", "western_europe", "eu_eastern_europe", "middle_east", "africa", "south_asia"];
    let mut state = 1u64;
    let mut roll = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut text = String::from("time,event,age,income,x,sex,group,education,civil,region,diagnosis,stay\n");
    for _ in 0..rows {
        write!(text, "{},{},{},{},{}.{:03}", 1 + roll(730), roll(2), 18 + roll(48), roll(900), roll(100), roll(1000))
            .expect("text grows");
        for levels in [2, 7, 4, 3, 5, 4, 3] {
            text.push(',');
            text.push_str(words[roll(levels)]);
        }
        text.push('\n');
    }
    text
}

fn flat(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = FlatOptions::default();
    let mut group = criterion.benchmark_group("load/flat");
    group.sample_size(10);
    for (name, rows) in [("100k_rows", 100_000), ("1m_rows", 1_000_000)] {
        let (text, parquet) = (folder.path().join("data.csv"), folder.path().join("data.parquet"));
        std::fs::write(&text, data_file(rows)).expect("the temporary folder can be written");
        let read = |path: &Path| read_flat(path, "data", &options, &mut Quiet).expect("the file was just written");
        write_parquet(&read(&text).table, &parquet).expect("the temporary folder can be written");
        group.bench_function(format!("csv/{name}/12_cols"), |b| b.iter(|| read(&text)));
        group.bench_function(format!("parquet/{name}/12_cols"), |b| b.iter(|| read(&parquet)));
    }
    group.finish();
}

fn model_study(criterion: &mut Criterion) {
    let path = Path::new("examples/phc-opmh/study.toml");
    let text = std::fs::read_to_string(path).expect("the example study");
    let mut group = criterion.benchmark_group("load/phc-opmh");
    group.sample_size(10);
    for (name, persons) in [("20k_persons", 20_000), ("200k_persons", 200_000)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options =
            SimulateOptions { persons, seed: 1, truth: Truth::default(), other_claims: 0, out: folder.path().into() };
        simulate(&options, &mut |_| ControlFlow::Continue(())).expect("the temporary folder can be written");
        let study = study::check(&text, path, Some(folder.path())).expect("the example study is sound");
        group.bench_function(name, |b| b.iter(|| load(&study, &mut Quiet).expect("the delivery is sound")));
    }
    group.finish();
}

criterion_group!(benches, flat, model_study);
criterion_main!(benches);
