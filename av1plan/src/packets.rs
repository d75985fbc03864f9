//! A summary of a file's packets, gathered line by line from ffprobe.

use alloc::collections::BTreeMap;

use crate::number::Micros;

/// What one pass over a file's packets showed, by stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PacketSummary {
    streams: BTreeMap<u32, StreamPackets>,
}

/// The packets of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamPackets {
    /// How many.
    pub count: u64,
    /// The earliest timestamp, where any packet has one.
    pub first: Option<Micros>,
    /// The latest end of a packet, where any packet has a timestamp.
    pub end: Option<Micros>,
}

impl PacketSummary {
    /// Adds a line that ffprobe printed with the arguments of
    /// [`command::packet_probe_arguments`](crate::command::packet_probe_arguments): `0,1.240000,0.040000`.
    ///
    /// What is no such line is passed over.
    pub fn add_line(&mut self, line: &str) {
        let mut fields = line.trim_end().split(',');
        let Some(index) = fields.next().and_then(|index| index.parse().ok()) else {
            return;
        };
        let start = fields.next().and_then(Micros::parse);
        let duration = fields.next().and_then(Micros::parse).unwrap_or_default();
        let end = start.map(|start| Micros(start.0.saturating_add(duration.0)));
        let stream = self.streams.entry(index).or_insert(StreamPackets { count: 0, first: None, end: None });
        stream.count += 1;
        stream.first = [stream.first, start].into_iter().flatten().min();
        stream.end = stream.end.max(end);
    }

    /// The packets of the stream `index`; nothing where it has none.
    pub fn stream(&self, index: u32) -> Option<StreamPackets> {
        self.streams.get(&index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_summed_up_by_stream() {
        let mut packets = PacketSummary::default();
        for line in ["0,0.040000,0.040000", "0,0.000000,0.040000\n", "1,N/A,N/A", "", "side data", "1,2.5,1"]
        {
            packets.add_line(line);
        }
        let video = StreamPackets { count: 2, first: Some(Micros(0)), end: Some(Micros(80_000)) };
        assert_eq!(packets.stream(0), Some(video));
        let audio = StreamPackets { count: 2, first: Some(Micros(2_500_000)), end: Some(Micros(3_500_000)) };
        assert_eq!(packets.stream(1), Some(audio));
        assert_eq!(packets.stream(2), None);
    }
}
