//! Snapshot tests of the screen at three sizes: a phone's shell, an old terminal and a large terminal.

use av1exec::serve::control::events::EventDocument;
use av1exec::serve::status::{Stage, State};
use crossterm::event::KeyCode;
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::script::{self, FULL, daemon, day, empty, files_only, key, machine, now, play, typed};
use crate::message::{Folder, LeftBehind, Msg, Worker};
use crate::model::{Colours, Looks, Model};
use crate::view::view;

const SIZES: [(u16, u16); 3] = [(60, 15), (80, 24), (140, 40)];

fn drawn(model: &Model) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(model.area.width, model.area.height)).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    terminal
}

pub(super) fn buffer(model: &Model) -> Buffer {
    drawn(model).backend().buffer().clone()
}

/// Draws the model after `script` at each size.
fn snapshot(name: &str, script: &[Msg]) {
    for (columns, rows) in SIZES {
        let model = play(empty((columns, rows), FULL), script.iter().cloned());
        assert_snapshot!(format!("{name}-{columns}x{rows}"), drawn(&model).backend());
    }
}

fn after_the_day(keys: impl IntoIterator<Item = Msg>) -> Vec<Msg> {
    day().into_iter().chain(keys).collect()
}

#[test]
fn the_list() {
    // Pressing a key removes the notice about the damaged file.
    snapshot("list", &after_the_day([key(KeyCode::Esc)]));
}

#[test]
fn the_list_without_a_daemon_to_ask() {
    let script: Vec<Msg> = files_only().into_iter().chain([key(KeyCode::Esc)]).collect();
    snapshot("files-only", &script);
}

#[test]
fn a_daemon_that_ended() {
    let rest = LeftBehind {
        last_sign: Some(now() - jiff::SignedDuration::from_mins(45)),
        films: Some(script::status(State::Running, Vec::new()).films),
    };
    snapshot("gone", &after_the_day([Msg::Worker(Worker::Gone(rest)), key(KeyCode::Esc)]));
}

#[test]
fn a_daemon_that_is_paused() {
    snapshot("paused", &after_the_day([daemon(State::Paused, Stage::Paused), key(KeyCode::Esc)]));
}

#[test]
fn a_result_that_is_checked() {
    let job = script::running(Stage::Judging).job;
    let checked = Msg::Event(Box::new(EventDocument::Judging { job, check: "picture".into() }));
    snapshot("checked", &after_the_day([checked, key(KeyCode::Esc)]));
}

#[test]
fn a_daemon_that_does_not_answer() {
    let silent = Worker::Silent(
        "failed to talk to the daemon at /var/lib/av1d/jobs/control.sock: it doesn't answer".into(),
    );
    snapshot("silent", &after_the_day([Msg::Worker(silent), key(KeyCode::Esc)]));
}

#[test]
fn a_question_before_work_is_lost() {
    snapshot("question", &after_the_day([key(KeyCode::Char('x'))]));
}

#[test]
fn a_film_that_failed_is_told() {
    let file = &script::files()[5].0;
    let failed = EventDocument::Finished {
        job: Some(file.id.clone()),
        path: file.path.clone(),
        code: "decode-error".into(),
        text: "the result can't be decoded to its end".into(),
        failed: true,
        hint: None,
        size_before: None,
        size_after: None,
        replaced_by: None,
    };
    snapshot("told", &after_the_day([Msg::Event(Box::new(failed))]));
}

#[test]
fn the_details_of_a_running_job() {
    snapshot("detail", &after_the_day([key(KeyCode::Enter)]));
}

#[test]
fn the_details_of_a_hostile_name() {
    let keys = [key(KeyCode::End), key(KeyCode::Up), key(KeyCode::Up), key(KeyCode::Enter)];
    snapshot("detail-hostile", &after_the_day(keys));
}

#[test]
fn the_end_of_the_details() {
    snapshot("detail-end", &after_the_day([key(KeyCode::Enter), key(KeyCode::End)]));
}

#[test]
fn the_help() {
    snapshot("help", &after_the_day([key(KeyCode::Char('?'))]));
}

#[test]
fn a_filter_while_it_is_typed() {
    snapshot("filter", &after_the_day(typed("/1080P")));
}

#[test]
fn a_filter_that_nothing_matches() {
    let keys = typed("/xyz").into_iter().chain([key(KeyCode::Enter)]);
    snapshot("filter-nothing", &after_the_day(keys));
}

#[test]
fn a_state_folder_that_is_not_there() {
    let gone = [Msg::Worker(Worker::Gone(LeftBehind::default())), Msg::Folder(Folder::Missing)];
    snapshot("empty", &machine().into_iter().chain(gone).collect::<Vec<_>>());
}

#[test]
fn a_state_folder_that_cannot_be_read() {
    let refused = Msg::Folder(Folder::Unreadable("Permission denied (os error 13)".into()));
    snapshot("unreadable", &machine().into_iter().chain([refused]).collect::<Vec<_>>());
}

#[test]
fn ascii_and_no_colours_where_that_is_asked_for() {
    let plain = Looks { colours: Colours::None, unicode: false };
    for keys in [vec![], vec![key(KeyCode::Enter)], vec![key(KeyCode::Char('?'))]] {
        for size in SIZES {
            let model = play(empty(size, plain), after_the_day(keys.clone()));
            for cell in &buffer(&model).content {
                assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
            }
        }
    }
    let model = play(empty((80, 24), plain), day());
    assert_snapshot!("list-ascii-80x24", drawn(&model).backend());
}

#[test]
fn a_terminal_gets_no_colours_but_its_own() {
    for colours in [Colours::Sixteen, Colours::Cube, Colours::True] {
        let looks = Looks { colours, ..FULL };
        let mut shades = 0;
        for keys in [vec![], vec![key(KeyCode::Enter)], vec![key(KeyCode::Char('?'))], typed("/x")] {
            let model = play(empty((140, 40), looks), after_the_day(keys));
            for cell in &buffer(&model).content {
                for colour in [cell.fg, cell.bg] {
                    let (cube, rgb) = (matches!(colour, Color::Indexed(_)), matches!(colour, Color::Rgb(..)));
                    assert!(!cube || colours == Colours::Cube, "{colour:?}");
                    assert!(!rgb || colours == Colours::True, "{colour:?}");
                    shades += usize::from(cube || rgb);
                }
            }
        }
        assert_eq!(shades > 0, colours != Colours::Sixteen);
    }
}

#[test]
fn a_daemon_that_says_hostile_things_is_shown_and_not_obeyed() {
    // The terminal library drops control characters, but not characters that change the writing direction.
    const EVIL: &str = "\u{202e}\u{1b}]0;owned\u{7}\u{9b}2J\n";
    let mut status = script::status(State::Running, vec![script::running(Stage::Encoding)]);
    for text in [&mut status.ffmpeg, &mut status.encoder, &mut status.version] {
        *text = EVIL.into();
    }
    status.films.insert(EVIL.into(), 1 << 40);
    status.running[0].settings = EVIL.into();
    let job = status.running[0].job.clone();
    let workers = [
        Worker::Daemon(Box::new(status.clone())),
        Worker::Silent(EVIL.into()),
        Worker::Working(EVIL.into()),
        Worker::Gone(LeftBehind { last_sign: None, films: Some(status.films) }),
    ];
    let events = [
        EventDocument::Judging { job, check: EVIL.into() },
        EventDocument::Warning { path: script::files()[2].0.path.clone(), message: EVIL.into() },
    ];
    for size in SIZES {
        for worker in workers.clone() {
            let told = events.clone().map(|event| Msg::Event(Box::new(event)));
            let script = after_the_day([Msg::Worker(worker)]).into_iter().chain(told);
            let shown = buffer(&play(empty(size, FULL), script));
            let text: String = shown.content.iter().map(ratatui::buffer::Cell::symbol).collect();
            assert!(!text.contains(['\u{202e}', '\u{1b}', '\u{9b}']), "{text}");
            assert!(text.contains("\\u{1b}"), "{text}");
        }
    }
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let hostile = script::files()[2].0.id.clone();
    for size in SIZES {
        for keys in [vec![], vec![key(KeyCode::Enter)]] {
            let mut model = play(empty(size, FULL), day());
            while model.table.selected().unwrap().id != hostile {
                model = play(model, [key(KeyCode::Down)]);
            }
            let model = play(model, keys);
            let shown = buffer(&model);
            assert!(shown.content.iter().all(|cell| !cell.symbol().contains(char::is_control)));
            let text: String = shown.content.iter().map(ratatui::buffer::Cell::symbol).collect();
            assert!(text.contains("Evil\\u{1b}[2J"), "{text}");
        }
    }
}
