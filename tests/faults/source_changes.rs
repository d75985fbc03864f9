//! Somebody changes the film at any moment: during the encode, during the check of the result, or between two steps of
//! the replacement.
//!
//! A result of the old content must never replace the new content, and the next run must look at the new content.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use av1d_tests::{Running, Script, wait_until};

use crate::check::defect;
use crate::stage::{Stage, Variant, other_film_of};
use crate::strace::Strace;
use crate::syscalls::{From, places};
use crate::table::{Case, Cases, Effort, Row, Violation};

/// How the film is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Truncated,
    Appended,
    /// Another film's bytes are written into the same inode.
    Overwritten,
    /// The first half is zeroed, and the modification time is put back.
    ZeroedQuietly,
    /// Another film is renamed over it, as download programs do.
    ReplacedByRename,
    Deleted,
}

impl Change {
    const ALL: [Self; 6] = [
        Self::Truncated,
        Self::Appended,
        Self::Overwritten,
        Self::ZeroedQuietly,
        Self::ReplacedByRename,
        Self::Deleted,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Appended => "appended to",
            Self::Overwritten => "overwritten in place",
            Self::ZeroedQuietly => "zeroed, its time put back",
            Self::ReplacedByRename => "replaced by rename",
            Self::Deleted => "deleted",
        }
    }

    /// Changes the file that has the film's name now. If there is none any more, a rename creates one; the other
    /// changes do nothing.
    fn apply(self, film: &Path, other: &[u8]) {
        let open = || OpenOptions::new().write(true).open(film).ok();
        match self {
            Self::Truncated => {
                if let Some(file) = open() {
                    let length = file.metadata().unwrap().len();
                    file.set_len(length / 2).unwrap();
                }
            }
            Self::Appended => {
                if let Ok(mut file) = OpenOptions::new().append(true).open(film) {
                    file.write_all(b"one more thing").unwrap();
                }
            }
            Self::Overwritten => {
                if let Some(mut file) = open() {
                    file.write_all(other).unwrap();
                    file.set_len(other.len().try_into().unwrap()).unwrap();
                }
            }
            Self::ZeroedQuietly => {
                if let Some(file) = open() {
                    let metadata = file.metadata().unwrap();
                    let times = FileTimes::new().set_modified(metadata.modified().unwrap());
                    let half = usize::try_from(metadata.len() / 2).unwrap();
                    (&file).write_all(&vec![0; half]).unwrap();
                    file.set_times(times).unwrap();
                }
            }
            Self::ReplacedByRename => {
                let draft = film.with_file_name(".download");
                fs::write(&draft, other).unwrap();
                fs::rename(draft, film).unwrap();
            }
            Self::Deleted => drop(fs::remove_file(film)),
        }
    }
}

/// When the film is changed.
#[derive(Debug, Clone)]
enum Moment {
    BeforeFfmpegReads,
    AfterFfmpegEnded,
    BeforeTheResultIsProbed,
    /// After the n-th call of this system call.
    After(&'static str, usize),
}

pub(crate) fn rows() -> Vec<Row> {
    let row =
        |change: Change| Row::new(format!("source {}", change.name()), move |effort| cases(change, effort));
    Change::ALL.map(row).into_iter().collect()
}

/// The system calls between the steps of a replacement.
const STEPS: [&str; 5] = ["fsync", "linkat", "rename", "renameat2", "unlink"];

fn cases(change: Change, effort: Effort) -> Cases {
    let mut all = Vec::new();
    for variant in [Variant::InPlace, Variant::NewName, Variant::NoLinks] {
        let mut moments =
            vec![Moment::BeforeFfmpegReads, Moment::AfterFfmpegEnded, Moment::BeforeTheResultIsProbed];
        if Strace::missing().is_none() {
            for call in STEPS {
                if variant.is_without_links() && call == "linkat" {
                    continue;
                }
                let places = places(variant, call, From::Start)?;
                moments.extend(places.into_iter().map(|when| Moment::After(call, when)));
            }
        }
        // After our own hard link and before our look at the inode's change time, nobody can tell who changed that
        // time.
        moments.retain(|moment| {
            change != Change::ZeroedQuietly || !matches!(moment, Moment::After("linkat", _))
        });
        let cases = moments.into_iter().map(|moment| {
            let what = format!("{moment:?}, {}", variant.name());
            Case::new(what, move || run(change, &moment, variant))
        });
        all.extend(cases);
    }
    if let (Some(why), Effort::All) = (Strace::missing(), effort) {
        return Err(why);
    }
    Ok(effort.of(all, 6))
}

fn run(change: Change, moment: &Moment, variant: Variant) -> Vec<Violation> {
    let mut stage = match Stage::set(variant) {
        Ok(stage) => stage,
        Err(why) => return vec![why],
    };
    let other = other_film_of(&stage.library, variant.film());
    let film = stage.film();
    let mut now = Content::Deleted { copies: false };
    let (root, original) = (stage.library.root(), stage.original.clone());
    let meanwhile = || {
        change.apply(&film, &other);
        now = match fs::read(&film) {
            Ok(bytes) => Content::New(bytes),
            Err(_) => Content::Deleted { copies: has_copies(&root, &original) },
        };
    };
    let said = match moment {
        Moment::BeforeFfmpegReads => at_a_script(&mut stage, "-progress", WAIT, meanwhile),
        Moment::AfterFfmpegEnded => {
            let script = format!("\"$real\" \"$@\"; code=$?\n{WAIT}\nexit $code");
            at_a_script(&mut stage, "-progress", &script, meanwhile)
        }
        Moment::BeforeTheResultIsProbed => at_the_probe(&mut stage, meanwhile),
        Moment::After(call, when) => {
            let strace = Strace::injecting(call, "signal=SIGSTOP", *when);
            let trace = stage.watch_held(&strace, meanwhile);
            trace.run.to_string()
        }
    };
    let mut found = stage.after_a_change(&now);
    if !found.is_empty() {
        found.push(said);
    }
    found
}

/// Shell commands that report that the moment has come, and then wait until the test is done.
const WAIT: &str = ": > ../scratch/reached; while [ ! -e ../scratch/over ]; do sleep 0.01; done";

fn at_a_script(stage: &mut Stage, when: &str, does: &str, meanwhile: impl FnOnce()) -> String {
    stage.library.replace_ffmpeg(Script { when, does });
    held_by_the_script(stage, meanwhile)
}

fn at_the_probe(stage: &mut Stage, meanwhile: impl FnOnce()) -> String {
    let once = format!("[ -e ../scratch/over ] || {{ {WAIT}; }}");
    stage.library.replace_ffprobe(Script { when: ".av1tmp", does: &once });
    held_by_the_script(stage, meanwhile)
}

fn held_by_the_script(stage: &mut Stage, meanwhile: impl FnOnce()) -> String {
    let mut running = Running::start(&mut stage.watch(), b"");
    let reached = stage.library.scratch().join("reached");
    wait_until("the moment is there", || {
        assert!(!running.has_ended(), "it ended too early");
        reached.exists()
    });
    meanwhile();
    File::create(stage.library.scratch().join("over")).unwrap();
    let run = running.wait();
    let tools = stage.library.tools.clone();
    stage.library.set("ffmpeg", tools.ffmpeg.to_str().unwrap());
    stage.library.set("ffprobe", tools.ffprobe.to_str().unwrap());
    run.to_string()
}

/// The film's content after the change.
enum Content {
    New(Vec<u8>),
    /// Somebody deleted the film. `copies` is whether a copy of the original, or a result, existed at that moment.
    Deleted {
        copies: bool,
    },
}

/// Whether the folder holds the original under another name, or a temporary result that isn't empty.
fn has_copies(root: &Path, original: &[u8]) -> bool {
    let files = fs::read_dir(root).unwrap().flatten().map(|entry| entry.path());
    let ours = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "av1tmp");
    files.into_iter().any(|path| {
        let bytes = fs::read(&path).unwrap_or_default();
        bytes == original || (ours(&path) && !bytes.is_empty() && !path.to_string_lossy().contains(".plan."))
    })
}

impl Stage {
    /// What is wrong after the film was changed during the work on it.
    fn after_a_change(&self, new: &Content) -> Vec<Violation> {
        let mut found = Vec::new();
        found.extend(self.orphans());
        found.extend(self.foreign_changes());
        found.extend(self.content_is_lost(new));
        let next = self.library.watch_once();
        found.extend(self.foreign_changes());
        found.extend(self.content_is_lost(new).map(|lost| format!("after the next run {lost}\n{next}")));
        let before = self.look();
        let idle = self.library.watch_once();
        found.extend(self.changed_since(&before).map(|changed| format!("{changed}\n{next}\n{idle}")));
        if !found.is_empty() {
            found.push(format!("files in the end: {:?}", self.library.files()));
        }
        found
    }

    /// The violation if neither the new content nor a result of it is there.
    fn content_is_lost(&self, new: &Content) -> Option<Violation> {
        let new = match new {
            Content::New(new) => new,
            Content::Deleted { copies: false } => return None,
            Content::Deleted { copies: true } => {
                // The user who deletes a film wants it gone, but the program must not delete the last copy or the
                // result as well.
                let mut left = self.library.files().into_iter().map(|name| self.library.path(name));
                let kept = |path: PathBuf| {
                    fs::read(&path).is_ok_and(|bytes| bytes == self.original) || self.is_whole(&path)
                };
                return (!left.any(kept) && !has_copies(&self.library.root(), &self.original))
                    .then(|| "neither film nor result is left".to_owned());
            }
        };
        let path = self.library.scratch().join("new");
        fs::write(&path, new).unwrap();
        let names = self.library.files();
        if names.iter().any(|name| fs::read(self.library.path(name)).is_ok_and(|bytes| bytes == *new)) {
            return None;
        }
        let defect = defect(&self.library.tools, &self.target(), &path)?;
        Some(format!(
            "the new content is lost: what has the film's name isn't made of it ({defect}); {names:?}"
        ))
    }

    fn is_whole(&self, path: &Path) -> bool {
        self.defect(path).is_none()
    }
}
