//! A summary of a file's packets, made line by line from ffprobe's output.

mod stream;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{LOST_SYNC, damage_in, message_of};
use crate::number::Micros;
use stream::Packet;
pub use stream::{Damaged, Gap, Jumps, PacketHash, StreamPackets};

/// What one pass over a file's packets shows of each stream. Give it each line of ffprobe's output with
/// [`add_line`](Self::add_line).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PacketSummary {
    streams: BTreeMap<u32, StreamPackets>,
    times_of: Option<u32>,
    times: Vec<Micros>,
    /// Whether jumps of the clock are taken out of the timestamps.
    joins_clocks: bool,
    /// The end of each stream's last packet, by the clock without jumps. Only filled if jumps are looked for.
    last: BTreeMap<u32, Micros>,
    /// The timestamp of the last packet that has one.
    latest: Option<Micros>,
    complaint: Option<Complaint>,
}

/// What ffprobe complained of while it listed a file's packets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Complaint {
    /// What the first line says that tells of damage, or the first behind which ffprobe read nothing.
    pub line: String,
    /// How many such lines there were.
    pub count: u64,
    /// The timestamp of the packet before the first one, in microseconds; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Micros>,
}

impl Complaint {
    /// Whether ffprobe read nothing behind it, although ffmpeg may: a hole in a transport stream.
    pub fn ends_reading(&self) -> bool {
        self.line.contains(LOST_SYNC)
    }
}

/// How many letters of a complaint are kept.
const MOST_LETTERS: usize = 300;

impl PacketSummary {
    /// An empty summary that will keep every timestamp of the stream `index`, which takes eight bytes for each
    /// packet.
    pub fn with_times_of(index: u32) -> Self {
        Self { times_of: Some(index), ..Self::default() }
    }

    /// Takes jumps of the clock out of all timestamps. A transport stream or a DVD may be joined from recordings whose
    /// clocks have nothing to do with each other, and ffmpeg closes such gaps.
    #[must_use]
    pub fn joining_clocks(mut self, joins: bool) -> Self {
        self.joins_clocks = joins;
        self
    }

    /// Adds a line that ffprobe printed with the arguments of
    /// [`command::packet_probe_arguments`](crate::command::packet_probe_arguments): stream index, timestamp,
    /// duration, bytes, flags, hash, like `0,1.240000,0.040000,1733,K__,murmur3:0cd1`. Fields may be missing at the
    /// end of the line, and then they aren't known.
    ///
    /// A line that isn't of this form is ignored.
    pub fn add_line(&mut self, line: &str) {
        let Some(mut packet) = Packet::read(line) else { return };
        let stream = self.streams.entry(packet.index).or_default();
        if let Some(start) = packet.start.filter(|_| self.joins_clocks) {
            let last = self.last.get(&packet.index).copied();
            let start = stream.jumps.join(start, packet.duration, last);
            packet.start = Some(start);
            self.last.insert(packet.index, Micros(start.0.saturating_add(packet.duration.0)));
        }
        stream.add(&packet);
        self.latest = packet.start.or(self.latest);
        if self.times_of == Some(packet.index) {
            self.times.extend(packet.start);
        }
    }

    /// Adds a line of ffprobe's standard error. A line that doesn't say that the file is damaged is ignored.
    pub fn add_complaint(&mut self, line: &str) {
        self.complain(line, self.latest);
    }

    /// Adds a line of the standard error of another run of ffprobe, so that its place in the film isn't known.
    pub fn add_unplaced_complaint(&mut self, line: &str) {
        self.complain(line, None);
    }

    fn complain(&mut self, line: &str, at: Option<Micros>) {
        if damage_in(line) {
            let is_lasting = self.complaint.as_ref().is_some_and(|first| !first.ends_reading());
            if is_lasting && line.contains(LOST_SYNC) {
                self.complaint = None;
            }
            let first =
                || Complaint { line: message_of(line).chars().take(MOST_LETTERS).collect(), count: 0, at };
            self.complaint.get_or_insert_with(first).count += 1;
        }
    }

    /// What ffprobe complained of; `None` if it found no damage.
    pub fn complaint(&self) -> Option<&Complaint> {
        self.complaint.as_ref()
    }

    /// Whether there is no packet of any stream.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// What is known of each stream that has packets, by the stream's index.
    pub fn streams(&self) -> &BTreeMap<u32, StreamPackets> {
        &self.streams
    }

    /// The packets of each stream that has any, by the stream's index.
    pub fn into_streams(self) -> BTreeMap<u32, StreamPackets> {
        self.streams
    }

    /// What is known of the packets of the stream `index`; `None` if it has no packets.
    pub fn stream(&self, index: u32) -> Option<StreamPackets> {
        self.streams.get(&index).copied()
    }

    /// The timestamps of the stream `index` in microseconds, in the file's order; `None` if they weren't kept (see
    /// [`with_times_of`](Self::with_times_of)).
    pub fn times(&self, index: u32) -> Option<&[Micros]> {
        (self.times_of == Some(index)).then_some(self.times.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(lines: &[&str]) -> PacketSummary {
        let mut packets = PacketSummary::with_times_of(0);
        for line in lines {
            packets.add_line(line);
        }
        packets
    }

    #[test]
    fn lines_are_summed_up_by_stream() {
        let packets = summary(&[
            "0,0.040000,0.040000,7,K__",
            "0,0.000000,0.040000,5,___\n",
            "1,N/A,N/A",
            "",
            "side data",
            "1,2.5,1",
        ]);
        let video = StreamPackets {
            count: 2,
            untimed: 0,
            bytes: Some(12),
            first: Some(Micros(0)),
            shown: Some(Micros(0)),
            end: Some(Micros(80_000)),
            back: Micros(80_000),
            shown_end: Some(Micros(80_000)),
            last: Micros(40_000),
            key: Some(Micros(40_000)),
            ..StreamPackets::default()
        };
        assert_eq!(packets.stream(0), Some(video));
        let audio = StreamPackets {
            count: 2,
            untimed: 1,
            first: Some(Micros(2_500_000)),
            shown: Some(Micros(2_500_000)),
            end: Some(Micros(3_500_000)),
            shown_end: Some(Micros(3_500_000)),
            last: Micros(1_000_000),
            before_key: 2,
            ..StreamPackets::default()
        };
        assert_eq!(packets.stream(1), Some(audio));
        assert_eq!(packets.stream(2), None);
        assert_eq!(packets.times(0), Some(&[Micros(40_000), Micros(0)][..]));
        assert_eq!(packets.times(1), None);
    }

    #[test]
    fn the_longest_gap_is_kept() {
        let packets = summary(&["0,0,1", "0,1.5,1", "0,5,1", "0,6,1"]);
        let gap = packets.stream(0).and_then(|stream| stream.gap);
        assert_eq!(gap, Some(Gap { at: Micros(2_500_000), length: Micros(2_500_000) }));
    }

    #[test]
    fn packets_hidden_by_an_edit_list_are_not_the_first_shown() {
        let packets =
            summary(&["0,-0.080000,0.040000,9,KD_", "0,-0.040000,0.040000,9,_D_", "0,0,0.040000,9,___"]);
        let seen = packets.stream(0).unwrap();
        assert_eq!((seen.count, seen.first, seen.shown), (3, Some(Micros(-80_000)), Some(Micros(0))));
    }

    /// The clock goes from 100 s back to 20 s, as in two recordings that were joined.
    #[test]
    fn jumps_of_the_clock_are_taken_out_on_request() {
        let lines = ["0,100,1", "0,101,1", "0,20,1", "0,21,1", "0,25,1"];
        let with = |joins| {
            let mut packets = PacketSummary::default().joining_clocks(joins);
            for line in lines {
                packets.add_line(line);
            }
            packets.stream(0).unwrap()
        };
        let joined = with(true);
        assert_eq!((joined.first, joined.end), (Some(Micros::from_secs(100)), Some(Micros::from_secs(108))));
        let jumps = Jumps { count: 1, at: Some(Micros::from_secs(102)), by: Micros::from_secs(-82) };
        assert_eq!(joined.jumps, jumps);
        assert_eq!(joined.gap.map(|gap| gap.length), Some(Micros::from_secs(3)), "less than ten seconds");
        assert_eq!((with(false).first, with(false).jumps.count), (Some(Micros::from_secs(20)), 0));
    }

    #[test]
    fn pictures_that_are_decoded_early_are_no_jump_and_a_recording_that_overlaps_is_one() {
        let with = |lines: &[&str]| {
            let mut packets = PacketSummary::default().joining_clocks(true);
            for line in lines {
                packets.add_line(line);
            }
            packets.stream(0).unwrap()
        };
        let reordered = with(&["0,0,0.5", "0,3,0.5", "0,1.5,0.5", "0,1,0.5", "0,2,0.5"]);
        assert_eq!((reordered.jumps, reordered.end), (Jumps::default(), Some(Micros(3_500_000))));
        let overlapping = with(&["0,0,0.04", "0,3,0.04", "0,1,0.04", "0,2,0.04"]).jumps;
        let jumps = Jumps { count: 1, at: Some(Micros(3_040_000)), by: Micros(-2_040_000) };
        assert_eq!(overlapping, jumps);
    }

    #[test]
    fn damage_is_counted_with_its_place() {
        let packets = summary(&[
            "0,1,1,9,__C",
            "0,2,1,9,K__",
            "0,3,1,9,__C",
            "0,4,1,9,___",
            "0,N/A,1,9,__C",
            "0,6,1,9,__C",
        ]);
        let seen = packets.stream(0).unwrap();
        assert_eq!((seen.before_key, seen.key), (1, Some(Micros::from_secs(2))));
        let damaged = Damaged {
            count: 4,
            stretches: 3,
            first: Some(Micros::from_secs(1)),
            last: Some(Micros::from_secs(6)),
            since: 0,
        };
        assert_eq!(seen.damaged, damaged);
    }

    #[test]
    fn the_hash_shows_another_order_and_another_content() {
        let hash = |lines: &[&str]| summary(lines).stream(0).unwrap().hash;
        let (one, two) = ("0,1,1,9,K__,murmur3:aa", "0,2,1,9,K__,murmur3:bb");
        assert_eq!(hash(&[one, two]), hash(&["0,5,1,9,___,murmur3:aa", two]), "only the contents count");
        assert!(hash(&[one, two]).is_some() && hash(&[one, two]) != hash(&[two, one]));
        assert_eq!(hash(&[one, "0,2,1,9,K__"]), None);
    }
}
