//! Durations for people, in fitting units.

use core::fmt;
use core::time::Duration;

/// A number of whole seconds that is displayed for people, in at most two units: `45 s`, `3 min 20 s`, `2 h 5 min`,
/// `4 d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u64);

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Seconds {
    /// The time between two moments, both in seconds of the same clock. 0 if `to` is before `from`, because the clock
    /// was set back.
    pub const fn between(from: i64, to: i64) -> Self {
        Self(if to > from { to.abs_diff(from) } else { 0 })
    }

    /// Displays it like a clock, with hours: `0:00:10`, `12:03:00`.
    pub fn clock(self) -> impl fmt::Display {
        Clock(self)
    }

    /// Displays it in at most seven columns if it is less than a hundred days: `0:07`, `12:34`, `3:02:01`, `12d 3h`.
    pub fn short(self) -> impl fmt::Display {
        Short(self)
    }
}

impl From<Duration> for Seconds {
    /// Drops the fraction of a second.
    fn from(duration: Duration) -> Self {
        Self(duration.as_secs())
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(seconds) = *self;
        let (large, small) = match seconds {
            ..MINUTE => return write!(f, "{seconds} s"),
            MINUTE..HOUR => ((MINUTE, "min"), (1, "s")),
            HOUR..DAY => ((HOUR, "h"), (MINUTE, "min")),
            DAY.. => ((DAY, "d"), (HOUR, "h")),
        };
        write!(f, "{} {}", seconds / large.0, large.1)?;
        let rest = seconds % large.0 / small.0;
        if rest > 0 { write!(f, " {rest} {}", small.1) } else { Ok(()) }
    }
}

/// Displays a duration like a clock.
struct Clock(Seconds);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Seconds(seconds)) = *self;
        write!(f, "{}:{:02}:{:02}", seconds / HOUR, seconds / MINUTE % 60, seconds % 60)
    }
}

/// Displays a duration in few columns.
struct Short(Seconds);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HUNDRED_HOURS: u64 = 100 * HOUR;
        let Self(whole @ Seconds(seconds)) = *self;
        match seconds {
            ..HOUR => write!(f, "{}:{:02}", seconds / MINUTE, seconds % 60),
            HOUR..HUNDRED_HOURS => whole.clock().fmt(f),
            HUNDRED_HOURS.. => write!(f, "{}d {}h", seconds / DAY, seconds % DAY / HOUR),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn times_are_shown_in_the_units_that_fit() {
        let table = [
            (0, "0 s", "0:00:00", "0:00"),
            (7, "7 s", "0:00:07", "0:07"),
            (59, "59 s", "0:00:59", "0:59"),
            (60, "1 min", "0:01:00", "1:00"),
            (200, "3 min 20 s", "0:03:20", "3:20"),
            (300, "5 min", "0:05:00", "5:00"),
            (754, "12 min 34 s", "0:12:34", "12:34"),
            (3599, "59 min 59 s", "0:59:59", "59:59"),
            (3600, "1 h", "1:00:00", "1:00:00"),
            (3659, "1 h", "1:00:59", "1:00:59"),
            (7500, "2 h 5 min", "2:05:00", "2:05:00"),
            (10_921, "3 h 2 min", "3:02:01", "3:02:01"),
            (86_399, "23 h 59 min", "23:59:59", "23:59:59"),
            (86_400, "1 d", "24:00:00", "24:00:00"),
            (97_200, "1 d 3 h", "27:00:00", "27:00:00"),
            (359_999, "4 d 3 h", "99:59:59", "99:59:59"),
            (360_000, "4 d 4 h", "100:00:00", "4d 4h"),
            (u64::MAX, "213503982334601 d 7 h", "5124095576030431:00:15", "213503982334601d 7h"),
        ];
        for (seconds, people, clock, short) in table {
            let seconds = Seconds(seconds);
            assert_eq!(seconds.to_string(), people);
            assert_eq!(seconds.clock().to_string(), clock);
            assert_eq!(seconds.short().to_string(), short);
        }
    }

    #[test]
    fn a_time_between_two_moments_is_never_below_zero() {
        let table = [
            (1000, 1007, 7),
            (-5, 5, 10),
            (1000, 1000, 0),
            (1000, 995, 0),
            (i64::MIN, i64::MAX, u64::MAX),
            (i64::MAX, i64::MIN, 0),
        ];
        for (from, to, seconds) in table {
            assert_eq!(Seconds::between(from, to), Seconds(seconds), "{from} {to}");
        }
        assert_eq!(Seconds::from(Duration::from_millis(1999)), Seconds(1));
    }
}
