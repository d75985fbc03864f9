//! Tests of keys and the mouse, step by step.

use av1exec::serve::status::{Stage, State as DaemonState};
use av1exec::state::totals::Savings;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::script::{FULL, GIB, daemon, day, empty, files, key, load, now, play, progress, status, typed};
use crate::job::State;
use crate::message::{Changes, Command, Effect, LeftBehind, Machine, Msg, Worker};
use crate::model::Model;
use crate::update::update;
use av1exec::sys::failure::Exit;

fn model() -> Model {
    play(empty((80, 24), FULL), day())
}

fn names(model: &Model) -> Vec<String> {
    model.table.shown().map(|job| job.name().chars().take(6).collect()).collect()
}

fn mouse(kind: MouseEventKind, row: u16) -> Msg {
    Msg::Mouse(MouseEvent { kind, column: 10, row, modifiers: KeyModifiers::NONE })
}

#[test]
fn jobs_are_counted_and_what_was_saved_is_summed() {
    let model = model();
    let overview = model.table.overview();
    assert_eq!(State::ALL.map(|state| overview.count(state)), [1, 2, 1, 1, 1]);
    assert_eq!(overview.ever, Savings { before: 39 * GIB, after: 17 * GIB + GIB / 10 });
    // The older one ended more than a week ago.
    assert_eq!(overview.week, Savings { before: 30 * GIB, after: 14 * GIB });
}

#[test]
fn each_order_is_another_one() {
    let mut model = model();
    let table = [
        ["千と千尋の神", "Not.UT", "Solari", "Evil\\u", "A.Film", "Metrop"],
        ["A.Film", "Evil\\u", "Metrop", "Not.UT", "Solari", "千と千尋の神"],
        ["A.Film", "Metrop", "千と千尋の神", "Not.UT", "Solari", "Evil\\u"],
        ["A.Film", "Metrop", "千と千尋の神", "Solari", "Evil\\u", "Not.UT"],
        ["千と千尋の神", "A.Film", "Metrop", "Solari", "Not.UT", "Evil\\u"],
    ];
    for expected in table {
        assert_eq!(names(&model), expected, "{}", model.table.choice().sort.name());
        model = play(model, typed("s"));
    }
    assert_eq!(names(&model), table[0]);
}

#[test]
fn tabs_show_one_state_each_and_go_round() {
    let mut model = model();
    for expected in [1, 2, 1, 1, 1, 6] {
        model = play(model, [key(KeyCode::Tab)]);
        assert_eq!(model.table.shown_count(), expected);
    }
    model = play(model, [key(KeyCode::BackTab)]);
    assert_eq!(model.table.choice().tab, Some(State::Stopped));
}

#[test]
fn a_filter_goes_by_name_encoder_class_and_outcome() {
    let table = [
        ("SOLARIS", 1),
        ("libaom", 1),
        ("2160p", 1),
        ("too-big", 1),
        ("/media", 6),
        ("神隠し", 1),
        ("nobody", 0),
    ];
    for (filter, expected) in table {
        let model = play(model(), typed(&format!("/{filter}")));
        assert_eq!(model.table.shown_count(), expected, "{filter}");
        let model = play(model, [key(KeyCode::Esc)]);
        assert_eq!((model.table.shown_count(), model.typing), (6, false));
    }
    // While a filter is typed, keys are letters; after Enter they trigger actions again.
    let model = play(model(), typed("/qq").into_iter().chain([key(KeyCode::Backspace), key(KeyCode::Enter)]));
    assert_eq!(model.table.choice().filter, "q");
    let mut model = model;
    assert!(update(&mut model, key(KeyCode::Char('q'))).contains(&Effect::Quit(Exit::Done)));
}

#[test]
fn the_ways_out() {
    let mut model = play(model(), typed("/"));
    let interrupt = Msg::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(update(&mut model, interrupt).contains(&Effect::Quit(Exit::Done)));
    assert_eq!(update(&mut model, Msg::Stop(Exit::Interrupted)), [Effect::Quit(Exit::Interrupted)]);
}

#[test]
fn a_click_selects_and_the_wheel_scrolls() {
    let rows = model().regions().rows;
    let click = MouseEventKind::Down(MouseButton::Left);
    let clicked = play(model(), [mouse(click, rows.y + 2)]);
    assert_eq!(clicked.table.position(), (2, 0));
    // A click below the last job or outside the table selects nothing.
    let clicked = play(clicked, [mouse(click, rows.y + 9), mouse(click, 0)]);
    assert_eq!(clicked.table.position(), (2, 0));

    let small = play(empty((60, 12), FULL), day());
    let height = small.regions().rows.height;
    assert!(height < 6, "{height}");
    let scrolled = play(small, [mouse(MouseEventKind::ScrollDown, rows.y)]);
    assert_eq!(scrolled.table.position(), (0, usize::from(6 - height)));
    // A key press scrolls the selected line back into view.
    assert_eq!(play(scrolled, [key(KeyCode::Down)]).table.position(), (1, 1));
}

#[test]
fn a_command_is_copied_unless_pasting_it_would_be_a_risk() {
    let copy = |line: usize| {
        let mut model = play(model(), vec![key(KeyCode::Down); line]);
        let effects = update(&mut model, key(KeyCode::Char('y')));
        let Some(Effect::Load(id)) = effects.last().cloned() else { panic!("{effects:?}") };
        let effects = update(&mut model, Msg::Loaded(Box::new(load(id))));
        (effects, model.notice)
    };
    let (effects, _) = copy(0);
    let Some(Effect::Copy(line)) = effects.last() else { panic!("{effects:?}") };
    assert!(line.starts_with("ffmpeg -nostdin ") && line.contains("'file:/media/"), "{line}");
    // The path in line 1 isn't UTF-8.
    let (effects, notice) = copy(1);
    assert_eq!(effects, [Effect::Draw]);
    assert!(notice.unwrap().text.contains("av1cli plan"));
}

#[test]
fn nothing_is_drawn_while_nothing_changes() {
    let mut model = play(model(), [Msg::Worker(Worker::Gone(LeftBehind::default()))]);
    let machine = model.machine.clone().unwrap();
    assert_eq!(update(&mut model, Msg::Machine(machine.clone())), []);
    assert_eq!(update(&mut model, Msg::Machine(Machine { cpu: 1, ..machine })), [Effect::Draw]);
    assert_eq!(update(&mut model, Msg::Worker(Worker::Gone(LeftBehind::default()))), []);
    // No job is running, so that a second more changes nothing visible.
    let later = now() + jiff::SignedDuration::from_secs(1);
    assert_eq!(update(&mut model, Msg::Clock(later)), []);
    update(&mut model, Msg::Worker(Worker::Unknown));
    let later = later + jiff::SignedDuration::from_secs(1);
    assert_eq!(update(&mut model, Msg::Clock(later)), [Effect::Draw]);
}

#[test]
fn a_job_that_nobody_works_on_was_stopped() {
    let model = play(model(), [Msg::Worker(Worker::Gone(LeftBehind::default()))]);
    assert_eq!((model.table.running_count(), model.table.overview().count(State::Stopped)), (0, 2));
}

#[test]
fn open_details_follow_their_job() {
    let mut model = play(model(), [key(KeyCode::Enter)]);
    let id = model.details.as_ref().unwrap().id.clone();
    let changed = vec![files().pop().unwrap().ended(90, "replaced", "replaced", Some(GIB)).brief()];
    let effects = update(&mut model, Msg::Jobs(Changes { changed, ..Changes::default() }));
    assert_eq!(effects, [Effect::Draw, Effect::Load(id.clone())]);
    // Details that were requested before they were closed are ignored.
    let mut model = play(model, [key(KeyCode::Esc)]);
    assert_eq!(update(&mut model, Msg::Loaded(Box::new(load(id)))), []);
}

#[test]
fn what_is_new_moves_nothing_that_is_looked_at() {
    let mut model = play(empty((60, 12), FULL), day());
    model = play(model, [key(KeyCode::End)]);
    let (line, top) = model.table.position();
    assert!(top > 0);
    let newest =
        super::script::File::new(99, std::ffi::OsStr::new("New.mkv"), 1, GIB).ended(1, "failed", "x", None);
    let news = Changes { changed: vec![newest.brief()], ..Changes::default() };
    let model = play(model, [Msg::Jobs(news)]);
    assert_eq!(model.table.position(), (line + 1, top + 1));
}

fn pressed(model: &mut Model, code: char) -> Vec<Effect> {
    let effects = update(model, key(KeyCode::Char(code)));
    effects.into_iter().filter(|effect| *effect != Effect::Draw).collect()
}

fn notice(model: &Model) -> &str {
    model.notice.as_ref().map(|notice| notice.text.as_str()).unwrap_or_default()
}

#[test]
fn pause_goes_by_how_the_daemon_is() {
    let mut model = model();
    assert_eq!(pressed(&mut model, 'p'), [Effect::Carry(Command::Pause)]);
    model = play(model, [daemon(DaemonState::Paused, Stage::Paused)]);
    assert_eq!(pressed(&mut model, 'p'), [Effect::Carry(Command::Resume)]);
    for (worker, told) in [
        (Worker::Gone(LeftBehind::default()), "start one with `av1cli watch`"),
        (Worker::Working("process 7".into()), "process 7 works without a daemon"),
        (Worker::Silent("it hung up".into()), "it hung up"),
    ] {
        model = play(model, [Msg::Worker(worker)]);
        assert_eq!(pressed(&mut model, 'p'), []);
        assert!(notice(&model).contains(told), "{}", notice(&model));
    }
}

#[test]
fn what_costs_something_is_done_after_a_yes_only() {
    let running = files()[5].0.id.clone();
    for (wanted, command) in [('x', Command::Cancel(running.clone())), ('S', Command::Skip(running.clone()))]
    {
        for (answer, done) in [('y', true), ('Y', true), ('n', false)] {
            let mut model = model();
            assert_eq!(pressed(&mut model, wanted), []);
            assert_eq!(model.question.as_ref().map(|question| &question.command), Some(&command));
            // Other keys neither answer the question nor trigger their usual actions.
            for other in ['j', 'R', 'p', 'x'] {
                assert_eq!(pressed(&mut model, other), []);
            }
            update(&mut model, key(KeyCode::Enter));
            assert!(model.details.is_none() && model.question.is_some());
            let expected = if done { vec![Effect::Carry(command.clone())] } else { vec![] };
            assert_eq!(pressed(&mut model, answer), expected);
            assert!(model.question.is_none());
        }
    }
    let mut model = play(model(), typed("x"));
    update(&mut model, key(KeyCode::Esc));
    assert!(model.question.is_none());
    model = play(model, typed("x"));
    assert_eq!(pressed(&mut model, 'q'), [Effect::Quit(Exit::Done)]);
}

#[test]
fn only_what_runs_can_be_cancelled() {
    let mut model = play(model(), [key(KeyCode::End)]);
    assert_eq!(pressed(&mut model, 'x'), []);
    assert!(model.question.is_none());
    assert!(notice(&model).contains("isn't being encoded"), "{}", notice(&model));
}

#[test]
fn a_film_is_tried_again_at_once_also_from_its_details() {
    let mut model = play(model(), [key(KeyCode::End), key(KeyCode::Enter)]);
    assert_eq!(pressed(&mut model, 'R'), [Effect::Carry(Command::Retry(files()[0].0.id.clone()))]);
    let mut empty = empty((80, 24), FULL);
    assert_eq!(pressed(&mut empty, 'R'), []);
    assert_eq!(notice(&empty), "no job is selected");
}

#[test]
fn events_move_a_card_between_two_looks_at_the_daemon() {
    let id = files()[5].0.id.clone();
    let model = model();
    let live = model.live.job(&id).unwrap();
    // The script has nine reports, and the ninth is 900 frames ahead of the status.
    assert_eq!((live.running.frame, live.pace.shares(9).len()), (74_304 + 900, 9));
    let mut model = play(model, [daemon(DaemonState::Running, Stage::Encoding)]);
    assert_eq!(model.live.job(&id).unwrap().pace.shares(9).len(), 9, "its pace is kept");
    // The same status again needn't be drawn.
    assert_eq!(update(&mut model, daemon(DaemonState::Running, Stage::Encoding)), []);
    let idle = Msg::Worker(Worker::Daemon(Box::new(status(DaemonState::Running, Vec::new()))));
    assert_eq!(update(&mut model, idle), [Effect::Draw]);
    assert!(model.live.job(&id).is_none());
    assert_eq!(progress().map(|event| update(&mut model, event)).find(|effects| !effects.is_empty()), None);
}

#[test]
fn a_notice_goes_by_itself() {
    let mut model = play(model(), [Msg::Notice("paused".into())]);
    let after = |seconds| Msg::Clock(now() + jiff::SignedDuration::from_secs(seconds));
    update(&mut model, after(9));
    assert_eq!(notice(&model), "paused");
    assert!(update(&mut model, after(10)).contains(&Effect::Draw));
    assert_eq!(model.notice, None);
}
