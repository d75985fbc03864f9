//! Scripts that stand in for ffmpeg and ffprobe: they lie, fail or hang when a test wants it, and otherwise run the
//! real program.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A shell script that is run instead of ffmpeg or ffprobe.
///
/// In the script, `$real` is the path of the real program, and `$output` is the last argument without its `file:`.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a> {
    /// The text that the arguments must contain for the script to act; any other call goes to the real program.
    pub when: &'a str,
    /// The shell commands to run then. If they don't exit, the real program runs after them.
    pub does: &'a str,
}

impl Script<'_> {
    /// Writes the script into `folder`, under the file name of the program `real`.
    pub fn install(&self, folder: &Path, real: &Path) -> PathBuf {
        let Self { when, does } = self;
        let real = real.to_str().unwrap();
        let text = format!(
            "#!/bin/sh\nreal='{real}'\nfor output; do :; done\noutput=${{output#file:}}\n\
             case \"$*\" in *'{when}'*)\n{does}\n;; esac\nexec \"$real\" \"$@\"\n"
        );
        let name = Path::new(real).file_name().unwrap();
        let (draft, target) = (folder.join("draft"), folder.join(name));
        std::fs::write(&draft, text).unwrap();
        // Another process copies the script. A file that is open for writing can't be run, and a test in another thread
        // that starts a program at this moment would make that program inherit our open file.
        let status = Command::new("install").args(["-m", "755"]).args([&draft, &target]).status().unwrap();
        assert!(status.success(), "failed to install {target:?}");
        target
    }
}
