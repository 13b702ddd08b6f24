//! From arrays in memory to the fitted model: `cargo bench --bench fit`.

mod common;

use cohort::engine::{FitOptions, NearTies, Prepared};
use criterion::{Criterion, criterion_group, criterion_main};

fn fit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fit");
    group.sample_size(10);
    for (name, n) in [("100k_rows", 100_000), ("1m_rows", 1_000_000)] {
        let (data, design) = common::records(n);
        let prepare = || Prepared::new(&data, &design, NearTies::Repair).expect("the synthetic data are valid");
        for robust in [false, true] {
            let options = FitOptions { robust, ..FitOptions::default() };
            let kind = if robust { "efron_robust" } else { "efron" };
            group.bench_function(format!("{kind}/{name}/30_cols"), |b| {
                b.iter(|| prepare().fit(&options).expect("the synthetic data have events"));
            });
        }
        let prepared = prepare();
        let fitted = prepared.fit(&FitOptions::default()).expect("the synthetic data have events");
        group.bench_function(format!("concordance/{name}/30_cols"), |b| {
            b.iter(|| prepared.concordance(&fitted.coefficients));
        });
    }
    group.finish();
}

criterion_group!(benches, fit);
criterion_main!(benches);
