//! Puts the terminal into full-screen mode, and restores it however the program ends.

use std::io::{self, ErrorKind, IsTerminal, Stdout};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use crossterm::execute;
use crossterm::terminal::{
    self, DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::model::Model;
use crate::view::view;

/// Whether the terminal is in full-screen mode. It must be restored exactly once, by whichever thread comes first.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal in full-screen mode.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Never dropped: dropping it on a closed terminal would print an error about the cursor to standard error, and
    /// panic if that is the same terminal.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
}

impl Screen {
    /// Switches to full-screen mode. A panic restores the terminal before its message is printed, so that the message
    /// can be read.
    pub(crate) fn open() -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::new(ErrorKind::Unsupported, "standard output is no terminal"));
        }
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            print(info);
        }));
        TAKEN.store(true, Ordering::SeqCst);
        let screen = Self::take_over();
        if screen.is_err() {
            give_back();
        }
        screen
    }

    fn take_over() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, DisableLineWrap, EnableMouseCapture)?;
        Ok(Self { terminal: ManuallyDrop::new(Terminal::new(CrosstermBackend::new(io::stdout()))?) })
    }

    /// Returns the number of columns and rows.
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Draws the model, unless the terminal was already restored.
    pub(crate) fn draw(&mut self, model: &Model) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            self.terminal.draw(|frame| view(model, frame))?;
        }
        Ok(())
    }

    /// Copies text to the clipboard of the user's terminal, also over a remote connection (OSC 52).
    pub(crate) fn copy(text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Restores what can be restored without writing to the terminal, which accepts no output.
pub(crate) fn abandon() {
    drop(terminal::disable_raw_mode());
}

/// The error that Linux returns for a closed terminal.
const EIO: i32 = 5;

/// Whether an error means that the terminal was closed.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(EIO) || error.kind() == ErrorKind::BrokenPipe
}

/// Restores the terminal. Errors are ignored, because there is nowhere to report them.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        drop(execute!(io::stdout(), DisableMouseCapture, EnableLineWrap, LeaveAlternateScreen, Show));
        drop(terminal::disable_raw_mode());
    }
}
