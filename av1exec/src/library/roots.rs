//! The root folders of the library.

use std::path::{Path, PathBuf};

use crate::sys::disk::folder_of;

/// Returns the root that contains a film, or the film's own folder if none does. Markers are looked up as far as this
/// folder. A root may be a symlink.
pub fn root_of(film: &Path, roots: &[PathBuf]) -> PathBuf {
    let topmost = above(film, roots).min_by_key(|root| root.as_os_str().len());
    topmost.unwrap_or_else(|| folder_of(film).to_owned())
}

/// Whether one of the roots contains a film.
pub fn is_below(film: &Path, roots: &[PathBuf]) -> bool {
    above(film, roots).next().is_some()
}

/// Returns the roots that contain a film, comparing both the configured paths of the roots and their real paths.
fn above(film: &Path, roots: &[PathBuf]) -> impl Iterator<Item = PathBuf> {
    let real = roots.iter().filter_map(|root| root.canonicalize().ok());
    roots.iter().cloned().chain(real).filter(move |root| film.starts_with(root))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_root_is_found_by_its_name_and_by_what_it_links_to() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        fs::create_dir(&real).unwrap();
        let link = folder.path().canonicalize().unwrap().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let roots = [link.clone()];
        assert_eq!(root_of(&link.join("a/b.mkv"), &roots), link);
        assert_eq!(root_of(&real.join("a/b.mkv"), &roots), real);
        assert_eq!(root_of(Path::new("/elsewhere/b.mkv"), &roots), Path::new("/elsewhere"));
        assert!(is_below(&real.join("a/b.mkv"), &roots) && !is_below(Path::new("/elsewhere/b.mkv"), &roots));
    }
}
