//! The terminal: taken over whole, and given back as it was on every way out.

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

/// Whether the terminal is taken over: it must be given back once, by whoever comes first.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is taken over.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Never dropped: it would print to standard error that it couldn't show the cursor on a terminal that is gone, and panic
    /// where that is the same terminal.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
}

impl Screen {
    /// Takes the terminal over. Panics give it back before they are told, so that their words can be read.
    pub(crate) fn open() -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::new(ErrorKind::Unsupported, "standard output is no terminal"));
        }
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            tell(info);
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

    /// Columns and rows.
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Draws, as long as the terminal is taken over.
    pub(crate) fn draw(&mut self, model: &Model) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            self.terminal.draw(|frame| view(model, frame))?;
        }
        Ok(())
    }

    /// Puts text on the clipboard of whoever sits before the terminal, wherever that is (OSC 52).
    pub(crate) fn copy(text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives back what can be given back without writing to the terminal, which takes nothing more.
pub(crate) fn abandon() {
    drop(terminal::disable_raw_mode());
}

/// What Linux says of a terminal that was closed.
const EIO: i32 = 5;

/// Whether an error says that the terminal is gone.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(EIO) || error.kind() == ErrorKind::BrokenPipe
}

/// Gives the terminal back. An error has nobody left to be told to.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        drop(execute!(io::stdout(), DisableMouseCapture, EnableLineWrap, LeaveAlternateScreen, Show));
        drop(terminal::disable_raw_mode());
    }
}
