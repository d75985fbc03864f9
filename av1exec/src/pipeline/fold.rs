//! Archives finished jobs, and reports it if that takes a while.

use std::path::PathBuf;
use std::time::Instant;

use av1plan::explain::Seconds;

use super::Pipeline;
use crate::state::jobs::Unread;
use crate::state::totals::Totals;

/// More jobs than this were written by an av1d without an archive. Archiving them happens once and takes a while,
/// so it is reported.
const MANY: u64 = 1000;

/// The result of archiving finished jobs.
#[derive(Debug, Default)]
pub struct PutAway {
    /// The totals of those jobs that weren't in the index before.
    pub totals: Totals,
    /// Paths that couldn't be archived or read, with the reason. Nothing is lost by that.
    pub trouble: Vec<(PathBuf, String)>,
}

impl Pipeline {
    /// Archives the finished jobs whose files are in the state folder itself, and rebuilds the index's table of
    /// jobs if it was lost.
    ///
    /// This waits for the disk, and calls `answered` each time the disk has answered. Returns early if the work has
    /// to stop.
    pub fn fold_finished_jobs(&self, answered: &dyn Fn()) -> PutAway {
        let state = &self.settings.job_state_dir;
        let mut began = None;
        let folded = self.jobs.fold_finished(|done, all| {
            answered();
            if all > MANY {
                let began = *began.get_or_insert_with(|| {
                    self.warn(
                        state,
                        format!("{all} finished jobs are listed in the index, which is done once"),
                    );
                    Instant::now()
                });
                if done == all {
                    let took = Seconds::from(began.elapsed());
                    self.warn(state, format!("{all} finished jobs were listed in {took}"));
                }
            }
            !self.stop.is_asked()
        });
        match folded {
            Ok(folded) => {
                // Job files of a newer version are reported by recovery.
                let is_told = |(_, unread): &(PathBuf, Unread)| !matches!(unread, Unread::Newer(_));
                let unread = folded.unread.into_iter().filter(is_told);
                let trouble = unread.map(|(path, unread)| (path, unread.to_string())).collect();
                PutAway { totals: folded.totals, trouble }
            }
            Err(error) => PutAway { trouble: vec![(state.clone(), error.to_string())], ..PutAway::default() },
        }
    }
}
