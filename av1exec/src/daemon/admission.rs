//! When encodes may start, and when they hold still: a person's word, the hours, and how busy the machine is.

use std::time::{Duration, Instant};

use jiff::Zoned;

use crate::daemon::concurrency::{self, Under, Verdict};
use crate::serve::status::State;
use crate::settings::Settings;
use crate::settings::concurrency::Concurrency;
use crate::settings::hours::OutsideHours;
use crate::sys::machine::{self, Meter, Readings};
use crate::sys::pause::{Pause, PauseSwitch, pause_switch};

/// Between two beats where nobody needs to know how busy the machine is.
const QUIET_BEAT: Duration = Duration::from_secs(30);

/// Memory is counted as for a picture of this size: the queue's next film isn't known before it is taken.
const LARGEST_COMMON_PICTURE: (u32, u32) = (3840, 2160);

/// What decides about starts.
#[derive(Debug)]
pub(super) struct Admission {
    switch: PauseSwitch,
    /// Whether a person paused it.
    paused: bool,
    /// Whether it is outside the active hours.
    quiet: bool,
    meter: Option<Meter>,
    readings: Readings,
    last_start: Option<Instant>,
}

impl Admission {
    /// A pace of its own, and what encodes go by.
    pub(super) fn new() -> (Self, Pause) {
        let (switch, pause) = pause_switch();
        let readings = Readings::default();
        (Self { switch, paused: false, quiet: false, meter: None, readings, last_start: None }, pause)
    }

    /// Takes a person's word.
    pub(super) fn set_paused(&mut self, paused: bool, settings: &Settings) {
        self.paused = paused;
        self.apply(settings);
    }

    /// Notes that an encode starts.
    pub(super) fn started(&mut self, now: Instant) {
        self.last_start = Some(now);
    }

    /// Whether work goes on.
    pub(super) fn state(&self) -> State {
        match (self.paused, self.quiet) {
            (true, _) => State::Paused,
            (false, true) => State::QuietHours,
            (false, false) => State::Running,
        }
    }

    /// Whether running encodes hold still.
    pub(super) fn holds(&self) -> bool {
        self.switch.is_paused()
    }

    /// Looks at the clock and, where that matters, at the machine; says when to look again.
    pub(super) fn beat(&mut self, settings: &Settings) -> Duration {
        let now = Zoned::now();
        let hours = settings.active_hours.as_ref();
        self.quiet = hours.is_some_and(|hours| !hours.contains(now.time()));
        self.apply(settings);
        let until_change = hours
            .and_then(|hours| hours.next_change(&now))
            .and_then(|change| Duration::try_from(now.duration_until(&change)).ok());
        let beat = if settings.max_concurrent_jobs == Concurrency::Auto {
            self.read_machine();
            machine::BEAT
        } else {
            QUIET_BEAT
        };
        // Not before the change: a little later is still in time.
        until_change.map_or(beat, |left| beat.min(left + Duration::from_millis(100)))
    }

    fn read_machine(&mut self) {
        match &mut self.meter {
            Some(meter) => self.readings.push(Instant::now(), meter.read()),
            None => self.meter = Meter::new(),
        }
    }

    fn apply(&self, settings: &Settings) {
        if self.paused || (self.quiet && settings.outside_hours == OutsideHours::Pause) {
            self.switch.pause();
        } else {
            self.switch.resume();
        }
    }

    /// Whether another encode may start beside `running` others.
    pub(super) fn may_start(&self, settings: &Settings, running: usize) -> bool {
        if self.paused || self.quiet {
            return false;
        }
        let (now, cores) = (Instant::now(), machine::cores());
        let load = self.readings.load(now, cores);
        let since_start = self.last_start.map(|start| now.duration_since(start));
        let (width, height) = LARGEST_COMMON_PICTURE;
        let memory = concurrency::memory(width, height);
        let under = Under { running, since_start };
        let verdict =
            concurrency::may_start_another(settings.max_concurrent_jobs, load.as_ref(), under, cores, memory);
        verdict == Verdict::Start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_holds_encodes_and_keeps_others_from_starting() {
        let (mut admission, pause) = Admission::new();
        let settings = Settings::default();
        assert!(admission.may_start(&settings, 0) && !admission.may_start(&settings, 1));
        admission.set_paused(true, &settings);
        assert!(pause.is_asked() && !admission.may_start(&settings, 0));
        assert_eq!(admission.state(), State::Paused);
        admission.set_paused(false, &settings);
        assert!(!pause.is_asked() && admission.may_start(&settings, 0));
    }

    #[test]
    fn outside_the_hours_nothing_starts_and_what_runs_holds_still_or_goes_on() {
        let now = Zoned::now().time();
        let past = now.wrapping_sub(jiff::SignedDuration::from_hours(3));
        let earlier = now.wrapping_sub(jiff::SignedDuration::from_hours(2));
        let hours =
            format!("{:02}:{:02}-{:02}:{:02}", past.hour(), past.minute(), earlier.hour(), earlier.minute());
        let mut settings = Settings { active_hours: hours.parse().ok(), ..Settings::default() };
        let (mut admission, pause) = Admission::new();
        admission.beat(&settings);
        assert_eq!(admission.state(), State::QuietHours);
        assert!(pause.is_asked() && !admission.may_start(&settings, 0));
        settings.outside_hours = OutsideHours::Finish;
        admission.beat(&settings);
        assert!(!pause.is_asked() && !admission.may_start(&settings, 0));
        settings.active_hours = None;
        admission.beat(&settings);
        assert!(admission.may_start(&settings, 0));
    }
}
