//! How many films are encoded at once: a fixed number, or as many as the machine has cores and memory for.
//!
//! `docs/concurrency.md` gives the measurements behind the numbers.

use std::num::NonZeroUsize;
use std::time::Duration;

use strum::IntoStaticStr;

use crate::settings::concurrency::Concurrency;
use crate::sys::machine::Load;

/// How many idle cores another encode needs to be worth starting. It is also the number of cores per encode that
/// determines the limit: the machine's cores divided by this.
const CORES_EACH: usize = 4;

/// How long after the start of an encode the next one waits. An encode fills its pipeline and its picture buffers
/// for a minute; the load is an average, which must cover only the time after that.
const RAMP_UP: Duration = Duration::from_mins(2);

/// The running encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentEncodes {
    /// How many run, including paused ones.
    pub running: usize,
    /// How long ago the last one started; `None` if none has.
    pub since_start: Option<Duration>,
}

/// Whether another encode may start now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice {
    /// Yes.
    Start,
    /// No, for this reason.
    Wait(Reason),
}

/// Why no other encode starts now.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Reason {
    /// The maximum number of encodes runs.
    #[error("{limit} encode(s) at once are the most here")]
    AtLimit {
        /// The maximum.
        limit: usize,
    },
    /// The last encode started so recently that its load isn't known yet.
    #[error("the last encode started too lately to show what it takes")]
    Settling {
        /// How long to wait.
        left: Duration,
    },
    /// The machine's load hasn't been measured for long enough.
    #[error("how busy the machine is isn't known yet")]
    Unknown,
    /// Too few cores are idle.
    #[error("only {idle_cores:.1} cores idle")]
    Cores {
        /// How many cores are idle.
        idle_cores: f64,
    },
    /// Too little memory is free.
    #[error("{} of memory are free for an encode that may take {}", crate::state::outcome::Bytes(*free), crate::state::outcome::Bytes(*needed))]
    Memory {
        /// The memory that an encode may use, in bytes: what is available, less a reserve for other processes.
        free: u64,
        /// The memory that an encode takes, in bytes.
        needed: u64,
    },
}

/// The maximum number of encodes at once on a machine with this many cores.
pub fn limit(wanted: Concurrency, cores: NonZeroUsize) -> usize {
    match wanted {
        Concurrency::Fixed(count) => count.get(),
        Concurrency::Auto => (cores.get() / CORES_EACH).max(1),
    }
}

/// Whether another encode, which takes `memory` bytes (see [`memory`]), may start now.
///
/// The first encode may always start. Otherwise a machine that is permanently busy with something else would never
/// encode.
pub fn may_start_another(
    wanted: Concurrency,
    load: Option<&Load>,
    current: CurrentEncodes,
    cores: NonZeroUsize,
    memory: u64,
) -> Advice {
    let limit = limit(wanted, cores);
    if current.running >= limit {
        return Advice::Wait(Reason::AtLimit { limit });
    }
    if matches!(wanted, Concurrency::Fixed(_)) || current.running == 0 {
        return Advice::Start;
    }
    if let Some(left) =
        current.since_start.and_then(|since| RAMP_UP.checked_sub(since)).filter(|left| !left.is_zero())
    {
        return Advice::Wait(Reason::Settling { left });
    }
    let Some(load) = load else { return Advice::Wait(Reason::Unknown) };
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    if load.idle_cores < CORES_EACH as f64 {
        return Advice::Wait(Reason::Cores { idle_cores: load.idle_cores });
    }
    let free = load.available.saturating_sub(reserve(load.total));
    if free < memory {
        return Advice::Wait(Reason::Memory { free, needed: memory });
    }
    Advice::Start
}

/// Memory that is left for other processes and for the page cache: a tenth of the total, but at least one gibibyte.
fn reserve(total: u64) -> u64 {
    (total / 10).max(1 << 30)
}

const MIB: u64 = 1 << 20;

/// Peak memory of SVT-AV1 by picture size: the size in pixels up to which a row applies, and the memory in MiB.
/// Measured with ffmpeg 8.0 at the presets of the ladder and `lp=6`, the highest parallelism (with `lp=0` on two
/// cores it was 0.4 of that), and rounded up by a fifth, since longer films take a little more. 1440p is
/// interpolated between its neighbours by the number of pixels.
const MEMORY: [(u64, u64); 4] =
    [(1280 * 720, 1900), (1920 * 1080, 3800), (2560 * 1440, 6600), (3840 * 2160, 13_100)];

/// Estimates the peak memory of an encode of this size on a machine with many cores, in bytes. For a size between
/// two measured ones it returns the value of the larger; above the largest it grows with the number of pixels.
pub fn memory(width: u32, height: u32) -> u64 {
    let pixels = u64::from(width) * u64::from(height);
    let [.., (largest, most)] = MEMORY;
    let beyond = || most.saturating_mul(pixels).div_ceil(largest);
    let row = MEMORY.iter().find(|(up_to, _)| pixels <= *up_to);
    row.map_or_else(beyond, |(_, mib)| *mib).saturating_mul(MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn cores(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn a_quarter_of_the_cores_is_the_most_and_one_the_least() {
        for (count, most) in [(1, 1), (2, 1), (4, 1), (7, 1), (8, 2), (16, 4), (32, 8), (128, 32)] {
            assert_eq!(limit(Concurrency::Auto, cores(count)), most, "{count}");
        }
        assert_eq!(limit(Concurrency::Fixed(cores(5)), cores(2)), 5);
    }

    #[test]
    fn another_starts_only_where_all_is_there_for_it() {
        let free = Load { idle_cores: 12.0, available: 40 * GIB, total: 64 * GIB };
        let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
        let current = |running, since| CurrentEncodes { running, since_start: Some(since) };
        let table = [
            (Some(free), current(1, hour), Advice::Start),
            (Some(free), current(7, hour), Advice::Start),
            (Some(free), current(8, hour), Advice::Wait(Reason::AtLimit { limit: 8 })),
            (Some(free), current(1, RAMP_UP), Advice::Start),
            (Some(free), current(1, minute), Advice::Wait(Reason::Settling { left: minute })),
            (None, current(1, hour), Advice::Wait(Reason::Unknown)),
            (Some(Load { idle_cores: 4.0, ..free }), current(1, hour), Advice::Start),
            (
                Some(Load { idle_cores: 3.9, ..free }),
                current(1, hour),
                Advice::Wait(Reason::Cores { idle_cores: 3.9 }),
            ),
            // A tenth of 64 GiB is reserved for other processes: 6.4 GiB.
            (Some(Load { available: 11 * GIB, ..free }), current(1, hour), Advice::Start),
            (
                Some(Load { available: 8 * GIB, ..free }),
                current(1, hour),
                Advice::Wait(Reason::Memory { free: 8 * GIB - 64 * GIB / 10, needed: 4 * GIB }),
            ),
            // The first encode starts at once, however busy the machine is.
            (None, CurrentEncodes { running: 0, since_start: None }, Advice::Start),
            (
                Some(Load { idle_cores: 0.0, available: 0, total: GIB }),
                current(0, Duration::ZERO),
                Advice::Start,
            ),
        ];
        for (load, current, advice) in table {
            let found = may_start_another(Concurrency::Auto, load.as_ref(), current, cores(32), 4 * GIB);
            assert_eq!(found, advice, "{load:?} {current:?}");
        }
    }

    #[test]
    fn a_number_is_kept_to_whatever_the_machine_does() {
        let two = Concurrency::Fixed(cores(2));
        let advice = |running| {
            let current = CurrentEncodes { running, since_start: Some(Duration::ZERO) };
            may_start_another(two, None, current, cores(1), u64::MAX)
        };
        assert_eq!([0, 1].map(advice), [Advice::Start; 2]);
        assert_eq!(advice(2), Advice::Wait(Reason::AtLimit { limit: 2 }));
    }

    #[test]
    fn memory_grows_with_the_picture() {
        let mib = |width, height| memory(width, height) / MIB;
        assert_eq!(mib(720, 576), mib(1280, 720));
        assert_eq!(mib(1920, 1080), 3800);
        // Portrait takes as much as landscape; a size between two rows takes the larger row's value.
        assert_eq!(mib(1080, 1920), mib(1920, 800));
        assert_eq!(mib(7680, 4320), 4 * mib(3840, 2160));
        let sizes =
            [(640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160), (4096, 2160), (7680, 4320)];
        assert!(sizes.is_sorted_by_key(|(width, height)| mib(*width, *height)));
    }

    #[test]
    fn each_reason_says_what_is_lacking() {
        let text = Reason::Memory { free: GIB, needed: 4 * GIB }.to_string();
        assert_eq!(text, "1.0 GiB of memory are free for an encode that may take 4.0 GiB");
        assert_eq!(Reason::Cores { idle_cores: 1.26 }.to_string(), "only 1.3 cores idle");
    }
}
