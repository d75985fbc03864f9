//! What is to be done next to put an original back, by what is found under the names that a replacement touched.

use strum::IntoStaticStr;

/// What is found under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// The film as it was before it was encoded.
    Original,
    /// What av1d put in its place, byte for byte.
    Replacement,
    /// What av1d put in its place by size and time, but with other bytes, or with some that can't be read: no edit does that.
    Rotten,
    /// The same file, or one of its size, with other bytes.
    Edited,
    /// Anything else.
    Other,
    /// Nobody can say: the disk doesn't answer, or a file can't be read to its end.
    Unknown,
}

/// How a file gets another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It can have two at once.
    Links,
    /// By a rename only: exFAT, some network file systems.
    Renames,
}

/// What a job says of its undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// Nothing yet.
    Open,
    /// It was undone.
    Undone,
    /// Nothing, and nothing can be noted: a program of a later version wrote it.
    Newer,
}

/// What is found, and what is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// Under the name that the film had.
    pub film: Held,
    /// Under the name that the original is kept by.
    pub backup: Held,
    /// Whether these two are one file by two names.
    pub one_file: bool,
    /// Under the hidden name that the replacement has while the original takes its place.
    pub aside: Held,
    /// Under the replacement's own name; nothing where it has the film's.
    pub target: Option<Held>,
    /// Whether the film is left alone from now on.
    pub marked: bool,
    /// What the job says.
    pub noted: Noted,
    /// How a file gets another name here.
    pub naming: Naming,
}

/// One step. Each is made only where the disk says that it wasn't made yet, so that a second run goes on where a first was cut off.
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
    /// Take the original's other name away.
    DropBackup,
    /// Delete the replacement by its hidden name.
    DeleteAside,
    /// Delete the replacement by its own name.
    DeleteTarget,
    /// Note in the job that it was undone.
    Record,
}

/// Why nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Refusal {
    /// There is no original any more.
    NoOriginal,
    /// What has the original's name isn't the original.
    OriginalChanged,
    /// The replacement isn't what av1d put there any more: deleting it would lose somebody's work.
    ReplacementChanged,
    /// The replacement is damaged, though nobody wrote to it: it is the better for an original, but not ours to delete.
    ReplacementRotten,
    /// Another file has the film's old name.
    NameTaken,
    /// A newer program wrote the job: that it was undone couldn't be noted.
    NewerJob,
    /// Something can't be read.
    Unreadable,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// This step.
    Do(Move),
    /// All is as it was before the encode.
    Done,
    /// Nothing, for this reason.
    Refuse(Refusal),
}

/// What comes next.
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
        // First of all: from the moment on that the original has its name, a daemon would take it for a new film.
        Next::Do(_) if !scene.marked => Next::Do(Move::Mark),
        next => next,
    }
}

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
        // Without a second name the replacement goes in the moment in which the original comes: the name holds one of them.
        (Replacement, Original, Nothing | Replacement) => Next::Do(Move::PutBackOver),
        (Replacement, Original, _) => Next::Refuse(Refusal::NameTaken),
        (_, Replacement | Rotten | Edited | Other | Unknown, _) => Next::Refuse(Refusal::OriginalChanged),
        (Unknown, _, _) => Next::Refuse(Refusal::Unreadable),
    }
}

fn under_a_new_name(scene: Scene, target: Held) -> Next {
    use Held::{Nothing, Original, Replacement, Rotten};
    match (scene.film, scene.backup, target) {
        (Original, Original, _) if scene.one_file => Next::Do(Move::DropBackup),
        (Original, _, Replacement) => Next::Do(Move::DeleteTarget),
        // Whatever else has the new name is somebody's.
        (Original, _, _) => Next::Do(Move::Record),
        (Nothing, Nothing, _) => Next::Refuse(Refusal::NoOriginal),
        (Nothing, Original, Replacement | Nothing) => Next::Do(Move::PutBack),
        (Nothing, Original, Rotten) => Next::Refuse(Refusal::ReplacementRotten),
        (Nothing, Original, _) => Next::Refuse(Refusal::ReplacementChanged),
        (Nothing, _, _) => Next::Refuse(Refusal::OriginalChanged),
        (_, _, _) => Next::Refuse(Refusal::NameTaken),
    }
}

/// What must be found after a step; where something else is, it wasn't done, whatever the call said.
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

/// Whether a step is one that a disk without second names can't do, and there is another way.
pub(super) fn links(scene: Scene, step: Move) -> bool {
    matches!(step, Move::SetAside | Move::PutBack) && scene.naming == Naming::Links
}

/// Under which names there is something still when all is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) backup: bool,
    pub(super) aside: bool,
    pub(super) target: bool,
}

/// What stays once all steps from here are done.
pub(super) fn left(scene: Scene) -> Left {
    let end = to_the_end(scene).map_or(scene, |(_, end)| end);
    Left {
        backup: end.backup != Held::Nothing,
        aside: end.aside != Held::Nothing,
        target: end.target.is_some_and(|target| target != Held::Nothing),
    }
}

/// All steps from here to the end.
pub fn all(scene: Scene) -> Result<Vec<Move>, Refusal> {
    to_the_end(scene).map(|(steps, _)| steps)
}

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
