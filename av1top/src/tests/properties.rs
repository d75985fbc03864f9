//! Property tests: after any sequence of keys and events there is no panic, and the selected job stays selected.

use crate::message::JobFile;
use av1exec::serve::control::events::EventDocument;
use av1exec::serve::status::{RunningJob, Stage, State};
use av1plan::wire::PathDocument;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::screens::buffer;
use super::script::{FULL, briefs, empty, files, load, now, running, status};
use crate::job::Job;
use crate::keys::KEYS;
use crate::message::{Changes, Effect, Folder, LeftBehind, Machine, Msg, Worker};
use crate::model::Model;
use crate::update::update;
use av1exec::sys::failure::Exit;

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

/// A job of the script, or another job of the same film, in any of the script's states.
fn any_job() -> impl Strategy<Value = Job> {
    let one = proptest::sample::select(briefs());
    (one.clone(), one, 0..30_u16).prop_map(|(job, other, number)| {
        let started = other.started + SignedDuration::from_mins(number.into());
        Job { id: format!("id-{number}"), path: other.path, started, ..job }
    })
}

fn any_state() -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Running),
        Just(State::Paused),
        Just(State::QuietHours),
        Just(State::StateDiskFull),
        Just(State::Stopping),
    ]
}

fn any_id() -> impl Strategy<Value = String> {
    (0..30_u16).prop_map(|number| format!("id-{number}"))
}

/// Running jobs with arbitrary numbers, including those that no daemon would send.
fn any_running() -> impl Strategy<Value = RunningJob> {
    let stage = prop_oneof![Just(Stage::Encoding), Just(Stage::Paused), Just(Stage::Judging)];
    let numbers =
        (any::<Option<u64>>(), any::<u64>(), any::<Option<u64>>(), any::<Option<u64>>(), any::<u64>());
    let rates = (any::<Option<f64>>(), any::<Option<f64>>());
    (any_id(), stage, numbers, rates).prop_map(|(job, stage, numbers, (fps, speed))| {
        let (frames, frame, remaining_secs, size, size_before) = numbers;
        RunningJob {
            job,
            stage,
            frames,
            frame,
            fps,
            speed,
            remaining_secs,
            size,
            size_before,
            size_limit: size_before / 2,
            ..running(stage)
        }
    })
}

fn any_event() -> impl Strategy<Value = EventDocument> {
    prop_oneof![
        4 => any_running().prop_map(|RunningJob { job, frame, fps, speed, size, .. }| {
            EventDocument::Progressed { job, frame, fps, speed, out_secs: None, size }
        }),
        1 => (any_id(), ".{0,8}").prop_map(|(job, check)| EventDocument::Judging { job, check }),
        1 => (any_id(), ".{0,20}", any::<bool>()).prop_map(|(job, text, failed)| EventDocument::Finished {
            job: Some(job),
            path: briefs_path(),
            code: text.clone(),
            text,
            failed,
            hint: None,
            size_before: None,
            size_after: None,
            replaced_by: None,
        }),
        1 => ".{0,20}".prop_map(|message| EventDocument::Warning { path: briefs_path(), message }),
        1 => Just(EventDocument::Unknown),
    ]
}

fn briefs_path() -> PathDocument {
    files()[2].0.path.clone()
}

fn any_news() -> impl Strategy<Value = Msg> {
    let changed = proptest::collection::vec(any_job(), 0..12);
    let gone = proptest::collection::vec(any_id(), 0..6);
    let worker = prop_oneof![
        2 => Just(Worker::Gone(LeftBehind::default())),
        1 => Just(Worker::Gone(LeftBehind { last_sign: None, films: None })),
        2 => Just(Worker::Working("process 1".into())),
        1 => Just(Worker::Silent("\u{1b}[2J".into())),
        4 => (any_state(), prop::collection::vec(any_running(), 0..4)).prop_map(|(state, running)| {
            Worker::Daemon(Box::new(status(state, running)))
        }),
    ];
    prop_oneof![
        4 => (changed, gone).prop_map(|(changed, gone)| {
            Msg::Jobs(Changes { changed, gone, damaged: Vec::new() })
        }),
        2 => (any_id(), any::<Option<u64>>()).prop_map(|(id, bytes)| Msg::Sizes(vec![(id, bytes)])),
        2 => any_id().prop_map(|id| {
            let job: Result<JobFile, String> = load(files()[5].0.id.clone()).job;
            let mut loaded = load(id);
            loaded.job = job;
            Msg::Loaded(Box::new(loaded))
        }),
        2 => worker.prop_map(Msg::Worker),
        4 => any_event().prop_map(|event| Msg::Event(Box::new(event))),
        1 => (0..1_000_000_i64).prop_map(|seconds| Msg::Clock(now() + SignedDuration::from_secs(seconds))),
        1 => Just(Msg::Machine(Machine::default())),
        1 => Just(Msg::Folder(Folder::Missing)),
        1 => ".{0,20}".prop_map(Msg::Notice),
        1 => (0..200_u16, 0..60_u16).prop_map(|(columns, rows)| Msg::Resized(columns, rows)),
    ]
}

/// Whether the selected line is a line of the view, if the view isn't empty.
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
            // Events that the user didn't cause never select another job while the selected one is visible.
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
