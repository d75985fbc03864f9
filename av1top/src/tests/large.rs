//! Tests with a hundred thousand jobs: operations that must be as fast as with ten.

use std::time::{Duration, Instant};

use crossterm::event::KeyCode;
use jiff::SignedDuration;

use super::screens::buffer;
use super::script::{FULL, briefs, empty, key, now, play};
use crate::job::Job;
use crate::message::{Changes, Msg};

fn jobs() -> Vec<Job> {
    let kinds = briefs();
    let job = |number: u32| {
        let kind = &kinds[number as usize % 5];
        Job {
            id: format!("20261122-120000-{number:08x}"),
            path: format!("/media/Series/Long.Series.S{:02}E{number:06}.1080p.mkv", number % 97).into(),
            started: now() - SignedDuration::from_secs(number.into()),
            ..kind.clone()
        }
    };
    (0..100_000).map(job).collect()
}

#[test]
fn scrolling_through_a_hundred_thousand_jobs_is_as_quick_as_through_ten() {
    let news = Msg::Jobs(Changes { changed: jobs(), ..Changes::default() });
    let mut model = play(empty((140, 40), FULL), [news]);
    assert_eq!(model.table.shown_count(), 100_000);
    let began = Instant::now();
    for code in [KeyCode::End, KeyCode::PageUp, KeyCode::Up, KeyCode::Home, KeyCode::PageDown].repeat(20) {
        model = play(model, [key(code)]);
        buffer(&model);
    }
    // This is far above the normal time, even unoptimized on a busy machine, and far below the time for going through
    // all jobs each time.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn a_click_and_the_end_reach_the_right_job() {
    let news = Msg::Jobs(Changes { changed: jobs(), ..Changes::default() });
    let model = play(empty((80, 24), FULL), [news, key(KeyCode::End)]);
    assert_eq!(model.table.selected().unwrap().id, format!("20261122-120000-{:08x}", 99_999));
    let rows = model.regions().rows;
    assert_eq!(model.table.position(), (99_999, 100_000 - usize::from(rows.height)));
}
