//! Escapes untrusted text (such as file names) before a person sees it.

use std::borrow::Cow;
use std::path::Path;

use av1plan::explain::is_hostile;

/// Makes text harmless for a terminal, a log line or a text file: control characters (escape sequences, line breaks)
/// and characters that change the writing direction are replaced by escapes.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| if is_hostile(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// Returns a path as harmless text; bytes that aren't UTF-8 become U+FFFD.
pub fn display(path: &Path) -> String {
    sanitize(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_shown_and_not_obeyed() {
        let table = [
            ("Amélie – 2001.mkv", "Amélie – 2001.mkv"),
            ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("a\u{202e}vkm.exe", "a\\u{202e}vkm.exe"),
            ("\u{9b}31m", "\\u{9b}31m"),
        ];
        for (text, shown) in table {
            assert_eq!(sanitize(text), shown);
        }
    }
}
