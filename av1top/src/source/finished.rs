//! Reads finished jobs from the table of the index: the latest first, and after that only new ones.

use std::path::Path;

use av1exec::state::index::{Mark, peek_jobs};
use av1exec::state::jobs::{JobStore, JobSummary};

use crate::job::Job;
use crate::message::Msg;

/// How many jobs are sent before the others are read: more than the largest screen has lines.
const FIRST: usize = 300;
/// How many jobs are sent in one message.
const BATCH: usize = 10_000;

/// What is known of the finished jobs.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// The position in the table at the last read; `None` before the first one.
    mark: Option<Mark>,
    /// Whether the job files were read instead, because there is no table.
    without_table: bool,
}

impl Finished {
    /// Sends the jobs that are new since the last look.
    pub(super) fn look(&mut self, folder: &Path, anew: bool, send: &mut impl FnMut(Msg)) {
        if anew {
            (self.mark, self.without_table) = (None, false);
        }
        let known = self.mark;
        let mut send = |jobs: &[JobSummary]| {
            if !jobs.is_empty() {
                send(Msg::Finished(jobs.iter().map(Job::of).collect()));
            }
        };
        let read = peek_jobs(folder, |table| {
            let mark = table.mark()?;
            match known.filter(|known| known.is_of_the_same_table(&mark)) {
                Some(known) if known == mark => {}
                Some(known) => send(&table.since(known)?),
                None => {
                    let mut last: Option<String> = None;
                    loop {
                        let count = if last.is_none() { FIRST } else { BATCH };
                        let jobs = table.before(last.as_deref(), count)?;
                        send(&jobs);
                        match jobs.last() {
                            Some(job) => last = Some(job.id.clone()),
                            None => break,
                        }
                    }
                }
            }
            Ok(mark)
        });
        if let Ok(Some(mark)) = read {
            self.mark = Some(mark);
        } else if known.is_none() && !self.without_table {
            let mut jobs = Vec::new();
            // Unreadable files are ignored here; the daemon reports them.
            let read = JobStore::read_only(folder).each_finished(|job| {
                jobs.extend(job);
                if jobs.len() == FIRST {
                    send(&std::mem::take(&mut jobs));
                }
            });
            send(&jobs);
            self.without_table = read.is_ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::script::files;

    fn told(finished: &mut Finished, folder: &Path) -> Vec<Vec<String>> {
        let mut told = Vec::new();
        finished.look(folder, false, &mut |msg| match msg {
            Msg::Finished(jobs) => told.push(jobs.into_iter().map(|job| job.id).collect()),
            other => panic!("{other:?}"),
        });
        told
    }

    #[test]
    fn each_finished_job_is_told_once_with_a_table_and_without() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let store = JobStore::open(folder).unwrap();
        let mut jobs: Vec<_> =
            files().into_iter().map(|file| file.0).filter(|job| job.outcome.is_some()).collect();
        let last = jobs.pop().unwrap();
        let mut ids: Vec<String> = jobs.iter().map(|job| job.id.clone()).collect();
        ids.reverse();
        for job in &jobs {
            store.save(job).unwrap();
        }
        let mut finished = Finished::default();
        assert_eq!(
            told(&mut finished, folder),
            [ids.clone()],
            "from the files, since the table isn't complete"
        );
        assert!(told(&mut finished, folder).is_empty());

        store.fold_finished(|_, _| true).unwrap();
        let mut finished = Finished::default();
        assert_eq!(told(&mut finished, folder), [ids]);
        assert!(told(&mut finished, folder).is_empty());
        store.save(&last).unwrap();
        assert_eq!(told(&mut finished, folder), [[last.id.clone()]]);
        let mut undone = last.clone();
        undone.undo();
        store.save(&undone).unwrap();
        assert_eq!(told(&mut finished, folder), [[last.id]]);
    }
}
