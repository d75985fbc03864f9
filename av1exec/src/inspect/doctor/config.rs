//! Checks the config: which file it is, what it sets, which errors it has, and whether the time zone is there by which
//! its hours are meant.

use super::check::{Check, Code};
use crate::settings::{
    Effective, Environment, Inspection, Settings, Source, ZoneRemark, effective, time_zone,
};
use crate::sys::sanitize::{display, sanitize};

/// If the config sets more keys than this, they aren't listed.
const NAMED: usize = 6;

/// Returns one finding for the file, or one for each of its errors.
pub(super) fn checks(inspection: &Inspection) -> Vec<Check> {
    let Inspection { places: _, file, reading, error } = inspection;
    if let Some(error) = error {
        let wrong = error.to_string();
        let mut checks: Vec<Check> = wrong
            .lines()
            .map(|line| Check {
                level: super::Level::Fail,
                ..Check::ok(Code::Config, line).about(error.path())
            })
            .collect();
        if let Some(last) = checks.last_mut() {
            last.hint = Some(format!("{}; what follows goes by what could be read", error.hint()));
        }
        return checks;
    }
    let Some(file) = file else {
        let text = "there is no config file, and all keys have their defaults";
        return vec![
            Check::ok(Code::Config, text).hint("`av1cli config init` writes one, to name your folders in"),
        ];
    };
    let text = format!("{} {}", display(file), sets(&effective(reading)));
    vec![Check::ok(Code::Config, text).about(file)]
}

/// Checks the time zone, by which `active_hours` are meant.
pub(super) fn time_zone_check(settings: &Settings, environment: &Environment) -> Check {
    match time_zone(settings, environment) {
        Err(ZoneRemark { text, hint }) => Check::warn(Code::TimeZone, text, hint),
        Ok(zone) => {
            let hours = settings.active_hours.as_ref();
            let hours = hours.map_or_else(String::new, |hours| format!("; encodes begin only in {hours}"));
            Check::ok(Code::TimeZone, format!("{}{hours}", sanitize(&zone)))
        }
    }
}

fn sets(entries: &[Effective]) -> String {
    let set: Vec<&str> =
        entries.iter().filter(|entry| entry.source != Source::Default).map(|entry| entry.key).collect();
    let count = format!("sets {} of {} keys", set.len(), entries.len());
    match set.len() {
        0 => "sets nothing: all keys have their defaults".to_owned(),
        1..=NAMED => format!("{count}: {}", set.join(", ")),
        _ => format!("{count} (`av1cli config show` tells which)"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::settings::{Environment, inspect};

    fn checked(text: Option<&str>) -> Vec<Check> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        checks(&inspect(Some(&file), &Environment::default()))
    }

    #[test]
    fn a_right_config_is_one_line_and_a_wrong_one_a_line_for_each_mistake() {
        let right = checked(Some("min_bytes = 5\nnice = 3"));
        assert_eq!((right.len(), right[0].level), (1, Level::Ok));
        assert!(
            right[0].text.contains("c.toml sets 2 of ") && right[0].text.ends_with(" keys: min_bytes, nice"),
            "{right:?}"
        );
        assert!(checked(Some(""))[0].text.ends_with("sets nothing: all keys have their defaults"));
        let full = checked(Some(&crate::settings::default_file()));
        assert!(full[0].text.ends_with(" keys (`av1cli config show` tells which)"), "{full:?}");

        let wrong = checked(Some("min_bytes = -1\nnicer = 3"));
        let places: Vec<bool> = wrong.iter().map(|check| check.hint.is_some()).collect();
        assert_eq!(places, [false, true]);
        assert!(wrong.iter().all(|check| check.level == Level::Fail && check.text.contains("c.toml:")));
        let missing = checked(None);
        assert_eq!((missing.len(), missing[0].level), (1, Level::Fail));
    }
}
