//! What comes before the first iteration, and one pass over the records: `cargo bench --bench sweep`.

mod common;

use cohort::engine::{NearTies, Prepared, Ties};
use criterion::{Criterion, criterion_group, criterion_main};

fn sweep(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sweep");
    group.sample_size(10);
    for (name, n) in [("100k_rows", 100_000), ("1m_rows", 1_000_000)] {
        let (data, design) = common::records(n);
        let prepare = || Prepared::new(&data, &design, NearTies::Repair).expect("the synthetic data are valid");
        group.bench_function(format!("prepare/{name}/30_cols"), |b| b.iter(prepare));
        let prepared = prepare();
        let beta = vec![0.01; prepared.n_columns()];
        for (ties, rule) in [(Ties::Efron, "efron"), (Ties::Breslow, "breslow")] {
            group.bench_function(format!("pass/{rule}/{name}/30_cols"), |b| {
                b.iter(|| prepared.derivatives(&beta, ties));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, sweep);
criterion_main!(benches);
