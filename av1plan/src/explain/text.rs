//! Pieces of sentences: texts from files, times, small numbers.

use core::fmt::{self, Write as _};

use super::Seconds;
use crate::number::Micros;

/// Text from a file, such as a tag, which may contain anything. It is displayed with hostile characters escaped, so
/// that it stays on one line and changes nothing in a terminal.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            if is_hostile(c) { write!(f, "{}", c.escape_default()) } else { f.write_char(c) }
        })
    }
}

/// Whether a character is hostile in a terminal, which means that it does more than appear there: a control character
/// (escape sequence, line break) or one that changes the direction of writing.
pub fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A time in a film, displayed like a clock: `0:07`, `1:32:05`.
pub(super) struct Clock(pub(super) Micros);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Seconds(u64::try_from(self.0.0 / 1_000_000).unwrap_or_default()).short())
    }
}

/// A number of thousandths that is displayed as a decimal number: 1234 as `1.234`.
pub(super) struct Thousandths(pub(super) u64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}
