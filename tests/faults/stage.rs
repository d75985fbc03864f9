//! A library with one film and some other files, in which a fault is injected.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use av1d_tests::{Library, PICTURE, SOUND, Script, wait_until};

use crate::strace::{Strace, Trace, read};

/// How the film is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The result gets the name of the film, and the original is deleted.
    InPlace,
    /// The result gets the name of the film, and the original is kept as `.orig`.
    KeepOriginal,
    /// The result of an `.avi` gets a new name, `.mkv`.
    NewName,
    /// Like `InPlace`, on a file system without hard links.
    NoLinks,
    /// The result of an `.avi` gets a new name, on a file system without hard links.
    NewNameNoLinks,
}

impl Variant {
    pub(crate) const ALL: [Self; 5] =
        [Self::InPlace, Self::KeepOriginal, Self::NewName, Self::NoLinks, Self::NewNameNoLinks];

    /// The variant's name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InPlace => "in place",
            Self::KeepOriginal => "original kept",
            Self::NewName => "new name",
            Self::NoLinks => "no hard links",
            Self::NewNameNoLinks => "new name, no hard links",
        }
    }

    /// The film's name.
    pub(crate) fn film(self) -> &'static str {
        match self {
            Self::NewName | Self::NewNameNoLinks => "Film.avi",
            Self::InPlace | Self::KeepOriginal | Self::NoLinks => "Film.mkv",
        }
    }

    /// Whether the file system has no hard links.
    pub(crate) fn is_without_links(self) -> bool {
        matches!(self, Self::NoLinks | Self::NewNameNoLinks)
    }
}

/// One film in its own library, beside files that the program must not touch.
pub(crate) struct Stage {
    pub(crate) library: Library,
    pub(crate) variant: Variant,
    /// The film's bytes.
    pub(crate) original: Vec<u8>,
    /// The bytes of each file that the program must not touch, by its name.
    pub(crate) foreign: BTreeMap<String, Vec<u8>>,
}

/// Files that people have beside a film. Some of their names resemble those of the program's own files.
const NEIGHBOURS: [&str; 7] = [
    "Film.nfo",
    "Film.srt",
    "poster.jpg",
    ".Film.mkv.plan.av1tmp",
    "Other.mkv.orig",
    "Film.mkv.orig.txt",
    "Film.mkv.why",
];

impl Stage {
    /// Makes the library, or returns why it can't, for example because there is no ffmpeg.
    pub(crate) fn set(variant: Variant) -> Result<Self, String> {
        let mut library = Library::open().ok_or("ffmpeg 8 or newer is missing")?;
        library.hurry();
        if variant == Variant::KeepOriginal {
            library.set("keep_original", true);
        }
        let original = film_of(&library, variant.film());
        fs::write(library.path(variant.film()), &original).unwrap();
        let mut foreign = BTreeMap::new();
        for name in NEIGHBOURS {
            let content = format!("{name}: somebody's own").into_bytes();
            fs::write(library.path(name), &content).unwrap();
            foreign.insert(name.to_owned(), content);
        }
        Ok(Self { library, variant, original, foreign })
    }

    /// The film's path.
    pub(crate) fn film(&self) -> PathBuf {
        self.library.path(self.variant.film())
    }

    /// The path of the result after the replacement.
    pub(crate) fn target(&self) -> PathBuf {
        self.library.path("Film.mkv")
    }

    /// The path of the original while it is being replaced.
    pub(crate) fn backup(&self) -> PathBuf {
        self.library.path(format!("{}.orig", self.variant.film()))
    }

    /// Runs `av1cli watch --once` under strace from its start.
    pub(crate) fn watch_under(&self, strace: &Strace) -> Trace {
        let mut strace = strace.clone();
        if self.variant.is_without_links() {
            strace.inject_always("link,linkat", "error=EPERM");
        }
        strace.run(&self.watch(), &self.library.scratch().join("trace"))
    }

    /// Like [`Self::watch_under`], but strace attaches only when ffmpeg is running. The calls of the thread that
    /// replaces the film are then counted from 1, and no earlier call of another thread is hit. `strace` gets the
    /// process id and the path of the temporary result.
    pub(crate) fn watch_joined(&mut self, strace: impl FnOnce(u32, &Path) -> Strace) -> Trace {
        let wait = ": > ../scratch/reached; while [ ! -e ../scratch/over ]; do sleep 0.01; done";
        self.library.replace_ffmpeg(Script { when: "-progress", does: wait });
        let running = self.library.start(["watch", "--once"]);
        wait_until("ffmpeg works", || self.library.scratch().join("reached").exists());
        let mut files = self.library.files();
        files.retain(|name| name.ends_with(".av1tmp") && !self.foreign.contains_key(name));
        let mut strace = strace(running.id(), &self.library.path(files.first().unwrap()));
        if self.variant.is_without_links() {
            strace.inject_always("link,linkat", "error=EPERM");
        }
        let file = self.library.scratch().join("trace");
        let tracer = strace.attach(running.id(), &file);
        fs::write(self.library.scratch().join("over"), "").unwrap();
        let run = running.wait();
        drop(tracer.wait());
        self.make_honest();
        Trace { run, lines: read(&file) }
    }

    /// Like [`Self::watch_under`], but runs `meanwhile` when strace has stopped the program.
    pub(crate) fn watch_held(&self, strace: &Strace, meanwhile: impl FnOnce()) -> Trace {
        let mut strace = strace.clone();
        if self.variant.is_without_links() {
            strace.inject_always("link,linkat", "error=EPERM");
        }
        strace.run_held(&self.watch(), &self.library.scratch().join("trace"), meanwhile)
    }

    /// Returns the command `av1cli watch --once`.
    pub(crate) fn watch(&self) -> Command {
        self.library.command(["watch", "--once"])
    }
}

/// A film of the same kind as [`film_of`], with another picture.
pub(crate) fn other_film_of(library: &Library, name: &str) -> Vec<u8> {
    static MKV: OnceLock<Vec<u8>> = OnceLock::new();
    static AVI: OnceLock<Vec<u8>> = OnceLock::new();
    let made = if name == "Film.avi" { &AVI } else { &MKV };
    let arguments = format!("{SOUND} {} -c:a ac3", PICTURE.replace("testsrc2", "smptebars"));
    made.get_or_init(|| made_by(library, &arguments, name)).clone()
}

/// A film of one second with sound, made only once for each extension.
pub(crate) fn film_of(library: &Library, name: &str) -> Vec<u8> {
    static MKV: OnceLock<Vec<u8>> = OnceLock::new();
    static AVI: OnceLock<Vec<u8>> = OnceLock::new();
    let made = if name == "Film.avi" { &AVI } else { &MKV };
    made.get_or_init(|| made_by(library, &format!("{SOUND} {PICTURE} -c:a ac3"), name)).clone()
}

fn made_by(library: &Library, arguments: &str, name: &str) -> Vec<u8> {
    let path = library.scratch().join(format!("template-{name}"));
    library.tools.make(&library.scratch(), arguments, &path);
    fs::read(&path).unwrap()
}
