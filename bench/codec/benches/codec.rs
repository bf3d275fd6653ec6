//! What each case takes in time.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use webmqtt_codec_bench::works;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(250))
        .sample_size(10)
        .without_plots()
        .configure_from_args();
    let (mut works, _) = works();
    for work in &mut works {
        let mut group = criterion.benchmark_group(format!("{}, {}", work.group, work.case));
        group.throughput(Throughput::Elements(work.packets as u64));
        group.bench_function(work.codec, |bencher| {
            bencher.iter_custom(|times| {
                let mut spent = Duration::ZERO;
                for _ in 0..times {
                    work.run.prepare();
                    let start = Instant::now();
                    work.run.run();
                    spent += start.elapsed();
                }
                spent
            });
        });
        group.finish();
    }
    criterion.final_summary();
}
