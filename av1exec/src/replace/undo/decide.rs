//! Decides the next step of an undo, by what is found under the paths that the replacement touched.

use strum::IntoStaticStr;

/// What is found under one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// No file.
    Nothing,
    /// The film as it was before it was encoded.
    Original,
    /// The result that av1d put in the film's place, byte for byte.
    Replacement,
    /// A file with the size and time of the result, but with other bytes or bytes that can't be read: damage, since
    /// an edit changes the time.
    Rotten,
    /// A file with the inode or the size of the result, which somebody edited.
    Edited,
    /// Anything else.
    Other,
    /// Unknown, because the disk doesn't answer or a file can't be read to its end.
    Unknown,
}

/// How a file gets another name on this file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// By a hard link: a file can have two names at once.
    Links,
    /// By a rename only (exFAT, some network file systems).
    Renames,
}

/// Whether a job's file records an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It records none.
    Open,
    /// The job was undone.
    Undone,
    /// A newer version wrote the job, so no undo can be recorded.
    Newer,
}

/// What is found on the disk, and what the job records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// Under the film's original path.
    pub film: Held,
    /// Under the path that the original is kept under.
    pub backup: Held,
    /// Whether these two are hard links to one file.
    pub one_file: bool,
    /// Under the hidden path that the replacement has while the original takes its place.
    pub aside: Held,
    /// Under the replacement's own path; `None` if it has the film's path.
    pub target: Option<Held>,
    /// Whether a marker excludes the film from further encodes.
    pub marked: bool,
    /// What the job records.
    pub noted: Noted,
    /// How a file gets another name on this file system.
    pub naming: Naming,
}

/// A step of an undo. Each is taken only if the disk shows that it wasn't taken yet, so that an undo continues
/// where an earlier one was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Move {
    /// Write the marker, so that no daemon encodes the film again.
    Mark,
    /// Give the replacement a second, hidden name.
    SetAside,
    /// Rename the original over the replacement, in one step.
    PutBackOver,
    /// Give the original its own name again, which is free.
    PutBack,
    /// Delete the name that the original was kept under.
    DropBackup,
    /// Delete the replacement under its hidden name.
    DeleteAside,
    /// Delete the replacement under its own name.
    DeleteTarget,
    /// Record in the job that it was undone.
    Record,
}

/// Why an undo is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Refusal {
    /// There is no original any more.
    NoOriginal,
    /// The file under the original's path isn't the original.
    OriginalChanged,
    /// Somebody changed the replacement: deleting it would lose their work.
    ReplacementChanged,
    /// The replacement is damaged, although nobody wrote to it. The original is better, but av1d doesn't delete a
    /// file that isn't what it wrote.
    ReplacementRotten,
    /// Another file has a name that the undo needs.
    NameTaken,
    /// A newer version wrote the job, so the undo couldn't be recorded.
    NewerJob,
    /// A file can't be read.
    Unreadable,
}

/// The next action of an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Take this step.
    Do(Move),
    /// Nothing: the undo is complete.
    Done,
    /// Nothing: the undo is refused for this reason.
    Refuse(Refusal),
}

/// Returns the next action of an undo.
pub fn next(scene: Scene) -> Next {
    match scene.noted {
        Noted::Open => {}
        Noted::Undone => return Next::Done,
        Noted::Newer => return Next::Refuse(Refusal::NewerJob),
    }
    let found = [Some(scene.film), Some(scene.backup), Some(scene.aside), scene.target];
    if found.contains(&Some(Held::Unknown)) {
        return Next::Refuse(Refusal::Unreadable);
    }
    let next = match scene.target {
        None => in_place(scene),
        Some(target) => under_a_new_name(scene, target),
    };
    match next {
        // The marker is written first: once the original has its name, a daemon would take it for a new film.
        Next::Do(_) if !scene.marked => Next::Do(Move::Mark),
        next => next,
    }
}

/// Handles a replacement that has the film's path.
fn in_place(scene: Scene) -> Next {
    use Held::{Edited, Nothing, Original, Other, Replacement, Rotten, Unknown};
    match (scene.film, scene.backup, scene.aside) {
        (Original, Original, _) if scene.one_file => Next::Do(Move::DropBackup),
        (Original, _, Replacement) => Next::Do(Move::DeleteAside),
        (Original, _, _) => Next::Do(Move::Record),
        (Edited | Other, _, _) => Next::Refuse(Refusal::ReplacementChanged),
        (_, Nothing, _) => Next::Refuse(Refusal::NoOriginal),
        (Rotten, Original, _) => Next::Refuse(Refusal::ReplacementRotten),
        (Nothing, Original, _) => Next::Do(Move::PutBack),
        (Replacement, Original, Nothing) if scene.naming == Naming::Links => Next::Do(Move::SetAside),
        // With a hard link to it, the replacement survives this rename; otherwise the rename deletes it. At every
        // instant the name holds one of the two films.
        (Replacement, Original, Nothing | Replacement) => Next::Do(Move::PutBackOver),
        (Replacement, Original, _) => Next::Refuse(Refusal::NameTaken),
        (_, Replacement | Rotten | Edited | Other | Unknown, _) => Next::Refuse(Refusal::OriginalChanged),
        (Unknown, _, _) => Next::Refuse(Refusal::Unreadable),
    }
}

/// Handles a replacement that has a path of its own.
fn under_a_new_name(scene: Scene, target: Held) -> Next {
    use Held::{Nothing, Original, Replacement, Rotten};
    match (scene.film, scene.backup, target) {
        (Original, Original, _) if scene.one_file => Next::Do(Move::DropBackup),
        (Original, _, Replacement) => Next::Do(Move::DeleteTarget),
        // Any other file under the new path belongs to somebody else.
        (Original, _, _) => Next::Do(Move::Record),
        (Nothing, Nothing, _) => Next::Refuse(Refusal::NoOriginal),
        (Nothing, Original, Replacement | Nothing) => Next::Do(Move::PutBack),
        (Nothing, Original, Rotten) => Next::Refuse(Refusal::ReplacementRotten),
        (Nothing, Original, _) => Next::Refuse(Refusal::ReplacementChanged),
        (Nothing, _, _) => Next::Refuse(Refusal::OriginalChanged),
        (_, _, _) => Next::Refuse(Refusal::NameTaken),
    }
}

/// Returns what must be found after a step. If something else is found, the step wasn't carried out, whatever the
/// system call returned.
pub(super) fn after(scene: Scene, step: Move) -> Scene {
    let mut after = scene;
    match step {
        Move::Mark => after.marked = true,
        Move::SetAside => after.aside = Held::Replacement,
        Move::PutBack if scene.naming == Naming::Links => {
            (after.film, after.one_file) = (Held::Original, true);
        }
        Move::PutBackOver | Move::PutBack => {
            (after.film, after.backup) = (Held::Original, Held::Nothing);
        }
        Move::DropBackup => (after.backup, after.one_file) = (Held::Nothing, false),
        Move::DeleteAside => after.aside = Held::Nothing,
        Move::DeleteTarget => after.target = Some(Held::Nothing),
        Move::Record => after.noted = Noted::Undone,
    }
    after
}

/// Whether a step needs hard links and could also be done by a rename.
pub(super) fn links(scene: Scene, step: Move) -> bool {
    matches!(step, Move::SetAside | Move::PutBack) && scene.naming == Naming::Links
}

/// Which paths still hold a file after the undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) backup: bool,
    pub(super) aside: bool,
    pub(super) target: bool,
}

/// Returns which paths still hold a file once all remaining steps are taken.
pub(super) fn left(scene: Scene) -> Left {
    let end = to_the_end(scene).map_or(scene, |(_, end)| end);
    Left {
        backup: end.backup != Held::Nothing,
        aside: end.aside != Held::Nothing,
        target: end.target.is_some_and(|target| target != Held::Nothing),
    }
}

/// Returns all remaining steps.
pub fn all(scene: Scene) -> Result<Vec<Move>, Refusal> {
    to_the_end(scene).map(|(steps, _)| steps)
}

/// Returns all remaining steps, and the scene after them.
fn to_the_end(mut scene: Scene) -> Result<(Vec<Move>, Scene), Refusal> {
    let mut steps = Vec::new();
    loop {
        match next(scene) {
            Next::Done => return Ok((steps, scene)),
            Next::Refuse(refusal) => return Err(refusal),
            Next::Do(step) => {
                scene = after(scene, step);
                steps.push(step);
            }
        }
    }
}

#[cfg(test)]
mod tests;
