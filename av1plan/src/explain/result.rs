//! One line of text about a file, a progress report, a run of ffmpeg and a judgement.

use core::fmt;

use super::{Bytes, Plain, Seconds};
use crate::judge::{Judgement, Progress, RunReport};
use crate::probe::FileFacts;

impl fmt::Display for FileFacts {
    /// Name and size: `Film.mkv (8.0 GiB)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", Plain(&self.name), Bytes(self.size))
    }
}

impl fmt::Display for Progress {
    /// Frames, time and size as far as they are known: `48 frames, 2 s, 94.0 KiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} frames", self.frame)?;
        if let Some(time) = self.out_time {
            write!(f, ", {}", Seconds::from(time))?;
        }
        if let Some(size) = self.total_size {
            write!(f, ", {}", Bytes(size))?;
        }
        Ok(())
    }
}

impl fmt::Display for RunReport {
    /// How ffmpeg ended, and how many frames it encoded: `exit code 0, 48 frames`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exit_code {
            Some(code) => write!(f, "exit code {code}")?,
            None => f.write_str("ended by a signal")?,
        }
        match self.frames {
            Some(frames) => write!(f, ", {frames} frames"),
            None => f.write_str(", an unknown number of frames"),
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("the result holds all that was promised"),
            Self::TooBig { size, limit } => {
                write!(f, "the result has {}, and less than {} was asked for", Bytes(*size), Bytes(*limit))
            }
            Self::Defective(defects) => listed(f, defects),
            Self::Incomplete { missing } => {
                f.write_str("not everything was looked at: ")?;
                listed(f, missing)
            }
        }
    }
}

fn listed<T: fmt::Display>(f: &mut fmt::Formatter<'_>, parts: &[T]) -> fmt::Result {
    parts.iter().enumerate().try_for_each(|(position, part)| {
        if position > 0 {
            f.write_str("; ")?;
        }
        part.fmt(f)
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::judge::{Defect, Missing, ProgressReader};

    #[test]
    fn each_is_one_line() {
        assert_eq!(FileFacts::new("Film\n.mkv", 8 << 30).to_string(), "Film\\n.mkv (8.0 GiB)");
        let mut reader = ProgressReader::default();
        let lines = ["frame=48", "out_time_us=2000000", "total_size=96321", "progress=end"];
        let progress = lines.iter().filter_map(|line| reader.add_line(line)).last().unwrap();
        assert_eq!(progress.to_string(), "48 frames, 2 s, 94.0 KiB");
        let mut run = RunReport::new(Some(0));
        assert_eq!(run.to_string(), "exit code 0, an unknown number of frames");
        run.add_progress(&progress);
        assert_eq!(run.to_string(), "exit code 0, 48 frames");
        assert_eq!(RunReport::new(None).to_string(), "ended by a signal, an unknown number of frames");
    }

    #[test]
    fn a_judgement_says_all_that_speaks_against_a_result() {
        let table = [
            (Judgement::Accept, "the result holds all that was promised"),
            (
                Judgement::TooBig { size: 1024, limit: 512 },
                "the result has 1.0 KiB, and less than 512 bytes was asked for",
            ),
            (
                Judgement::Defective([Defect::Unreadable, Defect::Unfinished].into()),
                "ffprobe can't read the result; ffmpeg ended without its closing report",
            ),
            (
                Judgement::Incomplete { missing: [Missing::Decode].into() },
                "not everything was looked at: the result wasn't decoded",
            ),
        ];
        for (judgement, text) in table {
            assert_eq!(judgement.to_string(), text);
        }
    }
}
