//! Putting finished jobs away that aren't yet, and saying so where that takes a while.

use std::time::Instant;

use super::Pipeline;
use crate::status::Totals;

/// From so many on they are an older av1d's, which a person should know of: it takes a while, once.
const MANY: u64 = 1000;

impl Pipeline {
    /// Folds the finished jobs whose files lie in the state folder itself, and makes the index's table of them anew where it was lost. Says
    /// what those came to that weren't in the table.
    ///
    /// Waits for the disk; ends early where work is to stop. What goes wrong is told, and nothing is lost by it.
    pub fn fold_finished_jobs(&self) -> Totals {
        let state = &self.settings.job_state_dir;
        let mut began = None;
        let folded = self.jobs.fold_finished(|done, all| {
            if all > MANY {
                let began = *began.get_or_insert_with(|| {
                    self.warn(
                        state,
                        format!("{all} finished jobs are listed in the index, which is done once"),
                    );
                    Instant::now()
                });
                if done == all {
                    let seconds = began.elapsed().as_secs();
                    self.warn(state, format!("{all} finished jobs were listed in {seconds} s"));
                }
            }
            !self.stop.is_asked()
        });
        match folded {
            Ok(folded) => folded.totals,
            Err(error) => {
                self.warn(state, error.to_string());
                Totals::default()
            }
        }
    }
}
