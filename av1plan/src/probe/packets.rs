//! A summary of a file's packets, made line by line from ffprobe's output.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::number::Micros;

/// What one pass over a file's packets shows of each stream. Give it each line of ffprobe's output with
/// [`add_line`](Self::add_line).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PacketSummary {
    streams: BTreeMap<u32, StreamPackets>,
    times_of: Option<u32>,
    times: Vec<Micros>,
}

/// What is known of the packets of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StreamPackets {
    /// How many packets the stream has.
    pub count: u64,
    /// How many of the packets have no timestamp.
    pub untimed: u64,
    /// The sum of the packets' sizes in bytes; `None` if one of them has no size.
    pub bytes: Option<u64>,
    /// The earliest timestamp in microseconds; `None` if no packet has one.
    pub first: Option<Micros>,
    /// The earliest timestamp of a packet that is shown, in microseconds: an edit list may hide earlier ones. `None`
    /// if there is no such packet.
    pub shown: Option<Micros>,
    /// The latest end of a packet (timestamp plus duration), in microseconds; `None` if no packet has a timestamp.
    pub end: Option<Micros>,
    /// The longest gap between two packets, in which nothing is shown or heard; `None` if there is none.
    pub gap: Option<Gap>,
}

/// A gap in a stream: a time in which it has no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Gap {
    /// When the gap begins, in microseconds.
    pub at: Micros,
    /// How long the gap is, in microseconds.
    pub length: Micros,
}

impl Gap {
    /// Whether the two gaps overlap.
    pub(crate) fn meets(self, other: Self) -> bool {
        let end = |gap: Self| gap.at.0.saturating_add(gap.length.0);
        self.at.0 < end(other) && other.at.0 < end(self)
    }
}

/// A packet, read from a line of ffprobe's output.
struct Packet {
    index: u32,
    start: Option<Micros>,
    duration: Micros,
    bytes: Option<u64>,
    /// Whether the packet is to be decoded but not shown, because an edit list hides it.
    hidden: bool,
}

impl Packet {
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.trim_end().split(',');
        Some(Self {
            index: fields.next()?.parse().ok()?,
            start: fields.next().and_then(Micros::parse),
            duration: fields.next().and_then(Micros::parse).unwrap_or_default(),
            bytes: fields.next().and_then(|bytes| bytes.parse().ok()),
            hidden: fields.next().is_some_and(|flags| flags.contains('D')),
        })
    }
}

impl StreamPackets {
    fn add(&mut self, packet: &Packet) {
        self.bytes = match self.count {
            0 => packet.bytes,
            _ => self.bytes.zip(packet.bytes).map(|(sum, bytes)| sum.saturating_add(bytes)),
        };
        self.count += 1;
        let Some(start) = packet.start else {
            self.untimed += 1;
            return;
        };
        let end = Micros(start.0.saturating_add(packet.duration.0));
        if let Some(at) = self.end.filter(|end| *end < start) {
            let length = start.distance(at);
            if self.gap.is_none_or(|gap| gap.length < length) {
                self.gap = Some(Gap { at, length });
            }
        }
        let earliest = |known: Option<Micros>| Some(known.map_or(start, |known| known.min(start)));
        self.first = earliest(self.first);
        if !packet.hidden {
            self.shown = earliest(self.shown);
        }
        self.end = self.end.max(Some(end));
    }
}

impl PacketSummary {
    /// An empty summary that will keep every timestamp of the stream `index`, which takes eight bytes for each
    /// packet.
    pub fn with_times_of(index: u32) -> Self {
        Self { times_of: Some(index), ..Self::default() }
    }

    /// Adds a line that ffprobe printed with the arguments of
    /// [`command::packet_probe_arguments`](crate::command::packet_probe_arguments): stream index, timestamp,
    /// duration, bytes, flags, like `0,1.240000,0.040000,1733,K__`. Fields may be missing at the end of the line, and
    /// then they aren't known.
    ///
    /// A line that isn't of this form is ignored.
    pub fn add_line(&mut self, line: &str) {
        let Some(packet) = Packet::read(line) else { return };
        self.streams.entry(packet.index).or_default().add(&packet);
        if self.times_of == Some(packet.index) {
            self.times.extend(packet.start);
        }
    }

    /// Whether there is no packet of any stream.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
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
            gap: None,
        };
        assert_eq!(packets.stream(0), Some(video));
        let audio = StreamPackets {
            count: 2,
            untimed: 1,
            first: Some(Micros(2_500_000)),
            shown: Some(Micros(2_500_000)),
            end: Some(Micros(3_500_000)),
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
}
