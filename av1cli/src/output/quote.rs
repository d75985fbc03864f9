//! Quotes a command line so that a POSIX shell splits it back into the same arguments.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// Quotes each argument if necessary. Every byte is preserved; NUL can't occur in an argument.
pub(crate) fn command_line(program: &OsString, args: &[OsString]) -> Vec<u8> {
    let words = std::iter::once(program).chain(args).map(|word| quoted(word.as_bytes()));
    words.collect::<Vec<_>>().join(&b' ')
}

fn quoted(word: &[u8]) -> Vec<u8> {
    // `shlex` puts everything that has a special meaning for the shell into quotes.
    shlex::bytes::try_quote(word).map_or_else(|_| word.to_vec(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn the_shell_gives_every_argument_back() {
        let words: Vec<OsString> = [
            &b"plain"[..],
            b"",
            b"with space",
            b"it's",
            b"\"double\"",
            b"$(touch x)",
            b"`x`",
            b"a\nb",
            b"\xff\xfe",
            b"%03d",
            b"-v",
            b"*",
            b"~",
            b"back\\slash",
            b"!bang",
            b"file:/a/b:c.mkv",
            b"pad=ceil(iw/2)*2:ceil(ih/2)*2,setsar=1",
        ]
        .map(|word| OsString::from_vec(word.to_vec()))
        .into();
        let line =
            command_line(&OsString::from("printf"), &[&[OsString::from("%s\\0")], &words[..]].concat());
        let mut script = line;
        script.push(b'\n');
        let output =
            std::process::Command::new("sh").arg("-c").arg(OsString::from_vec(script)).output().unwrap();
        let mut expected: Vec<u8> = Vec::new();
        for word in &words {
            expected.extend(word.as_bytes());
            expected.push(0);
        }
        assert_eq!(output.stdout, expected);
    }
}
