//! What is drawn, at the sizes of a phone's shell, an old terminal and a large one.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::script::{self, FULL, day, empty, key, machine, play, typed};
use crate::message::{Folder, Msg, Worker};
use crate::model::{Looks, Model};
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

/// Draws what `script` leads to at each size.
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
    // A key takes the notice of the damaged file away.
    snapshot("list", &after_the_day([key(KeyCode::Esc)]));
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
    let gone = [Msg::Worker(Worker::Gone), Msg::Folder(Folder::Missing)];
    snapshot("empty", &machine().into_iter().chain(gone).collect::<Vec<_>>());
}

#[test]
fn a_state_folder_that_cannot_be_read() {
    let refused = Msg::Folder(Folder::Unreadable("Permission denied (os error 13)".into()));
    snapshot("unreadable", &machine().into_iter().chain([refused]).collect::<Vec<_>>());
}

#[test]
fn ascii_and_no_colours_where_that_is_asked_for() {
    let plain = Looks { colour: false, unicode: false };
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
fn only_the_sixteen_colours_of_the_terminal_are_used() {
    for keys in [vec![], vec![key(KeyCode::Enter)], vec![key(KeyCode::Char('?'))], typed("/x")] {
        let model = play(empty((140, 40), FULL), after_the_day(keys));
        for cell in &buffer(&model).content {
            for colour in [cell.fg, cell.bg] {
                assert!(!matches!(colour, Color::Rgb(..) | Color::Indexed(_)), "{colour:?}");
            }
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
