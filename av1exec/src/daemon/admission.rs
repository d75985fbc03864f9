//! Decides when encodes may start and when they are paused: by the user's request, the active hours, and how busy
//! the machine is.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use jiff::Zoned;

use crate::daemon::concurrency::{self, Advice, CurrentEncodes};
use crate::serve::status::State;
use crate::settings::Settings;
use crate::settings::concurrency::Concurrency;
use crate::settings::hours::OutsideHours;
use crate::sys::machine::{self, Reading, Readings};

/// The interval between two heartbeats if the machine's load isn't needed.
const QUIET_BEAT: Duration = Duration::from_secs(30);

/// Memory is estimated for a picture of this size, since the next film isn't known before it is taken from the
/// queue.
const LARGEST_COMMON_PICTURE: (u32, u32) = (3840, 2160);

/// What the decision depends on.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// Whether a user paused the daemon.
    paused: bool,
    /// Whether the current time is outside the active hours.
    quiet: bool,
    /// Whether running encodes are paused, as of the last effect.
    told_to_hold: bool,
    readings: Readings,
    last_start: Option<Instant>,
}

impl Admission {
    /// Pauses or resumes by a user's request.
    pub(super) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Notes that an encode starts.
    pub(super) fn started(&mut self, now: Instant) {
        self.last_start = Some(now);
    }

    /// Adds a measurement of how busy the machine is.
    pub(super) fn take_in(&mut self, now: Instant, reading: Reading) {
        self.readings.push(now, reading);
    }

    /// The daemon's state, as far as pauses determine it.
    pub(super) fn state(&self) -> State {
        match (self.paused, self.quiet) {
            (true, _) => State::Paused,
            (false, true) => State::QuietHours,
            (false, false) => State::Running,
        }
    }

    /// Whether running encodes are paused.
    pub(super) fn holds(&self) -> bool {
        self.told_to_hold
    }

    /// Whether to pause (`true`) or resume (`false`) running encodes; `None` if that hasn't changed since the last
    /// call.
    pub(super) fn take_change(&mut self, settings: &Settings) -> Option<bool> {
        let holds = self.paused || (self.quiet && settings.outside_hours == OutsideHours::Pause);
        (std::mem::replace(&mut self.told_to_hold, holds) != holds).then_some(holds)
    }

    /// Checks the active hours. Returns the time until the next check.
    pub(super) fn beat(&mut self, settings: &Settings, now: &Zoned) -> Duration {
        let hours = settings.active_hours.as_ref();
        self.quiet = hours.is_some_and(|hours| !hours.contains(now.time()));
        let until_change = hours
            .and_then(|hours| hours.next_change(now))
            .and_then(|change| Duration::try_from(now.duration_until(&change)).ok());
        let beat = if wants_reading(settings) { machine::BEAT } else { QUIET_BEAT };
        // Slightly after the change rather than before it.
        until_change.map_or(beat, |left| beat.min(left + Duration::from_millis(100)))
    }

    /// Whether another encode may start in addition to `running` others.
    pub(super) fn may_start(
        &self,
        settings: &Settings,
        running: usize,
        now: Instant,
        cores: NonZeroUsize,
    ) -> bool {
        if self.paused || self.quiet {
            return false;
        }
        let load = self.readings.load(now, cores);
        let since_start = self.last_start.map(|start| now.duration_since(start));
        let (width, height) = LARGEST_COMMON_PICTURE;
        let memory = concurrency::memory(width, height);
        let current = CurrentEncodes { running, since_start };
        let advice = concurrency::may_start_another(
            settings.max_concurrent_jobs,
            load.as_ref(),
            current,
            cores,
            memory,
        );
        advice == Advice::Start
    }
}

/// Whether the machine's load is needed.
pub(super) fn wants_reading(settings: &Settings) -> bool {
    settings.max_concurrent_jobs == Concurrency::Auto
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_start(admission: &Admission, settings: &Settings, running: usize) -> bool {
        admission.may_start(settings, running, Instant::now(), NonZeroUsize::MIN)
    }

    #[test]
    fn a_pause_holds_encodes_and_keeps_others_from_starting() {
        let (mut admission, settings) = (Admission::default(), Settings::default());
        assert!(may_start(&admission, &settings, 0) && !may_start(&admission, &settings, 1));
        admission.set_paused(true);
        assert_eq!(admission.take_change(&settings), Some(true));
        assert_eq!(admission.take_change(&settings), None, "it is told once");
        assert!(admission.holds() && !may_start(&admission, &settings, 0));
        assert_eq!(admission.state(), State::Paused);
        admission.set_paused(false);
        assert_eq!(admission.take_change(&settings), Some(false));
        assert!(!admission.holds() && may_start(&admission, &settings, 0));
    }

    #[test]
    fn outside_the_hours_nothing_starts_and_what_runs_holds_still_or_goes_on() {
        let at = |time: &str| format!("2026-11-26T{time}[UTC]").parse::<Zoned>().unwrap();
        let hours = |hours: &str| Settings { active_hours: hours.parse().ok(), ..Settings::default() };
        let mut settings = hours("22:00-06:00");
        let mut admission = Admission::default();
        let next = admission.beat(&settings, &at("21:59:50"));
        let change = Duration::from_secs(10)..Duration::from_secs(11);
        assert!(change.contains(&next), "right after the change: {next:?}");
        assert_eq!(admission.take_change(&settings), Some(true));
        assert_eq!(admission.state(), State::QuietHours);
        assert!(!may_start(&admission, &settings, 0));
        settings.outside_hours = OutsideHours::Finish;
        assert_eq!(admission.take_change(&settings), Some(false));
        assert!(!may_start(&admission, &settings, 0));
        admission.beat(&settings, &at("22:00:00"));
        assert!(may_start(&admission, &settings, 0));
        admission.beat(&settings, &at("06:00:00"));
        assert!(!may_start(&admission, &settings, 0));
        settings.active_hours = None;
        admission.beat(&settings, &at("06:00:00"));
        assert!(may_start(&admission, &settings, 0));
    }
}
