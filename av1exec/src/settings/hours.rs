//! The hours during which films are encoded, in local time.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use jiff::{Timestamp, ToSpan, Zoned};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// One or more ranges of local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveHours(Vec<Range>);

/// A range of the day from one minute up to, but not including, another. If `to` is earlier than `from`, the range
/// spans midnight. If both are midnight, it is the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: Time,
    to: Time,
}

/// What happens to running encodes when the active hours end. New ones never start outside the hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum OutsideHours {
    /// They are paused, and continue when the hours begin again. They keep their memory in the meantime.
    #[default]
    Pause,
    /// They run to their end.
    Finish,
}

impl ActiveHours {
    /// Whether this time of the day is in one of the ranges.
    pub fn contains(&self, time: Time) -> bool {
        self.0.iter().any(|range| range.contains(time))
    }

    /// Returns the first instant after `now` at which the result of [`contains`](Self::contains) changes, or `None` if
    /// it never does.
    ///
    /// Local time decides: an hour that a clock change repeats counts twice, and one that it skips doesn't occur.
    pub fn next_change(&self, now: &Zoned) -> Option<Zoned> {
        /// How many days to search. A clock change may skip a short range for a day, so that one day isn't enough.
        const DAYS: i64 = 4;
        let present = self.contains(now.time());
        let differs = |at: &Zoned| at > now && self.contains(at.time()) != present;
        (0..DAYS).find_map(|day| {
            let date = now.date().checked_add(day.days()).ok()?;
            let ends = self.0.iter().flat_map(|range| [range.from, range.to]);
            let ends = ends.map(|time| date.to_datetime(time)).flat_map(|at| {
                let at = now.time_zone().to_ambiguous_zoned(at);
                [at.clone().earlier(), at.later()]
            });
            // A clock change may move the local time into or out of a range.
            let midnight = now.time_zone().to_zoned(date.to_datetime(Time::midnight())).ok()?;
            let after = Timestamp::max(midnight.timestamp(), now.timestamp());
            let jump = now
                .time_zone()
                .following(after)
                .next()
                .map(|jump| Ok(jump.timestamp().to_zoned(now.time_zone().clone())));
            let jump = jump.filter(|at| at.as_ref().is_ok_and(|at| at.date() == date));
            ends.chain(jump).filter_map(Result::ok).filter(differs).min()
        })
    }
}

impl Range {
    fn contains(self, time: Time) -> bool {
        let Self { from, to } = self;
        if from < to { from <= time && time < to } else { time >= from || time < to }
    }
}

/// The text isn't a list of ranges like `22:00-07:00`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no range of hours like \"22:00-07:00\"")]
pub struct NoHours;

impl FromStr for ActiveHours {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        text.split(',').map(|range| range.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Range {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        let (from, to) = text.split_once('-').ok_or(NoHours)?;
        let (from, to) = (from.trim(), to.trim());
        let range =
            Self { from: minute(from)?, to: if to == "24:00" { Time::midnight() } else { minute(to)? } };
        // A range whose ends are equal is ambiguous: it could be empty or the whole day.
        if range.from == range.to && to != "24:00" { Err(NoHours) } else { Ok(range) }
    }
}

/// Parses a time of the day like `7:05` or `07:05`.
fn minute(text: &str) -> Result<Time, NoHours> {
    let (hour, minute) = text.split_once(':').ok_or(NoHours)?;
    let digits = |text: &str, most: usize| {
        let sound = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| sound)
    };
    let (hour, minute) = (digits(hour, 2), digits(minute, 2).filter(|_| minute.len() == 2));
    hour.zip(minute).and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok()).ok_or(NoHours)
}

impl fmt::Display for ActiveHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Range { from, to }) in self.0.iter().enumerate() {
            let to =
                if *to == Time::midnight() { "24:00".to_owned() } else { to.strftime("%H:%M").to_string() };
            write!(f, "{}{}-{to}", if place > 0 { "," } else { "" }, from.strftime("%H:%M"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> ActiveHours {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_has_its_start_and_not_its_end_and_may_go_over_midnight() {
        for (ranges, inside, outside) in [
            ("22:00-07:00", &["22:00", "23:59", "00:00", "06:59"][..], &["07:00", "12:00", "21:59"][..]),
            ("08:00-12:00", &["08:00", "11:59"], &["07:59", "12:00", "00:00"]),
            ("18:00-24:00", &["18:00", "23:59"], &["00:00", "17:59"]),
            ("00:00-24:00", &["00:00", "12:00", "23:59"], &[]),
            ("1:00-2:00 , 3:00 - 4:00", &["01:30", "03:30"], &["02:30", "04:00"]),
        ] {
            let hours = hours(ranges);
            for time in inside {
                assert!(hours.contains(time.parse().unwrap()), "{time} in {ranges}");
            }
            for time in outside {
                assert!(!hours.contains(time.parse().unwrap()), "{time} not in {ranges}");
            }
        }
    }

    #[test]
    fn what_is_no_range_is_refused_and_what_is_reads_back() {
        for text in [
            "",
            "22:00",
            "22-7",
            "22:00-22:00",
            "25:00-01:00",
            "22:60-01:00",
            "24:00-01:00",
            "22:0-7:00",
            "+2:00-7:00",
            "22:00-07:00,",
            "022:00-07:00",
            "22:00:00-07:00",
        ] {
            assert_eq!(text.parse::<ActiveHours>(), Err(NoHours), "{text}");
        }
        for text in ["22:00-07:00", "00:00-24:00", "01:00-02:00,03:00-24:00"] {
            assert_eq!(hours(text).to_string(), text);
        }
    }

    #[test]
    fn the_next_change_is_told_in_local_time() {
        for (ranges, now, next) in [
            ("22:00-07:00", "2026-06-01T12:00[Europe/Berlin]", Some("2026-06-01T22:00[Europe/Berlin]")),
            ("22:00-07:00", "2026-06-01T22:00[Europe/Berlin]", Some("2026-06-02T07:00[Europe/Berlin]")),
            ("22:00-07:00", "2026-06-02T03:00[Europe/Berlin]", Some("2026-06-02T07:00[Europe/Berlin]")),
            ("22:00-07:00", "2026-06-02T07:00[Europe/Berlin]", Some("2026-06-02T22:00[Europe/Berlin]")),
            // Adjacent ranges act as one.
            ("22:00-24:00,00:00-07:00", "2026-06-01T23:00[UTC]", Some("2026-06-02T07:00[UTC]")),
            ("00:00-24:00", "2026-06-01T23:00[UTC]", None),
            // The clock is set forward from 2:00 to 3:00, and the end of the range is in the skipped hour.
            ("01:00-02:30", "2026-03-29T01:30[Europe/Berlin]", Some("2026-03-29T03:00[Europe/Berlin]")),
            // The whole range is skipped on that day.
            ("02:10-02:50", "2026-03-29T01:30[Europe/Berlin]", Some("2026-03-30T02:10[Europe/Berlin]")),
            // The clock is set back from 3:00 to 2:00, so that the time from 2:00 to 2:30 occurs twice.
            ("01:00-02:30", "2026-10-25T01:30[Europe/Berlin]", Some("2026-10-25T02:30+02[Europe/Berlin]")),
            ("01:00-02:30", "2026-10-25T02:45+02[Europe/Berlin]", Some("2026-10-25T02:00+01[Europe/Berlin]")),
            ("01:00-02:30", "2026-10-25T02:15+01[Europe/Berlin]", Some("2026-10-25T02:30+01[Europe/Berlin]")),
        ] {
            let now: Zoned = now.parse().unwrap();
            let next: Option<Zoned> = next.map(|next| next.parse().unwrap());
            assert_eq!(hours(ranges).next_change(&now), next, "{ranges} at {now}");
        }
    }

    #[test]
    fn no_minute_before_the_next_change_differs_from_now() {
        for start in [
            "2026-03-28T12:07[Europe/Berlin]",
            "2026-10-24T12:07[Europe/Berlin]",
            "2026-10-03T12:00[Australia/Lord_Howe]",
        ] {
            for ranges in ["22:00-07:00", "02:10-02:50", "01:45-02:30,03:00-03:30", "02:00-02:01"] {
                let (hours, mut now) = (hours(ranges), start.parse::<Zoned>().unwrap());
                for _ in 0..6 {
                    let next = hours.next_change(&now).unwrap();
                    let present = hours.contains(now.time());
                    let mut minute = now.clone();
                    while minute < next {
                        assert_eq!(
                            hours.contains(minute.time()),
                            present,
                            "{ranges}: {minute} before {next}"
                        );
                        minute = minute.checked_add(1.minute()).unwrap();
                    }
                    assert_ne!(hours.contains(next.time()), present, "{ranges}: {next}");
                    now = next;
                }
            }
        }
    }
}
