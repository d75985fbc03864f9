//! Takes a command apart, independently of the code that makes it.

use av1plan::EncodePlan;
use av1plan::command::{self, Arg, Audience, Placeholder};

/// Options without a value. Every other option has exactly one.
const SWITCHES: [&str; 7] =
    ["-nostdin", "-hide_banner", "-y", "-xerror", "-nostats", "-copyts", "-start_at_zero"];

/// An option of a command with its value, which is empty for an option without one.
pub(crate) type Opt = (String, String);

/// The options of the command for a person, in order. `-i` and the output have the name of their placeholder as
/// value.
pub(crate) fn options(plan: &EncodePlan) -> Vec<Opt> {
    options_of(&command::arguments(plan, Audience::Person))
}

pub(crate) fn options_of(arguments: &[Arg]) -> Vec<Opt> {
    let mut words = arguments.iter().map(|argument| match argument {
        Arg::Text(text) => text.clone().into_owned(),
        Arg::File(Placeholder::Input) => String::from("INPUT"),
        Arg::File(Placeholder::Output) => String::from("OUTPUT"),
        Arg::File(Placeholder::FrameTimes) => String::from("TIMES"),
        Arg::File(Placeholder::Original) => String::from("ORIGINAL"),
        Arg::File(Placeholder::Chapters | Placeholder::Tags) | Arg::Path(..) => String::from("not ffmpeg's"),
    });
    let mut options = Vec::new();
    while let Some(word) = words.next() {
        let switch = SWITCHES.contains(&word.as_str()) || word == "-noautorotate" || word == "OUTPUT";
        let value = if switch { None } else { words.next() };
        options.push((word, value.unwrap_or_default()));
    }
    options
}

/// The values of all options with this name.
pub(crate) fn values<'a>(options: &'a [Opt], name: &str) -> Vec<&'a str> {
    options.iter().filter(|(option, _)| option == name).map(|(_, value)| value.as_str()).collect()
}

/// The source streams that the command maps, in order.
pub(crate) fn maps(plan: &EncodePlan) -> Vec<u32> {
    let options = options(plan);
    let index = |value: &str| {
        value
            .strip_prefix("0:")
            .and_then(|index| index.parse().ok())
            .expect("a map is the absolute index of a stream")
    };
    values(&options, "-map").into_iter().map(index).collect()
}
