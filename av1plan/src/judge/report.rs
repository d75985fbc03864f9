//! ffmpeg's closing report: what it prints when it ends about how much it read, decoded, encoded and wrote of each
//! stream.
//!
//! The lines are the same in ffmpeg 8.0 and 9.0.2, with `-loglevel level+verbose`:
//!
//! ```text
//! [out#0/matroska @ 0x55..] [verbose]   Output stream #0:0 (video): 50 frames encoded; 50 packets muxed (24390 bytes);
//! [in#0/mov,mp4,m4a,3gp,3g2,mj2 @ 0x56..] [verbose]   Input stream #0:1 (audio): 88 packets read (17627 bytes);
//! ```

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// ffmpeg's closing report: for each stream, what was read of the source and what was written to the result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClosingReport {
    inputs: BTreeMap<u32, InputStats>,
    outputs: BTreeMap<u32, OutputStats>,
    contradicts_itself: bool,
}

/// What ffmpeg read of one stream of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InputStats {
    /// How many packets were read.
    pub packets: u64,
    /// How many bytes these packets have together.
    pub bytes: u64,
    /// How many frames the decoder returned; `None` if the stream wasn't decoded.
    pub decoded: Option<u64>,
    /// How many packets couldn't be decoded; `None` if the stream wasn't decoded.
    pub errors: Option<u64>,
}

/// What ffmpeg gave to the muxer for one stream of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutputStats {
    /// How many frames went into the encoder; `None` if the stream was copied.
    pub encoded: Option<u64>,
    /// How many packets the muxer was given.
    pub packets: u64,
    /// How many bytes these packets have together as the muxer was given them. It may write fewer.
    pub bytes: u64,
}

impl ClosingReport {
    /// Adds a line of ffmpeg's standard error. A line that isn't part of the report is ignored.
    pub fn add_line(&mut self, line: &str) {
        let Some((side, index, numbers)) = stream_line(line) else { return };
        let added = match side {
            Side::Input => InputStats::read(numbers).is_some_and(|taken| add(&mut self.inputs, index, taken)),
            Side::Output => {
                OutputStats::read(numbers).is_some_and(|given| add(&mut self.outputs, index, given))
            }
        };
        self.contradicts_itself |= !added;
    }

    /// What was read of the source stream `index`; `None` if the report has no line for it.
    pub fn input(&self, index: u32) -> Option<InputStats> {
        self.inputs.get(&index).copied()
    }

    /// What was given to the muxer for the result's stream `index`, counted in the order of `-map`; `None` if the
    /// report has no line for it.
    pub fn output(&self, index: u32) -> Option<OutputStats> {
        self.outputs.get(&index).copied()
    }

    /// Whether no line of the report was added, because ffmpeg didn't end by itself.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.outputs.is_empty()
    }

    /// Whether a stream has two lines, or one that can't be read. ffmpeg prints one for each; a second one can come
    /// from a file name with line breaks in it, and then nobody can know which of the two is true.
    pub fn contradicts_itself(&self) -> bool {
        self.contradicts_itself
    }
}

/// Stores the numbers of a stream. Returns whether there were none before.
fn add<T>(streams: &mut BTreeMap<u32, T>, index: u32, numbers: T) -> bool {
    streams.insert(index, numbers).is_none()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Input,
    Output,
}

/// Splits a line of the report into its side, the stream's index and the numbers.
///
/// The line must be of ffmpeg's form from its first byte on. A tag that imitates one can't be: ffmpeg prints tags
/// after a level and a blank, never at the start of a line.
fn stream_line(line: &str) -> Option<(Side, u32, &str)> {
    let (side, rest, words) = if let Some(rest) = line.strip_prefix("[out#0/") {
        (Side::Output, rest, "] [verbose]   Output stream #0:")
    } else {
        (Side::Input, line.strip_prefix("[in#0/")?, "] [verbose]   Input stream #0:")
    };
    let (context, rest) = rest.split_once(words)?;
    let (muxer, address) = context.split_once(" @ 0x")?;
    let is_muxer = muxer.bytes().all(|byte| byte.is_ascii_alphanumeric() || b",_".contains(&byte));
    let is_address = !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (index, rest) = rest.split_once(" (")?;
    let (kind, numbers) = rest.split_once("): ")?;
    let is_kind = kind.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_muxer && is_address && is_kind).then_some((side, index.parse().ok()?, numbers.trim_end()))
}

/// Reads the packets and bytes of `50 packets read (24390 bytes);` and returns the rest of the line as well.
fn packets<'a>(part: &'a str, done: &str) -> Option<(u64, u64, &'a str)> {
    let (count, rest) = part.split_once(done)?;
    let (bytes, rest) = rest.split_once(" bytes);")?;
    Some((count.parse().ok()?, bytes.parse().ok()?, rest))
}

/// Reads the number of `50 frames encoded; ` if the text begins with it, and returns the rest of the line as well.
fn counted<'a>(part: &'a str, what: &str) -> (Option<u64>, &'a str) {
    match part.split_once(what).and_then(|(count, rest)| Some((count.trim_start().parse().ok()?, rest))) {
        Some((count, rest)) => (Some(count), rest),
        None => (None, part),
    }
}

impl InputStats {
    fn read(numbers: &str) -> Option<Self> {
        let (packets, bytes, rest) = packets(numbers, " packets read (")?;
        let (decoded, rest) = counted(rest, " frames decoded");
        // For audio the number of samples follows in parentheses.
        let errors = rest.split_once("; ").map_or(rest, |(_, errors)| errors);
        Some(Self { packets, bytes, decoded, errors: counted(errors, " decode errors;").0 })
    }
}

impl OutputStats {
    fn read(numbers: &str) -> Option<Self> {
        let (encoded, rest) = counted(numbers, " frames encoded");
        let rest = if encoded.is_some() { rest.split_once("; ")?.1 } else { rest };
        let (packets, bytes, _) = packets(rest, " packets muxed (")?;
        Some(Self { encoded, packets, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT: &str = "[out#0/matroska @ 0x56396f961840] [verbose]   Output stream #0:";
    const IN: &str = "[in#0/mov,mp4,m4a,3gp,3g2,mj2 @ 0x7f96f8d2640] [verbose]   Input stream #0:";

    fn report(lines: &[&str]) -> ClosingReport {
        let mut report = ClosingReport::default();
        for line in lines {
            report.add_line(line);
        }
        report
    }

    /// The lines are as ffmpeg 8.0 and 9.0.2 print them, with a blank at the end of each.
    #[test]
    fn lines_of_every_type_of_stream_are_read() {
        let report = report(&[
            &alloc::format!("{OUT}0 (video): 50 frames encoded; 48 packets muxed (47613 bytes); "),
            &alloc::format!("{OUT}1 (audio): 88 packets muxed (17627 bytes); "),
            &alloc::format!(
                "{OUT}2 (audio): 20 frames encoded (96000 samples); 21 packets muxed (4148 bytes); "
            ),
            &alloc::format!("{OUT}4 (attachment): 0 packets muxed (0 bytes); "),
            "[out#0/matroska @ 0x56396f961840] [verbose]   Total: 160 packets (89402 bytes) muxed",
            &alloc::format!(
                "{IN}0 (video): 75 packets read (61854 bytes); 62 frames decoded; 3 decode errors; "
            ),
            &alloc::format!("{IN}2 (audio): 88 packets read (17627 bytes); "),
            &alloc::format!(
                "{IN}3 (audio): 20 packets read (9 bytes); 20 frames decoded; 0 decode errors (96000 samples); "
            ),
            &alloc::format!(
                "{IN}4 (audio): 20 packets read (9 bytes); 20 frames decoded (96000 samples); 1 decode errors; "
            ),
        ]);
        let given = |encoded, packets, bytes| Some(OutputStats { encoded, packets, bytes });
        assert_eq!(report.output(0), given(Some(50), 48, 47613));
        assert_eq!(report.output(1), given(None, 88, 17627));
        assert_eq!(report.output(2), given(Some(20), 21, 4148));
        assert_eq!(report.output(4), given(None, 0, 0));
        let taken = |packets, bytes, decoded, errors| Some(InputStats { packets, bytes, decoded, errors });
        assert_eq!(report.input(0), taken(75, 61854, Some(62), Some(3)));
        assert_eq!(report.input(2), taken(88, 17627, None, None));
        assert_eq!(report.input(4), taken(20, 9, Some(20), Some(1)));
        assert!(!report.contradicts_itself() && !report.is_empty());
    }

    #[test]
    fn tags_and_names_are_no_lines_of_the_report() {
        let fake = alloc::format!("{OUT}0 (video): 50 frames encoded; 50 packets muxed (9 bytes); ");
        for line in [
            alloc::format!("[info]     title           : {fake}"),
            alloc::format!(" {fake}"),
            fake.replace("[out#0/matroska", "[out#0/matroska] [x"),
            fake.replace("0x56396f961840", "0x"),
            fake.replace("(video)", "(vi deo)"),
            fake.replace("#0:0", "#0:x"),
        ] {
            assert_eq!(report(&[&line]), ClosingReport::default(), "{line}");
        }
    }

    #[test]
    fn a_second_line_for_a_stream_contradicts_the_report() {
        let line = alloc::format!("{IN}0 (video): 75 packets read (61854 bytes); ");
        assert!(report(&[&line, &line]).contradicts_itself());
        let broken = alloc::format!("{IN}0 (video): no packets at all");
        assert!(report(&[&broken]).contradicts_itself());
    }
}
