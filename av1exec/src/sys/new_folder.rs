//! Creates a folder and fills it, for the files that are installed beside a program (manual pages, completions).

use std::path::Path;
use std::{fs, io};

use crate::sys::failure::{Exit, Failure};
use crate::sys::sanitize::display;

/// A folder that was created by [`NewFolder::fill`], so that nothing in it can be overwritten.
#[derive(Debug)]
pub struct NewFolder<'a>(&'a Path);

impl NewFolder<'_> {
    /// Creates the folder and calls `fill` to write into it. It fails if the folder already exists.
    pub fn fill(path: &Path, fill: impl FnOnce(&NewFolder<'_>) -> io::Result<()>) -> Result<(), Failure> {
        fs::create_dir(path).and_then(|()| fill(&NewFolder(path))).map_err(|error| {
            Failure::new(Exit::Failed, format!("failed to write into {}", display(path)))
                .cause(&error)
                .hint("name a folder that isn't there yet")
        })
    }

    /// Writes the file `place` inside the folder, and creates its parent folders.
    pub fn write(&self, place: &str, content: impl AsRef<[u8]>) -> io::Result<()> {
        let path = self.0.join(place);
        fs::create_dir_all(path.parent().unwrap_or(self.0))?;
        fs::write(path, content)
    }

    /// Creates the subfolder `place` and calls `write` with its path.
    pub fn within(&self, place: &str, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let path = self.0.join(place);
        fs::create_dir_all(&path)?;
        write(&path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_with_the_folders_above_them() {
        let scene = tempfile::tempdir().unwrap();
        let path = scene.path().join("share");
        let filled = NewFolder::fill(&path, |folder| {
            folder.write("doc/a/config.toml", "one")?;
            folder.write("doc/a/other.toml", "two")?;
            folder.within("man/man1", |manual| fs::write(manual.join("a.1"), "three"))
        });
        assert_eq!(filled, Ok(()));
        let written = |place: &str| fs::read_to_string(path.join(place)).unwrap();
        let files = ["doc/a/config.toml", "doc/a/other.toml", "man/man1/a.1"].map(written);
        assert_eq!(files, ["one", "two", "three"]);
    }

    #[test]
    fn a_folder_that_is_there_stays_as_it_is() {
        let scene = tempfile::tempdir().unwrap();
        let failure = NewFolder::fill(scene.path(), |folder| folder.write("a", "")).unwrap_err();
        assert_eq!(failure.exit, Exit::Failed);
        assert_eq!(fs::read_dir(scene.path()).unwrap().count(), 0);
    }
}
