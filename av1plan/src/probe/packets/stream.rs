//! What is known of the packets of one stream.

use serde::{Deserialize, Serialize};

use crate::number::Micros;

/// What is known of the packets of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
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
    /// How far a packet begins before the end of one before it, at most, in microseconds. Pictures that aren't decoded
    /// in the order of their times do that; sound doesn't.
    pub back: Micros,
    /// The latest end of a packet that is shown, in microseconds; `None` if there is no such packet.
    pub shown_end: Option<Micros>,
    /// The duration of the packet that ends last, in microseconds.
    pub last: Micros,
    /// The timestamp of the first key packet in microseconds, from which on the stream can be decoded; `None` if no
    /// packet is marked as one.
    pub key: Option<Micros>,
    /// How many packets come before the first key packet.
    pub before_key: u64,
    /// The jumps of the clock. The times above are those of a clock without them.
    pub jumps: Jumps,
    /// The packets that the demuxer marks as damaged.
    pub damaged: Damaged,
    /// A hash of the contents of all packets in their order; `None` if a packet came without a hash.
    pub hash: Option<PacketHash>,
}

/// Jumps of a stream's clock: packets that begin more than ten seconds after the end of the last one, or more than a
/// second before it. They are counted only if the summary was told to (see
/// [`PacketSummary::joining_clocks`](super::PacketSummary::joining_clocks)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Jumps {
    /// How many there are.
    pub count: u64,
    /// When the first one happens, in microseconds on the clock without jumps: the end of the packet before it. `None`
    /// if there is none.
    pub at: Option<Micros>,
    /// By how much all of them together move the clock, in microseconds; negative if they move it back.
    pub by: Micros,
}

impl Jumps {
    /// Returns `start`, the timestamp of a packet of this duration, on the clock without jumps. `last` is the end of
    /// the packet before it on that clock.
    pub(super) fn join(&mut self, start: Micros, duration: Micros, last: Option<Micros>) -> Micros {
        let joined = Micros(start.0.saturating_sub(self.by.0));
        let Some(last) = last else { return joined };
        let (ahead, back) = (joined.0.saturating_sub(last.0), last.0.saturating_sub(joined.0));
        if ahead <= JUMP && back <= STEP_BACK.max(duration.0.saturating_mul(MOST_REORDERED)) {
            return joined;
        }
        self.count += 1;
        self.at = self.at.or(Some(last));
        self.by = Micros(start.0.saturating_sub(last.0));
        last
    }
}

/// Packets that a demuxer marks as damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Damaged {
    /// How many there are.
    pub count: u64,
    /// How many stretches of consecutive ones there are. One lost packet of a transport stream damages all frames of
    /// sound that it has a part of.
    pub stretches: u64,
    /// The timestamp of the first one that has a timestamp, in microseconds.
    pub first: Option<Micros>,
    /// The timestamp of the last one that has a timestamp, in microseconds.
    pub last: Option<Micros>,
    /// How many packets of the stream came after the last damaged one.
    pub since: u64,
}

/// A hash of the contents of a stream's packets in their order: FNV-1a over the hashes that ffprobe prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PacketHash(u64);

impl Default for PacketHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl PacketHash {
    /// Adds the hash of the next packet, as ffprobe prints it: `murmur3:0cd1...`.
    fn add(self, text: &str) -> Self {
        let folded = text
            .bytes()
            .fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Self(folded)
    }
}

/// A packet that begins more than this many microseconds after the end of the last one follows a jump of the clock. It
/// is ffmpeg's limit (`-dts_delta_threshold`).
const JUMP: i64 = 10_000_000;

/// A packet that begins more than this many microseconds before the end of the last one follows a jump back. ffmpeg
/// mends steps back of a tenth of a second, but by the order of decoding, which isn't known here.
const STEP_BACK: i64 = 1_000_000;

/// How many packets a picture may come before others that are shown earlier: as many as H.264 and HEVC keep at most.
const MOST_REORDERED: i64 = 16;

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
pub(super) struct Packet<'a> {
    pub(super) index: u32,
    pub(super) start: Option<Micros>,
    pub(super) duration: Micros,
    bytes: Option<u64>,
    /// Whether a decoder can begin with the packet.
    key: bool,
    /// Whether the packet is to be decoded but not shown, because an edit list hides it.
    hidden: bool,
    /// Whether the demuxer says that the packet is damaged.
    damaged: bool,
    hash: Option<&'a str>,
}

impl<'a> Packet<'a> {
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let mut fields = line.trim_end().split(',');
        let (index, start, duration, bytes) =
            (fields.next()?.parse().ok()?, fields.next(), fields.next(), fields.next());
        let flags = fields.next().unwrap_or_default();
        Some(Self {
            index,
            start: start.and_then(Micros::parse),
            duration: duration.and_then(Micros::parse).unwrap_or_default(),
            bytes: bytes.and_then(|bytes| bytes.parse().ok()),
            key: flags.contains('K'),
            hidden: flags.contains('D'),
            damaged: flags.contains('C'),
            hash: fields.next().filter(|hash| !hash.is_empty()),
        })
    }
}

impl StreamPackets {
    pub(super) fn add(&mut self, packet: &Packet<'_>) {
        let known = (self.count > 0).then_some((self.bytes, self.hash));
        let (bytes, hash) = known.unwrap_or((Some(0), Some(PacketHash::default())));
        self.bytes = bytes.zip(packet.bytes).map(|(sum, bytes)| sum.saturating_add(bytes));
        self.hash = hash.zip(packet.hash).map(|(hash, text)| hash.add(text));
        self.count += 1;
        self.add_damage(packet);
        if self.key.is_none() && !packet.key {
            self.before_key += 1;
        }
        let Some(start) = packet.start else {
            self.untimed += 1;
            return;
        };
        self.key = self.key.or(packet.key.then_some(start));
        let end = Micros(start.0.saturating_add(packet.duration.0));
        self.add_gap(start);
        let back = self.end.map_or(0, |end| end.0.saturating_sub(start.0));
        self.back = self.back.max(Micros(back));
        let earliest = |known: Option<Micros>| Some(known.map_or(start, |known| known.min(start)));
        self.first = earliest(self.first);
        if !packet.hidden {
            self.shown = earliest(self.shown);
            self.shown_end = self.shown_end.max(Some(end));
        }
        if self.end < Some(end) {
            (self.end, self.last) = (Some(end), packet.duration);
        }
    }

    fn add_damage(&mut self, packet: &Packet<'_>) {
        let Damaged { count, stretches, first, last, since } = &mut self.damaged;
        if packet.damaged {
            *stretches += u64::from(*count == 0 || *since > 0);
            *count += 1;
            *first = first.or(packet.start);
            *last = packet.start.or(*last);
            *since = 0;
        } else if *count > 0 {
            *since += 1;
        }
    }

    fn add_gap(&mut self, start: Micros) {
        let Some(at) = self.end.filter(|end| *end < start) else { return };
        let length = start.distance(at);
        if self.gap.is_none_or(|gap| gap.length < length) {
            self.gap = Some(Gap { at, length });
        }
    }
}
