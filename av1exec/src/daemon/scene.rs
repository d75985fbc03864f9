//! A daemon for tests of what it decides: it has a state folder and roots of its own, and is told by hand what came.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use av1plan::{Config, Toolchain};
use tokio::sync::mpsc::{UnboundedReceiver, channel, unbounded_channel};

use super::{Daemon, Lines};
use crate::ffmpeg::tools::Tools;
use crate::library::film::Film;
use crate::pipeline::Pipeline;
use crate::pipeline::event::{Event, Events};
use crate::serve::control::feed::Feed;
use crate::serve::http::publisher;
use crate::settings::Settings;
use crate::state::jobs::JobStore;
use crate::sys::pause::Pause;
use crate::sys::reservation::Reservations;
use crate::sys::stop::{StopSwitch, stop_switch};
use crate::sys::waits::Waits;

pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) daemon: Daemon,
    /// What the daemon tells; held so that it finds somebody who listens.
    pub(super) _told: UnboundedReceiver<Event>,
    pub(super) stop: StopSwitch,
}

impl Scene {
    /// A daemon with these roots, in each of which there is one film, `Film.mkv`.
    pub(super) async fn set(roots: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        let roots: Vec<PathBuf> = roots.iter().map(|root| at.join(root)).collect();
        for root in &roots {
            fs::create_dir(root).unwrap();
            fs::write(root.join("Film.mkv"), format!("a film in {}", root.display())).unwrap();
        }
        let settings = Settings {
            job_state_dir: at.join("state"),
            library_roots: roots,
            policy: Config { min_bytes: 0, ..Config::default() },
            ..Settings::default()
        };
        let jobs = JobStore::open(&settings.job_state_dir).unwrap();
        let (events, told) = Events::channel();
        let (stop, stopped) = stop_switch();
        let toolchain = Toolchain::assumed();
        let pipeline = Pipeline {
            settings: Arc::new(settings),
            tools: Arc::new(Tools { ffmpeg: PathBuf::new(), ffprobe: PathBuf::new(), toolchain }),
            jobs,
            locks: Arc::default(),
            reservations: Reservations::default(),
            events,
            stop: stopped,
            pause: Pause::never(),
            waits: Waits::default(),
        };
        let settings = Arc::clone(&pipeline.settings);
        let lines = Lines {
            calls: channel(1).1,
            signals: unbounded_channel().1,
            feed: Feed::new(),
            publisher: publisher().0,
            reload: Arc::new(move || Ok((*settings).clone())),
        };
        let daemon = Daemon::open(pipeline, lines).await.unwrap();
        Self { folder, daemon, _told: told, stop }
    }

    pub(super) fn root(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// The film of a root as it looks now.
    pub(super) fn film(&self, root: &str) -> Film {
        let root: Arc<Path> = self.root(root).into();
        Film::look(&root.join("Film.mkv"), &root, &self.daemon.pipeline.settings.policy).unwrap()
    }
}
