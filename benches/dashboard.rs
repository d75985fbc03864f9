//! Measures the dashboard with a hundred thousand jobs: receiving all of them, receiving one more, and drawing a frame.

use std::hint::black_box;

use av1top::job::{Job, State};
use av1top::message::{Changes, Msg};
use av1top::model::{Colours, Looks, Model, Place};
use av1top::update;
use av1top::view::view;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const JOBS: u32 = 100_000;
const SIZES: [(u16, u16); 3] = [(60, 15), (140, 40), (300, 100)];

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000)
}

fn job(number: u32) -> Job {
    let started = now() - SignedDuration::from_mins(number.into());
    Job {
        id: format!("20261122-120000-{number:06}"),
        path: format!("/media/Series/Long.Series.S{:02}E{number:06}.1080p.BluRay.x264.mkv", number % 97)
            .into(),
        state: if number.is_multiple_of(7) { State::Skipped } else { State::Done },
        code: if number.is_multiple_of(7) { "too-big" } else { "replaced" }.into(),
        class: None,
        settings: None,
        before: 4 << 30,
        after: Some(1 << 30),
        limit: Some(3 << 30),
        started,
        ended: Some(started + SignedDuration::from_hours(2)),
        replacing: false,
        temporary: None,
    }
}

fn model((columns, rows): (u16, u16)) -> Model {
    let looks = Looks { colours: Colours::True, unicode: true };
    let place = Place { state: "/var/lib/av1d/jobs".into(), start: "av1cli watch".into() };
    Model::new(looks, place, TimeZone::UTC, now(), (columns, rows))
}

fn news(jobs: Vec<Job>) -> Msg {
    Msg::Jobs(Changes { changed: jobs, ..Changes::default() })
}

fn full(size: (u16, u16)) -> Model {
    let mut model = model(size);
    update(&mut model, news((0..JOBS).map(job).collect()));
    model
}

fn key(code: KeyCode) -> Msg {
    Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn a_hundred_thousand_jobs(c: &mut Criterion) {
    let mut group = c.benchmark_group("a hundred thousand jobs");
    group.sample_size(10);
    let jobs: Vec<Job> = (0..JOBS).map(job).collect();
    group.bench_function("all at once", |b| {
        let fresh = || (model((140, 40)), news(jobs.clone()));
        b.iter_batched(fresh, |(mut model, news)| update(&mut model, news).len(), BatchSize::LargeInput);
    });
    let mut model = full((140, 40));
    group.bench_function("one more that ends", |b| {
        b.iter(|| update(&mut model, news(vec![job(black_box(1))])).len());
    });
    group.bench_function("a letter of a filter", |b| {
        b.iter(|| {
            let opened = update(&mut model, key(KeyCode::Char('/'))).len();
            opened
                + update(&mut model, key(KeyCode::Char('7'))).len()
                + update(&mut model, key(KeyCode::Esc)).len()
        });
    });
    group.finish();
}

fn a_frame(c: &mut Criterion) {
    let mut group = c.benchmark_group("a frame of a hundred thousand jobs");
    for (columns, rows) in SIZES {
        let mut model = full((columns, rows));
        let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
        group.bench_function(BenchmarkId::new("scroll and draw", format!("{columns}x{rows}")), |b| {
            b.iter(|| {
                update(&mut model, key(KeyCode::PageDown));
                terminal.draw(|frame| view(black_box(&model), frame)).is_ok()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, a_hundred_thousand_jobs, a_frame);
criterion_main!(benches);
