//! Measures how busy the machine is, and averages the readings over a minute.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use sysinfo::System;

/// The interval between readings.
pub const BEAT: Duration = Duration::from_secs(5);
/// The period over which readings are averaged.
const WINDOW: Duration = Duration::from_mins(1);
/// The part of the window that the readings must cover. It is less than the whole, because a reading may come late.
const MIN_COVERAGE: Duration = Duration::from_secs(45);
/// The longest gap between two readings. After a longer one the machine has probably slept, and earlier readings are
/// dropped.
const MAX_GAP: Duration = Duration::from_secs(30);

/// One measurement of the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The share of all cores that was busy since the previous reading, from 0 to 1.
    pub busy: f64,
    /// Bytes of memory that are available.
    pub available: u64,
    /// The total memory in bytes.
    pub total: u64,
}

/// The machine's load over the last minute, summed up by [`Readings`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// The average number of idle cores.
    pub idle_cores: f64,
    /// The smallest number of available bytes of memory during the minute.
    pub available: u64,
    /// The total memory in bytes.
    pub total: u64,
}

/// The readings of the last minute.
#[derive(Debug, Default)]
pub struct Readings(VecDeque<(Instant, Reading)>);

impl Readings {
    /// Adds a reading and drops those that are too old.
    pub fn push(&mut self, now: Instant, reading: Reading) {
        if self.0.back().is_some_and(|(last, _)| now.duration_since(*last) > MAX_GAP) {
            self.0.clear();
        }
        self.0.push_back((now, reading));
        while self.0.front().is_some_and(|(first, _)| now.duration_since(*first) >= WINDOW) {
            self.0.pop_front();
        }
    }

    /// Returns the load of a machine with `cores` cores, or `None` if the readings cover less than 45 seconds or the
    /// last one is too old.
    pub fn load(&self, now: Instant, cores: NonZeroUsize) -> Option<Load> {
        let ((first, _), (last, newest)) = (self.0.front()?, self.0.back()?);
        if last.duration_since(*first) < MIN_COVERAGE || now.duration_since(*last) > MAX_GAP {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful of readings, and of cores")]
        let (count, cores) = (self.0.len() as f64, cores.get() as f64);
        let busy = self.0.iter().map(|(_, reading)| reading.busy.clamp(0.0, 1.0)).sum::<f64>() / count;
        let available = self.0.iter().map(|(_, reading)| reading.available).min()?;
        Some(Load { idle_cores: (1.0 - busy) * cores, available, total: newest.total })
    }
}

/// Takes the readings.
#[derive(Debug)]
pub struct Meter(System);

impl Meter {
    /// Creates a meter, or returns `None` if the system's figures can't be read. The first reading covers the time
    /// since this call.
    pub fn new() -> Option<Self> {
        let mut system = System::new().ok()?;
        system.refresh_cpu_usage();
        Some(Self(system))
    }

    /// Takes a reading. Two readings must be at least 0.2 s apart, else the second one sees no core at work.
    pub fn read(&mut self) -> Reading {
        let Self(system) = self;
        system.refresh_cpu_usage();
        system.refresh_memory();
        Reading {
            busy: f64::from(system.global_cpu_usage()) / 100.0,
            available: system.available_memory(),
            total: system.total_memory(),
        }
    }
}

/// The number of cores that this process may use, as its CPU affinity and its control group limit it; 1 if unknown.
pub fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();

    fn reading(busy: f64, available: u64) -> Reading {
        Reading { busy, available, total: 100 }
    }

    #[test]
    fn a_minute_is_averaged_and_its_worst_memory_taken() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut readings = Readings::default();
        assert_eq!(readings.load(start, EIGHT), None);
        for beat in 0..9 {
            readings.push(at(beat * 5), reading(1.0, 50));
        }
        assert_eq!(readings.load(at(40), EIGHT), None, "not long enough");
        readings.push(at(45), reading(0.0, 20));
        let load = readings.load(at(45), EIGHT).unwrap();
        assert!((load.idle_cores - 0.8).abs() < 1e-9, "{load:?}");
        assert_eq!((load.available, load.total), (20, 100));
        // A minute later the first readings don't count any more.
        for beat in 10..22 {
            readings.push(at(beat * 5), reading(0.25, 70));
        }
        let load = readings.load(at(105), EIGHT).unwrap();
        assert!((load.idle_cores - 6.0).abs() < 1e-9 && load.available == 70, "{load:?}");
        assert_eq!(readings.load(at(140), EIGHT), None, "the last reading is old");
    }

    #[test]
    fn what_was_before_a_long_sleep_is_forgotten() {
        let start = Instant::now();
        let mut readings = Readings::default();
        for beat in 0..12 {
            readings.push(start + BEAT * beat, reading(0.0, 50));
        }
        let woken = start + Duration::from_hours(8);
        readings.push(woken, reading(1.0, 50));
        assert_eq!(readings.load(woken, EIGHT), None);
    }

    #[test]
    fn this_machine_can_be_read() {
        let mut meter = Meter::new().expect("this system has /proc");
        std::thread::sleep(Duration::from_millis(250));
        let reading = meter.read();
        assert!((0.0..=1.0).contains(&reading.busy), "{reading:?}");
        assert!(reading.available > 0 && reading.available <= reading.total, "{reading:?}");
    }
}
