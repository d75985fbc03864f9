//! Which paths a user may exclude: films and folders of the library. A marker anywhere else would have no effect, and
//! would only litter a folder that isn't av1d's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use av1plan::Config;

use super::{ExclusionError, unreadable};
use crate::library::walk::has_extension;

/// Returns the path of a film or folder of the library, with the symlinks in its folders resolved. A film that no
/// longer exists is recognized by its name; the path itself must be no symlink.
pub(super) fn within(path: &Path, roots: &[PathBuf], policy: &Config) -> Result<PathBuf, ExclusionError> {
    let real = match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => folder.canonicalize().map(|folder| folder.join(name)),
        _ => path.canonicalize(),
    };
    let real = real.map_err(|error| unreadable(path, error))?;
    let found = match fs::symlink_metadata(&real) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(path, error)),
    };
    if found.as_ref().is_some_and(|found| !(found.is_dir() || found.is_file())) {
        return Err(ExclusionError::NoFilm { path: path.to_owned() });
    }
    let is_inside =
        roots.iter().filter_map(|root| root.canonicalize().ok()).any(|root| real.starts_with(root));
    if !is_inside {
        return Err(ExclusionError::Outside { path: path.to_owned(), roots: roots.to_vec() });
    }
    let is_folder = found.is_some_and(|found| found.is_dir());
    let is_film = real.file_name().is_some_and(|name| has_extension(name, policy));
    if is_folder || is_film { Ok(real) } else { Err(ExclusionError::OtherFile { path: path.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_films_and_folders_below_a_root_are_the_librarys() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        for folder in ["lib/Series", "lib2", "other/deep"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        for file in ["lib/a.MKV", "lib/notes.txt", "lib/Series/b.mp4", "lib2/c.mkv", "other/x.mkv"] {
            fs::write(home.join(file), "").unwrap();
        }
        symlink(home.join("other"), home.join("lib/out")).unwrap();
        symlink(home.join("lib/a.MKV"), home.join("lib/link.mkv")).unwrap();
        symlink(home.join("lib"), home.join("root")).unwrap();
        let roots = [home.join("root"), home.join("missing")];
        let policy = Config::default();
        let outcome = |path: &str| match within(&home.join(path), &roots, &policy) {
            Ok(real) => real.strip_prefix(&home).unwrap().to_str().unwrap().to_owned(),
            Err(ExclusionError::Missing { .. }) => "missing".to_owned(),
            Err(ExclusionError::NoFilm { .. }) => "no film".to_owned(),
            Err(ExclusionError::Outside { .. }) => "outside".to_owned(),
            Err(ExclusionError::OtherFile { .. }) => "other file".to_owned(),
            Err(error) => panic!("{error:?}"),
        };
        for (path, expected) in [
            ("lib", "lib"),
            ("lib/a.MKV", "lib/a.MKV"),
            ("root/a.MKV", "lib/a.MKV"),
            ("root/Series", "lib/Series"),
            ("root/Series/../Series/b.mp4", "lib/Series/b.mp4"),
            ("lib/gone.mkv", "lib/gone.mkv"),
            ("lib/gone", "other file"),
            ("lib/notes.txt", "other file"),
            ("lib/link.mkv", "no film"),
            ("root", "no film"),
            ("lib/out", "no film"),
            ("lib/out/x.mkv", "outside"),
            ("lib/out/deep", "outside"),
            ("lib/../other/x.mkv", "outside"),
            ("lib2/c.mkv", "outside"),
            ("other/x.mkv", "outside"),
            ("", "outside"),
            ("lib/..", "outside"),
            ("gone/a.mkv", "missing"),
            ("lib/a.MKV/b.mkv", "missing"),
        ] {
            assert_eq!(outcome(path), expected, "{path}");
        }
    }
}
