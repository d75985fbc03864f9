//! Progress bars that are drawn into a sink, so that drawing never waits for the terminal.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use console::Term;
use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};

use crate::output::sink::{Importance, Sink};

thread_local! {
    /// The importance of what this thread draws: that of the bars, or of a line above them.
    static DRAWN: Cell<Importance> = const { Cell::new(Importance::Drawing) };
}

/// Calls `draw`, which draws a line above the bars, with this importance.
pub(crate) fn above(importance: Importance, draw: impl FnOnce()) {
    DRAWN.set(importance);
    draw();
    DRAWN.set(Importance::Drawing);
}

/// Creates bars on the terminal that `sink` writes to. They are hidden if they aren't wanted or can't be drawn.
pub(crate) fn open(wanted: bool, sink: &Sink) -> MultiProgress {
    // Bars can't be drawn without a terminal, or on one that can't move its cursor.
    let hidden = !wanted || ProgressDrawTarget::stderr().is_hidden();
    let target = if hidden {
        ProgressDrawTarget::hidden()
    } else {
        let screen = Screen { sink: sink.clone(), terminal: Term::stderr(), drawing: Mutex::default() };
        ProgressDrawTarget::term_like_with_hz(Box::new(screen), 4)
    };
    MultiProgress::with_draw_target(target)
}

/// Collects what is drawn until it is passed to the sink as a whole.
#[derive(Debug)]
struct Screen {
    sink: Sink,
    /// Used only to query the terminal's size.
    terminal: Term,
    drawing: Mutex<String>,
}

impl Screen {
    fn drawing(&self) -> MutexGuard<'_, String> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends to the drawing. This can't fail, because it writes to a string. It returns a `Result` because the
    /// methods of `TermLike` do.
    fn add(&self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.drawing().write_fmt(text).map_err(io::Error::other)
    }

    /// Moves the cursor `n` steps in a direction, with an ANSI escape sequence.
    fn step(&self, n: usize, direction: char) -> io::Result<()> {
        if n > 0 { self.add(format_args!("\x1b[{n}{direction}")) } else { Ok(()) }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.terminal.size().1
    }

    fn height(&self) -> u16 {
        self.terminal.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.step(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.step(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.step(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.step(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(format_args!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.add(format_args!("{text}"))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add(format_args!("\r\x1b[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        let drawing = std::mem::take(&mut *self.drawing());
        if !drawing.is_empty() {
            self.sink.push(DRAWN.get(), drawing.into_bytes());
        }
        Ok(())
    }
}
