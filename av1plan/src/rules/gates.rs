//! The gates: cheap checks that can skip a film before anything is planned.

use alloc::string::String;

use crate::config::{Config, ForeignOwner, Hardlinked};
use crate::plan::{Container, Gate, SkipReason};
use crate::probe::{FileFacts, MediaProbe, Protection, Stability, takes_format};

/// Checks the gates that need no probe. Returns the first reason to skip the film, or `None` if no gate does.
///
/// [`plan`](crate::plan()) checks them again. A caller may call this first, so that a film which is skipped needn't
/// be probed.
pub fn before_probe(file: &FileFacts, config: &Config) -> Option<SkipReason> {
    held(config, before_probe_met(file, config))
}

/// Checks all gates: first those that need no probe, then the others. Returns the first reason to skip the film.
pub(crate) fn all(file: &FileFacts, probe: &MediaProbe, config: &Config) -> Option<SkipReason> {
    let met = before_probe_met(file, config).chain(after_probe_met(probe));
    held(config, met)
}

/// The gates that would skip the film but that the config overrules.
pub(crate) fn ignored(file: &FileFacts, probe: &MediaProbe, config: &Config) -> impl Iterator<Item = Gate> {
    before_probe_met(file, config)
        .chain(after_probe_met(probe))
        .filter_map(|reason| reason.gate())
        .filter(|gate| config.ignore.contains(gate))
}

fn held(config: &Config, mut met: impl Iterator<Item = SkipReason>) -> Option<SkipReason> {
    met.find(|reason| reason.gate().is_none_or(|gate| !config.ignore.contains(&gate)))
}

fn before_probe_met(file: &FileFacts, config: &Config) -> impl Iterator<Item = SkipReason> {
    let extension = file.extension();
    let known = config.extensions.contains(extension.as_str());
    let target = Container::renamed_extension(&extension);
    let met = [
        (!known).then_some(SkipReason::Extension { extension }),
        file.marker.map(|marker| SkipReason::SkipMarker { marker }),
        (file.stability == Stability::Settling).then_some(SkipReason::NotStable),
        (file.size <= config.min_bytes)
            .then_some(SkipReason::TooSmall { size: file.size, min_bytes: config.min_bytes }),
        (file.links > 1 && config.hardlinked == Hardlinked::Skip)
            .then_some(SkipReason::Hardlinked { links: file.links }),
        protected(file.protection, config),
        target
            .filter(|_| file.target_exists)
            .map(|extension| SkipReason::TargetExists { extension: String::from(extension) }),
        file.backup_exists.then_some(SkipReason::BackupExists),
    ];
    met.into_iter().flatten()
}

fn protected(protection: Protection, config: &Config) -> Option<SkipReason> {
    match protection {
        Protection::None => None,
        Protection::ReadOnly => Some(SkipReason::ReadOnly),
        Protection::Immutable => Some(SkipReason::Immutable),
        Protection::Folder => Some(SkipReason::FolderReadOnly),
        Protection::NoSafeRename => Some(SkipReason::NoSafeRename),
        Protection::ForeignOwner => {
            (config.foreign_owner == ForeignOwner::Skip).then_some(SkipReason::ForeignOwner)
        }
    }
}

fn after_probe_met(probe: &MediaProbe) -> impl Iterator<Item = SkipReason> {
    let format = &probe.format.name;
    let is_taken = format.is_empty() || takes_format(format);
    let unsupported = (!is_taken).then(|| SkipReason::UnsupportedFormat { format: format.clone() });
    let met = match probe.main_video() {
        None => [Some(SkipReason::NoVideo), None, None],
        Some((stream, video)) => [
            (stream.codec_name() == "av1").then_some(SkipReason::AlreadyAv1),
            stream.codec.is_none().then_some(SkipReason::UnknownVideoCodec),
            (video.width == 0 || video.height == 0).then_some(SkipReason::NoPictureSize),
        ],
    };
    unsupported.into_iter().chain(met.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Marker;

    fn film() -> FileFacts {
        FileFacts::new("Film.mkv", 3 << 30)
    }

    #[test]
    fn each_gate_before_the_probe_has_its_code() {
        type Change = fn(&mut FileFacts);
        let table: [(Change, Option<&str>); 15] = [
            (|_| (), None),
            (|file| file.name = "Film.txt".into(), Some("extension")),
            (|file| file.name = "mkv".into(), Some("extension")),
            (|file| file.marker = Some(Marker::File), Some("skip-marker")),
            (|file| file.stability = Stability::Settling, Some("not-stable")),
            (|file| file.size = 2 << 30, Some("too-small")),
            (|file| file.size = (2 << 30) + 1, None),
            (|file| file.links = 2, Some("hardlinked")),
            (|file| file.protection = Protection::ReadOnly, Some("read-only")),
            (|file| file.protection = Protection::Immutable, Some("immutable")),
            (|file| file.protection = Protection::Folder, Some("folder-read-only")),
            (|file| file.protection = Protection::NoSafeRename, Some("no-safe-rename")),
            (|file| file.protection = Protection::ForeignOwner, Some("foreign-owner")),
            (|file| file.backup_exists = true, Some("backup-exists")),
            (|file| (file.name, file.target_exists) = ("Film.AVI".into(), true), Some("target-exists")),
        ];
        for (row, (change, code)) in table.into_iter().enumerate() {
            let mut file = film();
            change(&mut file);
            let met = before_probe(&file, &Config::default());
            assert_eq!(met.as_ref().map(SkipReason::code), code, "row {row}");
        }
    }

    #[test]
    fn a_film_of_another_owner_may_be_taken() {
        let file = FileFacts { protection: Protection::ForeignOwner, ..film() };
        assert_eq!(before_probe(&file, &Config::default().with_foreign_owner(ForeignOwner::Take)), None);
    }

    #[test]
    fn an_ignored_gate_is_passed_and_the_next_one_checked() {
        let file = FileFacts { size: 1, marker: Some(Marker::Folder), ..film() };
        let mut config = Config::default();
        config.ignore.insert(Gate::SkipMarker);
        assert_eq!(before_probe(&file, &config).map(|reason| reason.code()), Some("too-small"));
        config.ignore.insert(Gate::TooSmall);
        assert_eq!(before_probe(&file, &config), None);
    }

    #[test]
    fn every_gate_is_named_by_the_code_of_its_skip() {
        let named = [
            SkipReason::Extension { extension: "x".into() },
            SkipReason::SkipMarker { marker: Marker::File },
            SkipReason::NotStable,
            SkipReason::TooSmall { size: 0, min_bytes: 0 },
            SkipReason::Hardlinked { links: 2 },
            SkipReason::ReadOnly,
            SkipReason::AlreadyAv1,
        ];
        for reason in named {
            assert_eq!(reason.gate().map(Gate::code), Some(reason.code()));
        }
    }
}
