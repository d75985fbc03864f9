//! The file in which ffmpeg records the time of each frame that goes into the encoder.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use av1plan::Micros;
use av1plan::judge::frame_time;

/// A file of frame times.
#[derive(Debug, Clone)]
pub(crate) struct FrameTimes(PathBuf);

impl FrameTimes {
    /// The file at `path`, which doesn't exist yet; ffmpeg creates it.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Reads the times, eight bytes of memory per frame. Returns `None` if the file is incomplete; a result without
    /// frame times isn't accepted.
    pub(crate) fn read(&self) -> Option<Vec<Micros>> {
        let lines = BufReader::new(File::open(&self.0).ok()?).lines();
        let times = lines.map(|line| frame_time(&line.ok()?));
        times.collect::<Option<Vec<_>>>().filter(|times| !times.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_from_a_whole_file_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.times");
        std::fs::write(&path, "0 1/25\n1 1/25\n").unwrap();
        let times = FrameTimes::new(path.clone());
        assert_eq!(times.read(), Some(vec![Micros(0), Micros(40_000)]));
        std::fs::write(&path, "0 1/25\nhalf a l").unwrap();
        assert_eq!(times.read(), None, "what was cut off by a full disk is no word on the result");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(FrameTimes::new(path).read(), None);
    }
}
