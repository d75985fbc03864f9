//! Putting finished jobs away that aren't yet, and saying so where that takes a while.

use std::path::PathBuf;
use std::time::Instant;

use av1plan::explain::Seconds;

use super::Pipeline;
use crate::state::jobs::Unread;
use crate::state::totals::Totals;

/// From so many on they are an older av1d's, which a person should know of: it takes a while, once.
const MANY: u64 = 1000;

/// What putting finished jobs away came to.
#[derive(Debug, Default)]
pub struct PutAway {
    /// What those jobs came to that weren't in the index before.
    pub totals: Totals,
    /// What couldn't be put away or read: on which path, and why. Nothing is lost by it.
    pub trouble: Vec<(PathBuf, String)>,
}

impl Pipeline {
    /// Folds the finished jobs whose files lie in the state folder itself, and fills the index's table of them where it was lost.
    ///
    /// Waits for the disk, and calls `answered` each time that it has answered; ends early where work is to stop.
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
                // Those of a newer version are recovery's to tell of.
                let is_told = |(_, unread): &(PathBuf, Unread)| !matches!(unread, Unread::Newer(_));
                let unread = folded.unread.into_iter().filter(is_told);
                let trouble = unread.map(|(path, unread)| (path, unread.to_string())).collect();
                PutAway { totals: folded.totals, trouble }
            }
            Err(error) => PutAway { trouble: vec![(state.clone(), error.to_string())], ..PutAway::default() },
        }
    }
}
