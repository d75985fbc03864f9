//! Measures planning, compared with only parsing the same bytes into a tree of JSON values.

use std::hint::black_box;

use av1d_benches::{FORTY_STREAMS, THREE_STREAMS};
use av1plan::command::{Audience, arguments};
use av1plan::wire::Document;
use av1plan::{Config, FileFacts, MediaProbe, Source, Toolchain, Verdict, plan};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const DOCUMENTS: [(&str, &[u8]); 2] = [("3 streams", THREE_STREAMS), ("40 streams", FORTY_STREAMS)];

fn facts() -> FileFacts {
    FileFacts::new("Film.2008.1080p.BluRay.x264.mkv", 8 << 30)
}

/// Plans a film from ffprobe's bytes and renders ffmpeg's arguments. Returns their number, so that the compiler can't
/// optimise the work away.
fn from_bytes_to_command(bytes: &[u8], file: &FileFacts, toolchain: &Toolchain, config: &Config) -> usize {
    let Ok(probe) = MediaProbe::from_json(bytes) else { return 0 };
    match plan(&Source::new(file, &probe), toolchain, config) {
        Verdict::Encode(plan) => arguments(&plan, Audience::Program).len(),
        Verdict::Skip(_) => 0,
    }
}

fn one_film(c: &mut Criterion) {
    let (file, toolchain, config) = (facts(), Toolchain::assumed(), Config::default());
    let mut group = c.benchmark_group("one film");
    for (name, bytes) in DOCUMENTS {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("serde_json::Value alone", name), |b| {
            b.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(bytes)).is_ok());
        });
        group.bench_function(BenchmarkId::new("probe + plan + command", name), |b| {
            b.iter(|| from_bytes_to_command(black_box(bytes), &file, &toolchain, &config));
        });
        group.bench_function(BenchmarkId::new("probe", name), |b| {
            b.iter(|| MediaProbe::from_json(black_box(bytes)).is_ok());
        });
        let Ok(probe) = MediaProbe::from_json(bytes) else { continue };
        let source = Source::new(&file, &probe);
        group.bench_function(BenchmarkId::new("plan", name), |b| {
            b.iter(|| plan(black_box(&source), &toolchain, &config));
        });
        let verdict = plan(&source, &toolchain, &config);
        if let Verdict::Encode(plan) = &verdict {
            group.bench_function(BenchmarkId::new("command", name), |b| {
                b.iter(|| arguments(black_box(plan), Audience::Program).len());
            });
        }
        group.bench_function(BenchmarkId::new("document", name), |b| {
            b.iter(|| {
                Document::new(b"/films/Film.mkv", 8 << 30, b"/films/.Film.mkv", black_box(&verdict)).to_json()
            });
        });
    }
    group.finish();
}

fn a_library(c: &mut Criterion) {
    let (file, toolchain, config) = (facts(), Toolchain::assumed(), Config::default());
    let mut group = c.benchmark_group("a library");
    group.sample_size(10);
    group.bench_function("100,000 plans from bytes", |b| {
        b.iter(|| -> usize {
            (0..100_000)
                .map(|_| from_bytes_to_command(black_box(THREE_STREAMS), &file, &toolchain, &config))
                .sum()
        });
    });
    group.finish();
}

criterion_group!(benches, one_film, a_library);
criterion_main!(benches);
