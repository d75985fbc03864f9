//! Says when this machine lacks the time zone by which `active_hours` are meant: they are then taken as UTC.

use std::ffi::OsStr;

use jiff::tz::TimeZone;

use super::Settings;
use super::environment::Environment;
use crate::sys::sanitize::sanitize;

/// A time zone that isn't there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneRemark {
    /// What is missing, and what follows from that.
    pub text: String,
    /// What can be done about it.
    pub hint: &'static str,
}

/// Returns the name of the local time zone, or what is to be said about one that isn't there.
pub fn time_zone(settings: &Settings, environment: &Environment) -> Result<String, ZoneRemark> {
    let found = TimeZone::try_system().ok();
    match remark(environment.tz.as_deref(), found.is_some(), settings.active_hours.is_some()) {
        Some(remark) => Err(remark),
        None => Ok(match &found {
            Some(zone) => zone.iana_name().unwrap_or("a zone without a name").to_owned(),
            None => "UTC, since this machine has no time zone".to_owned(),
        }),
    }
}

fn remark(variable: Option<&OsStr>, is_found: bool, has_hours: bool) -> Option<ZoneRemark> {
    let meant = if has_hours { "`active_hours` and all times" } else { "all times" };
    match variable {
        _ if is_found => None,
        Some(name) => Some(ZoneRemark {
            text: format!(
                "$TZ names the time zone {}, which this machine doesn't have: {meant} are in UTC",
                sanitize(&name.to_string_lossy())
            ),
            hint: "install the package tzdata, or correct $TZ",
        }),
        // Without active hours, UTC is only the zone of the times in logs, as usual in containers.
        None if has_hours => Some(ZoneRemark {
            text: format!("this machine has no time zone: {meant} are in UTC"),
            hint: "install the package tzdata and set $TZ, as in TZ=Europe/Berlin, or TZ=UTC if UTC is meant",
        }),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_zone_that_was_meant_and_isnt_there_is_remarked() {
        let berlin = Some(OsStr::new("Europe/Berlin"));
        for (variable, is_found, has_hours, expected) in [
            (None, true, true, None),
            (berlin, true, true, None),
            (None, false, false, None),
            (
                None,
                false,
                true,
                Some("this machine has no time zone: `active_hours` and all times are in UTC"),
            ),
            (
                berlin,
                false,
                true,
                Some(
                    "$TZ names the time zone Europe/Berlin, which this machine doesn't have: `active_hours` and all times are in UTC",
                ),
            ),
            (
                Some(OsStr::new("No\u{1b}where")),
                false,
                false,
                Some(
                    "$TZ names the time zone No\\u{1b}where, which this machine doesn't have: all times are in UTC",
                ),
            ),
        ] {
            let found = remark(variable, is_found, has_hours).map(|remark| remark.text);
            assert_eq!(found.as_deref(), expected, "{variable:?} {is_found} {has_hours}");
        }
    }
}
