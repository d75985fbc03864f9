//! How busy the machine is: readings, and what they come to over a minute.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use sysinfo::System;

/// How often a reading is worth taking.
pub const BEAT: Duration = Duration::from_secs(5);
/// Over how long readings are averaged.
const WINDOW: Duration = Duration::from_mins(1);
/// How much of it must have been seen; the rest may be missing where a beat came late.
const MIN_COVERAGE: Duration = Duration::from_secs(45);
/// A longer gap is a machine that slept, and what was before it says nothing.
const MAX_GAP: Duration = Duration::from_secs(30);

/// One look at the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// How much of all cores was busy since the look before, 0 to 1.
    pub busy: f64,
    /// Bytes of memory that could be had.
    pub available: u64,
    /// Bytes of memory in all.
    pub total: u64,
}

/// The machine over the last minute, as [`Readings`] sums it up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Cores that did nothing, on average.
    pub idle_cores: f64,
    /// Bytes of memory that could be had, at the worst moment.
    pub available: u64,
    /// Bytes of memory in all.
    pub total: u64,
}

/// The readings of the last minute.
#[derive(Debug, Default)]
pub struct Readings(VecDeque<(Instant, Reading)>);

impl Readings {
    /// Takes a reading in, and forgets those that are too old.
    pub fn push(&mut self, now: Instant, reading: Reading) {
        if self.0.back().is_some_and(|(last, _)| now.duration_since(*last) > MAX_GAP) {
            self.0.clear();
        }
        self.0.push_back((now, reading));
        while self.0.front().is_some_and(|(first, _)| now.duration_since(*first) >= WINDOW) {
            self.0.pop_front();
        }
    }

    /// What they come to on a machine of so many cores; nothing before most of a minute was seen, or where the last reading is old.
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

/// What readings are taken with.
#[derive(Debug)]
pub struct Meter(System);

impl Meter {
    /// A meter; nothing where the system doesn't let itself be read. The first reading covers the time from now on.
    pub fn new() -> Option<Self> {
        let mut system = System::new().ok()?;
        system.refresh_cpu_usage();
        Some(Self(system))
    }

    /// Looks at the machine. Two looks must be a fifth of a second apart or more, else the second sees no core at work.
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

/// How many cores this process may use: what its affinity and its control group leave it. One where nobody knows.
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
        // A minute later nothing of it counts any more.
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
