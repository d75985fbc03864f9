//! Whatever is pressed and whatever happens: no panic, and the selected job stays the selected one.

use av1exec::jobs::Job as JobFile;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::screens::buffer;
use super::script::{FULL, briefs, empty, files, load, now};
use crate::job::Job;
use crate::keys::KEYS;
use crate::message::{Changes, Effect, Folder, Machine, Msg, Worker};
use crate::model::Model;
use crate::update::update;
use av1exec::failure::Exit;

fn any_key() -> impl Strategy<Value = Msg> {
    let bound = proptest::sample::select(KEYS.iter().flat_map(|binding| binding.keys).collect::<Vec<_>>());
    prop_oneof![
        8 => bound.prop_map(|(modifiers, code)| Msg::Key(KeyEvent::new(*code, *modifiers))),
        2 => any::<char>().prop_map(|c| Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))),
        1 => Just(Msg::Key(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE))),
    ]
}

fn any_mouse() -> impl Strategy<Value = Msg> {
    let kind = prop_oneof![
        Just(MouseEventKind::Down(MouseButton::Left)),
        Just(MouseEventKind::ScrollUp),
        Just(MouseEventKind::ScrollDown),
        Just(MouseEventKind::Moved),
    ];
    (kind, 0..200_u16, 0..60_u16).prop_map(|(kind, column, row)| {
        Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    })
}

/// A job of the script, or another one of the same film, in any of the script's states.
fn any_job() -> impl Strategy<Value = Job> {
    let one = proptest::sample::select(briefs());
    (one.clone(), one, 0..30_u16).prop_map(|(job, other, number)| {
        let started = other.started + SignedDuration::from_mins(number.into());
        Job { id: format!("id-{number}"), path: other.path, started, ..job }
    })
}

fn any_news() -> impl Strategy<Value = Msg> {
    let changed = proptest::collection::vec(any_job(), 0..12);
    let gone = proptest::collection::vec((0..30_u16).prop_map(|number| format!("id-{number}")), 0..6);
    let id = (0..30_u16).prop_map(|number| format!("id-{number}"));
    let worker = prop_oneof![Just(Worker::Gone), Just(Worker::Working("process 1".into()))];
    prop_oneof![
        4 => (changed, gone).prop_map(|(changed, gone)| {
            Msg::Jobs(Changes { changed, gone, damaged: Vec::new() })
        }),
        2 => (id.clone(), any::<Option<u64>>()).prop_map(|(id, bytes)| Msg::Sizes(vec![(id, bytes)])),
        2 => id.prop_map(|id| {
            let job: Result<JobFile, String> = load(files()[5].0.id.clone()).job;
            let mut loaded = load(id);
            loaded.job = job;
            Msg::Loaded(Box::new(loaded))
        }),
        1 => worker.prop_map(Msg::Worker),
        1 => (0..1_000_000_i64).prop_map(|seconds| Msg::Clock(now() + SignedDuration::from_secs(seconds))),
        1 => Just(Msg::Machine(Machine::default())),
        1 => Just(Msg::Folder(Folder::Missing)),
        1 => ".{0,20}".prop_map(Msg::Notice),
        1 => (0..200_u16, 0..60_u16).prop_map(|(columns, rows)| Msg::Resized(columns, rows)),
    ]
}

/// Whether the selected job is one that is shown, wherever one is.
fn selection_is_sound(model: &Model) -> bool {
    let (line, top) = model.table.position();
    match model.table.selected() {
        None => model.table.shown_count() == 0,
        Some(selected) => {
            let at_line = model.table.shown().nth(line);
            at_line.is_some_and(|job| job.id == selected.id) && top < model.table.shown_count()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_the_selection_is_never_lost(
        script in proptest::collection::vec(prop_oneof![any_key(), any_mouse(), any_news()], 1..60),
        columns in 0..150_u16,
        rows in 0..45_u16,
    ) {
        let mut model = empty((columns, rows), FULL);
        for msg in script {
            let before = model.table.selected().map(|job| job.id.clone());
            let by_itself = !matches!(msg, Msg::Key(_) | Msg::Mouse(_));
            let effects = update(&mut model, msg);
            prop_assert!(!effects.contains(&Effect::Quit(Exit::Failed)));
            prop_assert!(selection_is_sound(&model));
            // What happens by itself never selects another job while the selected one is still shown.
            if let Some(before) = before
                && by_itself
                && model.table.shown().any(|job| job.id == before)
            {
                prop_assert_eq!(&model.table.selected().unwrap().id, &before);
            }
        }
        if columns > 0 && rows > 0 {
            buffer(&model);
        }
    }

    #[test]
    fn a_filter_gives_the_selected_job_back(filter in "[a-z0-9.]{1,6}", line in 0..6_usize) {
        let jobs = Changes { changed: briefs(), ..Changes::default() };
        let mut model = empty((80, 24), FULL);
        update(&mut model, Msg::Jobs(jobs));
        let press = |model: &mut Model, code| drop(update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))));
        for _ in 0..line {
            press(&mut model, KeyCode::Down);
        }
        let before = model.table.selected().unwrap().id.clone();
        press(&mut model, KeyCode::Char('/'));
        for c in filter.chars() {
            press(&mut model, KeyCode::Char(c));
        }
        press(&mut model, KeyCode::Esc);
        prop_assert_eq!(&model.table.selected().unwrap().id, &before);
    }
}
