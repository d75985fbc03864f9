//! Stand-ins for ffmpeg and ffprobe that lie, fail or hang where a test wants it, and else run the real one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A shell script that takes a program's place.
///
/// `$real` is the program, `$output` the last argument without its `file:`.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a> {
    /// What an argument must contain for the script to run; any other call goes to the real program.
    pub when: &'a str,
    /// What is done then. Where it doesn't exit, the real program runs after it.
    pub does: &'a str,
}

impl Script<'_> {
    /// Writes it into `folder` under the name of the program that it stands in for.
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
        // Copied by another process: a file that is open for writing can't be run, and a test that starts a program at
        // this moment in another thread would hold ours open.
        let status = Command::new("install").args(["-m", "755"]).args([&draft, &target]).status().unwrap();
        assert!(status.success(), "failed to install {target:?}");
        target
    }
}
