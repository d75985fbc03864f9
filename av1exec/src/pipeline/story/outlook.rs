//! What will happen to a film, in one sentence. A pure function of everything that is known about the film.

use std::path::PathBuf;
use std::time::Duration;

use av1plan::Verdict;
use jiff::Timestamp;
use serde::Serialize;

use crate::library::film::Film;
use crate::library::roots::{is_below, root_of};
use crate::library::walk::passed_over_above;
use crate::settings::Settings;
use crate::state::index::{FilmEntry, Fingerprint, Next, RetryAfter};
use crate::state::jobs::Job;
use crate::sys::sanitize::display;

/// What will happen to a film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outlook {
    /// The code, which stays the same over versions: that of the skip, or `gone`, `unfinished`, `unknown`, `asked`,
    /// `rests`, `outside`, `passed-over`, `wanted`.
    pub code: String,
    /// The text for users.
    pub text: String,
    /// What a user can do about it, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'static str>,
}

/// Where a film is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The film doesn't exist.
    Gone,
    /// What has its name can't be looked at, or is no file.
    Unseen,
    /// Below one of the library's roots.
    Watched,
    /// Below one of the library's roots, in this folder, which no walk enters.
    PassedOver(PathBuf),
    /// Outside the library's roots.
    Outside,
}

impl Place {
    pub(super) fn of(film: &Film, settings: &Settings) -> Self {
        let (path, roots) = (&film.path, &settings.library_roots);
        if !is_below(path, roots) {
            return Self::Outside;
        }
        let folder = passed_over_above(path, &root_of(path, roots), &settings.ignored_folders);
        folder.map_or(Self::Watched, Self::PassedOver)
    }
}

/// What the index knows about the file as it is now.
pub(super) enum Memory<'a> {
    /// The index can't be read.
    Unreadable,
    /// The index has no entry for it.
    Nothing,
    /// This entry.
    Of(&'a FilmEntry),
}

/// Everything that the outlook depends on.
pub(super) struct Known<'a> {
    pub(super) place: Place,
    /// The plan as it would be made now.
    pub(super) verdict: Option<&'a Verdict>,
    pub(super) memory: Memory<'a>,
    /// The fingerprint of the current policy and tools.
    pub(super) fingerprint: Option<Fingerprint>,
    /// An unfinished job.
    pub(super) running: Option<&'a Job>,
}

/// The hint for a film that only the library's scans don't reach.
const ALL_THE_SAME: Option<&str> = Some("`av1cli encode FILE` encodes it all the same");

pub(super) fn outlook(known: &Known<'_>, now: Timestamp) -> Outlook {
    let say = |code: &str, text: String, hint| Outlook { code: code.to_owned(), text, hint };
    if let Some(job) = known.running {
        let text = format!("job {} works on it, or was cut off", job.id);
        return say(
            "unfinished",
            text,
            Some("`av1cli status` shows whether it runs; the next start tidies up where it doesn't"),
        );
    }
    let settings = match (&known.place, known.verdict) {
        (Place::Gone, _) => {
            return say("gone", "no file of this name is there".to_owned(), Some("check the path"));
        }
        (Place::Unseen, _) => {
            let text = "what has this name can't be looked at, or is no film".to_owned();
            return say("unknown", text, Some("name the film itself: folders and links are none"));
        }
        (_, None) => return say("unknown", "what would be done now can't be told".to_owned(), None),
        (_, Some(Verdict::Skip(skip))) => {
            let text = format!("it is left alone: {}", skip.reason);
            return say(skip.reason.code(), text, None);
        }
        (_, Some(Verdict::Encode(plan))) => plan.video.settings.to_string(),
    };
    let rest = match (&known.memory, known.fingerprint) {
        (Memory::Of(entry), Some(fingerprint)) => {
            let last = entry.last_outcome.as_ref();
            let code = last.map_or("", |last| last.code.as_str());
            let or_config = last.is_some_and(|last| last.retry_after == RetryAfter::UntilReplanned);
            Some((entry.next(&fingerprint, Duration::ZERO, now), code, or_config))
        }
        _ => None,
    };
    match rest {
        Some((Next::Nothing, code, or_config)) => {
            let change = if or_config { "it, the config or ffmpeg changes" } else { "it changes" };
            say(
                "asked",
                format!("it is left alone until somebody asks for it or {change}, since it ended as {code}"),
                Some("`av1cli retry FILE` has it tried again"),
            )
        }
        Some((Next::Wait(until), code, _)) => say(
            "rests",
            format!("it is tried again after {until}, since it ended as {code}"),
            Some("`av1cli retry FILE` has it tried again at once"),
        ),
        _ if known.place == Place::Outside => say(
            "outside",
            format!("it would be encoded with {settings}, but is in none of `library_roots`"),
            ALL_THE_SAME,
        ),
        _ if let Place::PassedOver(folder) = &known.place => {
            let folder = display(folder);
            let why = "is hidden, or has a name in `ignored_folders`, so that no scan enters it";
            say(
                "passed-over",
                format!("it would be encoded with {settings}, but {folder} {why}"),
                ALL_THE_SAME,
            )
        }
        _ if matches!(known.memory, Memory::Unreadable) => say(
            "unknown",
            format!(
                "it would be encoded with {settings}, unless an earlier try speaks against it: that can't be read now"
            ),
            None,
        ),
        _ => say("wanted", format!("it would be encoded with {settings}"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::index::{LastOutcome, Spent};
    use crate::sys::disk::Identity;
    use av1plan::probe::FileFacts;
    use av1plan::{Config, MediaProbe, Source, Toolchain};

    const ONE: Fingerprint = Fingerprint([1; 16]);

    fn verdict(codec: &str) -> Verdict {
        let document = format!(
            r#"{{"streams": [{{"index": 0, "codec_type": "video", "codec_name": "{codec}", "width": 1920, "height": 800}}]}}"#
        );
        let probe = MediaProbe::from_json(document.as_bytes()).unwrap();
        let file = FileFacts::new("a.mkv", 9_000_000_000);
        av1plan::plan(&Source::new(&file, &probe), &Toolchain::assumed(), &Config::default())
    }

    #[test]
    fn what_is_remembered_outweighs_a_plan_and_a_gate_outweighs_both() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let later = now + jiff::SignedDuration::from_hours(1);
        let identity = Identity { device: 1, inode: 2, size: 3, modified_ns: 4, changed_ns: 5, links: 1 };
        let entry = |retry_after| {
            let last_outcome = LastOutcome {
                code: "stalled".into(),
                fingerprint: ONE,
                retry_after,
                spent: Spent::default(),
            };
            Some(FilmEntry {
                last_outcome: Some(last_outcome),
                is_probed: true,
                ..FilmEntry::new(identity, now)
            })
        };
        let (encode, skip) = (verdict("h264"), verdict("av1"));
        #[rustfmt::skip]
        let table = [
            (Place::Watched, Some(&encode), None, "wanted"),
            (Place::Outside, Some(&encode), None, "outside"),
            (Place::PassedOver("/films/@eaDir".into()), Some(&encode), None, "passed-over"),
            (Place::PassedOver("/films/@eaDir".into()), Some(&skip), None, "already-av1"),
            (Place::Watched, Some(&encode), entry(RetryAfter::Until(later)), "rests"),
            (Place::Watched, Some(&encode), entry(RetryAfter::Until(now)), "wanted"),
            (Place::Watched, Some(&encode), entry(RetryAfter::UntilAsked), "asked"),
            (Place::Watched, Some(&encode), entry(RetryAfter::UntilReplanned), "asked"),
            (Place::Watched, Some(&skip), entry(RetryAfter::UntilAsked), "already-av1"),
            (Place::Watched, None, None, "unknown"),
            (Place::Unseen, None, None, "unknown"),
            (Place::Gone, None, entry(RetryAfter::UntilAsked), "gone"),
        ];
        let (place, fingerprint) = (Place::Watched, Some(ONE));
        let unread =
            Known { place, verdict: Some(&encode), memory: Memory::Unreadable, fingerprint, running: None };
        assert_eq!(outlook(&unread, now).code, "unknown");
        for (place, verdict, entry, code) in table {
            let memory = entry.as_ref().map_or(Memory::Nothing, Memory::Of);
            let known = Known { place, verdict, memory, fingerprint, running: None };
            let told = outlook(&known, now);
            assert_eq!(told.code, code, "{told:?}");
        }
    }
}
