//! What a walk passes over on purpose, counted, so that nobody searches for films that were never looked at.

use std::collections::BTreeMap;

use crate::sys::sanitize::sanitize;

/// Folders and links that a walk doesn't enter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// How many folders have a name in `ignored_folders`, by that name.
    pub folders: BTreeMap<String, usize>,
    /// How many symlinks there are, whatever they point to: to look would mean to wait for another disk.
    pub links: usize,
}

impl PassedOver {
    /// How many folders are ignored.
    pub fn ignored(&self) -> usize {
        self.folders.values().sum()
    }

    /// Adds the counts of another walk.
    pub fn add(&mut self, other: &Self) {
        for (name, count) in &other.folders {
            *self.folders.entry(name.clone()).or_default() += count;
        }
        self.links += other.links;
    }

    /// Says it in words, or returns `None` if nothing was passed over.
    pub fn words(&self) -> Option<String> {
        /// So many names are told.
        const NAMED: usize = 6;
        let mut parts = Vec::new();
        let verb = |count| if count == 1 { "is" } else { "are" };
        let plural = |count| if count == 1 { "" } else { "s" };
        let ignored = self.ignored();
        if ignored > 0 {
            let mut names: Vec<String> =
                self.folders.keys().take(NAMED).map(|name| sanitize(name).to_string()).collect();
            if self.folders.len() > NAMED {
                names.push("...".to_owned());
            }
            let names = names.join(", ");
            parts.push(format!("{ignored} folder{} {} ignored ({names})", plural(ignored), verb(ignored)));
        }
        if self.links > 0 {
            parts.push(format!(
                "{} link{} {} not followed",
                self.links,
                plural(self.links),
                verb(self.links)
            ));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(folders: &[(&str, usize)], links: usize) -> PassedOver {
        PassedOver {
            folders: folders.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            links,
        }
    }

    #[test]
    fn it_is_counted_and_named() {
        let many: Vec<String> = (0..9).map(|number| format!("f{number}")).collect();
        let many: Vec<(&str, usize)> = many.iter().map(|name| (name.as_str(), 2)).collect();
        for (passed, words) in [
            (passed(&[], 0), None),
            (passed(&[("@eaDir", 1)], 0), Some("1 folder is ignored (@eaDir)")),
            (passed(&[("@eaDir", 2), ("#recycle", 1)], 0), Some("3 folders are ignored (#recycle, @eaDir)")),
            (passed(&[], 1), Some("1 link is not followed")),
            (
                passed(&[("a\u{1b}", 1)], 12),
                Some("1 folder is ignored (a\\u{1b}), 12 links are not followed"),
            ),
            (passed(&many, 0), Some("18 folders are ignored (f0, f1, f2, f3, f4, f5, ...)")),
        ] {
            assert_eq!(passed.words().as_deref(), words);
        }
    }

    #[test]
    fn the_roots_add_up() {
        let mut all = passed(&[("a", 1)], 2);
        all.add(&passed(&[("a", 2), ("b", 1)], 3));
        assert_eq!(all, passed(&[("a", 3), ("b", 1)], 5));
        assert_eq!(all.ignored(), 4);
    }
}
