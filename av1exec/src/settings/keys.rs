//! The table of config keys: their names, allowed values and purposes, and how they are read and written.

use std::time::Duration;

use av1plan::config::{
    BitDepth, Damaged, Extension, ForeignOwner, Hardlinked, Interlaced, Language, Quality, QualityTier,
};
use av1plan::plan::{LossKind, Preset};
use strum::VariantNames;

use crate::settings::concurrency::Concurrency;
use crate::settings::hours::OutsideHours;
use crate::settings::queue_order::QueueOrder;
use crate::sys::folder_name::FolderName;
use crate::sys::priority::IoNice;

use super::convert::{concurrency, job_count, micros, niceness, program, put, ratio};
use super::key::Present::{Set, Unset};
use super::key::{Allowed, Key};
use super::render::{quoted, quoted_list, quoted_path, rendered_ratio, rendered_seconds};
use super::value::{absolute_path, choice, filled_list, list, seconds, text, truth, whole};

/// Seconds per day.
const DAY: u64 = 24 * 60 * 60;

fn days(count: u64) -> Duration {
    Duration::from_secs(count.saturating_mul(DAY))
}

/// The keys of the original specification (the "seed") in its order, then those added later.
pub(super) const KEYS: &[Key] = &[
    Key {
        name: "library_roots",
        allowed: Allowed::Words("a list of absolute paths, at least one"),
        purpose: "The folders that are scanned for films, with all that is in them.",
        set: |settings, value| put(&mut settings.library_roots, filled_list(value, absolute_path)),
        get: |settings| Set(quoted_list(settings.library_roots.iter().map(|root| root.to_string_lossy()))),
    },
    Key {
        name: "min_bytes",
        allowed: Allowed::Words("a whole number of bytes, 0 or more"),
        purpose: "Files of this size or smaller are left alone.",
        set: |settings, value| put(&mut settings.policy.min_bytes, whole(value, 0..=u64::MAX)),
        get: |settings| Set(settings.policy.min_bytes.to_string()),
    },
    Key {
        name: "max_size_ratio",
        allowed: Allowed::Words("a number above 0 and at most 1, to four decimal places"),
        purpose: "A result of this share of the original's size or more is thrown away.",
        set: |settings, value| put(&mut settings.policy.max_size_ratio, ratio(value)),
        get: |settings| Set(rendered_ratio(settings.policy.max_size_ratio)),
    },
    Key {
        name: "scan_interval_secs",
        allowed: Allowed::Words("a number of seconds from 1 to 604800"),
        purpose: "How long `watch` rests from the end of one scan to the next.",
        set: |settings, value| put(&mut settings.scan_interval, seconds(value, 1..=604_800)),
        get: |settings| Set(rendered_seconds(settings.scan_interval)),
    },
    Key {
        name: "job_state_dir",
        allowed: Allowed::Words("an absolute path"),
        purpose: "The folder where jobs are recorded.",
        set: |settings, value| put(&mut settings.job_state_dir, absolute_path(value)),
        get: |settings| Set(quoted_path(&settings.job_state_dir)),
    },
    Key {
        name: "max_concurrent_jobs",
        allowed: Allowed::Words("a whole number from 1 to 64, or \"auto\""),
        purpose: "How many films are encoded at once; one alone keeps most machines busy, \"auto\" adds more while cores idle.",
        set: |settings, value| put(&mut settings.max_concurrent_jobs, concurrency(value)),
        get: |settings| match settings.max_concurrent_jobs {
            Concurrency::Fixed(count) => Set(count.to_string()),
            Concurrency::Auto => Set(quoted("auto")),
        },
    },
    Key {
        name: "prefer_encoder",
        allowed: Allowed::OneOf(&["svt", "aom", "rav1e"]),
        purpose: "The encoder that is taken where ffmpeg has it; else the first of these that it has.",
        set: |settings, value| put(&mut settings.policy.prefer_encoder, choice(value)),
        get: |settings| Set(quoted(settings.policy.prefer_encoder.name())),
    },
    Key {
        name: "quality_tier",
        allowed: Allowed::OneOf(QualityTier::names()),
        purpose: "How much time quality may cost: \"very_high\" is one step slower for each encoder.",
        set: |settings, value| put(&mut settings.policy.quality_tier, choice(value)),
        get: |settings| Set(quoted(settings.policy.quality_tier.name())),
    },
    Key {
        name: "keep_original",
        allowed: Allowed::Words("true or false"),
        purpose: "Whether the original stays beside the result that takes its place.",
        set: |settings, value| put(&mut settings.keep_original, truth(value)),
        get: |settings| Set(settings.keep_original.to_string()),
    },
    Key {
        name: "write_why_sidecars",
        allowed: Allowed::Words("true or false"),
        purpose: "Whether a film that could not be replaced gets a NAME.why.txt that says why.",
        set: |settings, value| put(&mut settings.write_why_sidecars, truth(value)),
        get: |settings| Set(settings.write_why_sidecars.to_string()),
    },
    Key {
        name: "extensions",
        allowed: Allowed::Words("a list of file name extensions in letters and digits, at least one"),
        purpose: "The extensions of the files that are looked at, in any case.",
        set: |settings, value| {
            let extensions = filled_list(value, |element| text(element, |text| Extension::new(text).ok()));
            put(&mut settings.policy.extensions, extensions.map(|list| list.into_iter().collect()))
        },
        get: |settings| Set(quoted_list(&settings.policy.extensions)),
    },
    Key {
        name: "ignored_folders",
        allowed: Allowed::Words(
            "a list, which may be empty, of names of folders, with or without `*` at their end",
        ),
        purpose: "The folders, by name in any case, that are passed over: bins, snapshots, thumbnails. Hidden ones always are.",
        set: |settings, value| {
            put(&mut settings.ignored_folders, list(value, |element| text(element, FolderName::new)))
        },
        get: |settings| Set(quoted_list(settings.ignored_folders.iter().map(ToString::to_string))),
    },
    Key {
        name: "stable_secs",
        allowed: Allowed::Words("a number of seconds from 0 to 86400"),
        purpose: "How long a file's size and time must hold still before it is touched.",
        set: |settings, value| put(&mut settings.stable, seconds(value, 0..=86_400)),
        get: |settings| Set(rendered_seconds(settings.stable)),
    },
    Key {
        name: "hardlinked",
        allowed: Allowed::OneOf(Hardlinked::names()),
        purpose: "What becomes of a film that has other names, too (hard links): replacing one of them saves nothing.",
        set: |settings, value| put(&mut settings.policy.hardlinked, choice(value)),
        get: |settings| Set(quoted(settings.policy.hardlinked.name())),
    },
    Key {
        name: "foreign_owner",
        allowed: Allowed::OneOf(ForeignOwner::names()),
        purpose: "What becomes of a film whose owner can't be given to the result: the user that runs av1d may take it.",
        set: |settings, value| put(&mut settings.policy.foreign_owner, choice(value)),
        get: |settings| Set(quoted(settings.policy.foreign_owner.name())),
    },
    Key {
        name: "probe_jobs",
        allowed: Allowed::Words("a whole number from 1 to 64"),
        purpose: "How many films are probed at once.",
        set: |settings, value| put(&mut settings.probe_jobs, job_count(value)),
        get: |settings| Set(settings.probe_jobs.to_string()),
    },
    Key {
        name: "queue_order",
        allowed: Allowed::OneOf(QueueOrder::VARIANTS),
        purpose: "Which film is encoded first: the largest has the most to save.",
        set: |settings, value| put(&mut settings.queue_order, choice(value)),
        get: |settings| Set(quoted(settings.queue_order.into())),
    },
    Key {
        name: "stall_secs",
        allowed: Allowed::Words("a number of seconds from 1 to 86400"),
        purpose: "How long an encode may show no sign of life before it is ended.",
        set: |settings, value| put(&mut settings.stall, seconds(value, 1..=86_400)),
        get: |settings| Set(rendered_seconds(settings.stall)),
    },
    Key {
        name: "log_keep_days",
        allowed: Allowed::Words("a whole number of days from 0 to 36500"),
        purpose: "How long the log of an encode is kept; those of unfinished jobs stay.",
        set: |settings, value| put(&mut settings.log_age, whole(value, 0..=36_500).map(days)),
        get: |settings| Set((settings.log_age.as_secs() / DAY).to_string()),
    },
    Key {
        name: "log_keep_bytes",
        allowed: Allowed::Words("a whole number of bytes, 0 or more"),
        purpose: "How many bytes the logs of encodes may take together; the oldest go first.",
        set: |settings, value| put(&mut settings.log_bytes, whole(value, 0..=u64::MAX)),
        get: |settings| Set(settings.log_bytes.to_string()),
    },
    Key {
        name: "full_decode",
        allowed: Allowed::Words("true or false"),
        purpose: "Whether a result is decoded from start to end before its original goes.",
        set: |settings, value| put(&mut settings.full_decode, truth(value)),
        get: |settings| Set(settings.full_decode.to_string()),
    },
    Key {
        name: "preflight",
        allowed: Allowed::Words("true or false"),
        purpose: "Whether a few seconds of a film are encoded and checked before hours are spent on all of it.",
        set: |settings, value| put(&mut settings.preflight, truth(value)),
        get: |settings| Set(settings.preflight.to_string()),
    },
    Key {
        name: "ffmpeg",
        allowed: Allowed::Words("an absolute path (left out: the one on PATH)"),
        purpose: "The ffmpeg to run: 8.0 or newer.",
        set: |settings, value| put(&mut settings.ffmpeg, absolute_path(value).map(Some)),
        get: |settings| program(settings.ffmpeg.as_deref(), "\"/usr/local/bin/ffmpeg\""),
    },
    Key {
        name: "ffprobe",
        allowed: Allowed::Words("an absolute path (left out: the one on PATH)"),
        purpose: "The ffprobe to run, of the same version as ffmpeg.",
        set: |settings, value| put(&mut settings.ffprobe, absolute_path(value).map(Some)),
        get: |settings| program(settings.ffprobe.as_deref(), "\"/usr/local/bin/ffprobe\""),
    },
    Key {
        name: "mkvtoolnix",
        allowed: Allowed::Words("an absolute path (left out: the programs on PATH, if they are there)"),
        purpose: "The folder of mkvextract and mkvpropedit, which carry over what ffmpeg can't write into Matroska's headers.",
        set: |settings, value| put(&mut settings.mkvtoolnix, absolute_path(value).map(Some)),
        get: |settings| program(settings.mkvtoolnix.as_deref(), "\"/usr/bin\""),
    },
    Key {
        name: "quality",
        allowed: Allowed::OneOf(Quality::names()),
        purpose: "How the CRF is chosen: by the ladder, or for each film so that it reaches `target`, as samples show.",
        set: |settings, value| put(&mut settings.policy.quality, choice(value)),
        get: |settings| Set(quoted(settings.policy.quality.name())),
    },
    Key {
        name: "target",
        allowed: Allowed::Words(
            "\"high\", \"transparent\", or scores like \"vmaf-neg=95, ssimulacra2=80\" (also xpsnr and detail)",
        ),
        purpose: "The quality of results with quality = \"target\": all of these scores.",
        set: |settings, value| put(&mut settings.policy.target, text(value, |target| target.parse().ok())),
        get: |settings| Set(quoted(&settings.policy.target.to_string())),
    },
    Key {
        name: "target_limits",
        allowed: Allowed::Words("a whole number from 0 to 62"),
        purpose: "How many steps of CRF a target may go from the ladder's, up or down.",
        set: |settings, value| {
            let steps = whole(value, 0..=62).map(|steps| u8::try_from(steps).unwrap_or(u8::MAX));
            put(&mut settings.policy.target_limits, steps)
        },
        get: |settings| Set(settings.policy.target_limits.to_string()),
    },
    Key {
        name: "predict",
        allowed: Allowed::Words("true or false"),
        purpose: "Whether samples of a film show before its encode how large its result will be; one that will be too big is left alone.",
        set: |settings, value| put(&mut settings.policy.predict, truth(value)),
        get: |settings| Set(settings.policy.predict.to_string()),
    },
    Key {
        name: "bit_depth",
        allowed: Allowed::OneOf(BitDepth::names()),
        purpose: "Bits per sample of the result: ten always, or eight for a source of eight.",
        set: |settings, value| put(&mut settings.policy.bit_depth, choice(value)),
        get: |settings| Set(quoted(settings.policy.bit_depth.name())),
    },
    Key {
        name: "drop_languages",
        allowed: Allowed::Words("a list, which may be empty, of language codes or English names like \"ru\""),
        purpose: "Audio and subtitles in these languages are dropped, but never a film's last audio.",
        set: |settings, value| {
            let languages = list(value, |element| text(element, |name| Language::new(name).ok()));
            put(&mut settings.policy.drop_languages, languages)
        },
        get: |settings| Set(quoted_list(settings.policy.drop_languages.iter().map(ToString::to_string))),
    },
    Key {
        name: "duration_epsilon_secs",
        // With a longer tolerance a result that was cut off could pass.
        allowed: Allowed::Words("a number of seconds from 0 to 60"),
        purpose: "How far the result's duration may be from the original's.",
        set: |settings, value| put(&mut settings.policy.duration_epsilon, seconds(value, 0..=60).map(micros)),
        get: |settings| {
            let micros = u64::try_from(settings.policy.duration_epsilon.0).unwrap_or_default();
            Set(rendered_seconds(Duration::from_micros(micros)))
        },
    },
    Key {
        name: "interlaced",
        allowed: Allowed::OneOf(Interlaced::names()),
        purpose: "What becomes of interlaced video: \"keep\" encodes it woven, \"skip\" leaves the film alone.",
        set: |settings, value| put(&mut settings.policy.interlaced, choice(value)),
        get: |settings| Set(quoted(settings.policy.interlaced.name())),
    },
    Key {
        name: "damaged",
        allowed: Allowed::OneOf(Damaged::names()),
        purpose: "What becomes of a damaged film: \"recordings\" encodes TV recordings that lost single packets, \"encode\" any film.",
        set: |settings, value| put(&mut settings.policy.damaged, choice(value)),
        get: |settings| Set(quoted(settings.policy.damaged.name())),
    },
    Key {
        name: "refuse_losses",
        allowed: Allowed::ListOf(LossKind::codes()),
        purpose: "A film that would lose one of these is left alone.",
        set: |settings, value| {
            let losses = list(value, choice);
            put(&mut settings.policy.refuse_losses, losses.map(|list| list.into_iter().collect()))
        },
        get: |settings| Set(quoted_list(settings.policy.refuse_losses.iter().map(|loss| loss.code()))),
    },
    Key {
        name: "active_hours",
        allowed: Allowed::Words(
            "ranges of local time like \"22:00-07:00\", commas between them (left out: always)",
        ),
        purpose: "When films are encoded.",
        set: |settings, value| {
            put(&mut settings.active_hours, text(value, |hours| hours.parse().ok()).map(Some))
        },
        get: |settings| {
            let unset = Unset { example: "\"22:00-07:00\"" };
            settings.active_hours.as_ref().map_or(unset, |hours| Set(quoted(&hours.to_string())))
        },
    },
    Key {
        name: "outside_hours",
        allowed: Allowed::OneOf(OutsideHours::VARIANTS),
        purpose: "What encodes do when active_hours end: \"pause\" until they begin again, or \"finish\".",
        set: |settings, value| put(&mut settings.outside_hours, choice(value)),
        get: |settings| Set(quoted(settings.outside_hours.into())),
    },
    Key {
        name: "nice",
        allowed: Allowed::Words("a whole number from 0 to 19"),
        purpose: "How far encodes step back from the cores where others want them; where nobody does, they have all.",
        set: |settings, value| put(&mut settings.priority.nice, niceness(value)),
        get: |settings| Set(settings.priority.nice.to_string()),
    },
    Key {
        name: "ionice",
        allowed: Allowed::OneOf(IoNice::VARIANTS),
        purpose: "How far encodes step back from the disk: its class, as ionice(1) has them.",
        set: |settings, value| put(&mut settings.priority.ionice, choice(value)),
        get: |settings| Set(quoted(settings.priority.ionice.into())),
    },
    Key {
        name: "metrics_listen",
        allowed: Allowed::Words("an IP address and a port like \"127.0.0.1:9321\" (left out: no metrics)"),
        purpose: "Where `watch` serves /metrics for Prometheus, and /healthz. There is no password: keep it local.",
        set: |settings, value| {
            put(&mut settings.metrics_listen, text(value, |address| address.parse().ok()).map(Some))
        },
        get: |settings| {
            let unset = Unset { example: "\"127.0.0.1:9321\"" };
            settings.metrics_listen.map_or(unset, |address| Set(quoted(&address.to_string())))
        },
    },
];

/// Keys that are read like the others but aren't documented, because they are for tests only.
pub(super) const HIDDEN_KEYS: &[Key] = &[Key {
    name: "testing_svt_preset",
    allowed: Allowed::Words("a whole number from 0 to 13"),
    purpose: "An SVT-AV1 preset in place of the ladder's.",
    set: |settings, value| {
        let preset = whole(value, 0..=13).map(|preset| u8::try_from(preset).ok().map(Preset::new));
        put(&mut settings.policy.svt_preset, preset)
    },
    get: |settings| match settings.policy.svt_preset {
        Some(preset) => Set(preset.to_string()),
        None => Unset { example: "12" },
    },
}];

#[cfg(test)]
mod tests;
