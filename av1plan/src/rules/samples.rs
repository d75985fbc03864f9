//! What samples decide: the level of quality, and whether the result would be too big.

use alloc::string::String;
use alloc::vec::Vec;

use crate::config::{Config, Quality};
use crate::number::{Micros, Milli};
use crate::plan::{
    Contract, EncodePlan, EncoderSettings, Level, MetricName, PredictedScore, Prediction, Reason, SkipReason,
    Sought, StreamPlan, StreamType, Topic, Treatment, TrialResult, Verdict, VideoPlan,
};
use crate::probe::Transfer;
use crate::rules::record::Record;
use crate::rules::survey::jumps;
use crate::rules::{Source, plan};
use crate::sample::{
    Purpose, SampleWindow, Samples, Search, SearchStep, Trial, byte_rate, float, nearest, sample_windows,
    score, score_at, search_step, size_at, worst, worst_that_meets,
};
use crate::toolchain::Toolchain;

/// What is to be sampled next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SampleOrder {
    /// How the windows are encoded.
    pub plan: EncodePlan,
    /// The level of quality of `plan`.
    pub level: Level,
    /// The windows.
    pub windows: Vec<SampleWindow>,
    /// The metrics by which each is scored, as far as there is a program that can.
    pub metrics: Vec<MetricName>,
    /// What the samples depend on besides the level: [`Samples::key`].
    pub key: String,
    /// What they are made for: [`Samples::goal`].
    pub goal: String,
}

impl SampleOrder {
    /// Adds a trial that was made by this order to the samples that there are. Those of other settings are dropped.
    pub fn add(&self, samples: Option<Samples>, trial: Trial) -> Samples {
        let known = samples.filter(|samples| samples.key == self.key);
        let mut samples = known.unwrap_or_else(|| Samples::new(self.key.clone()));
        samples.add(&self.goal, trial);
        samples
    }
}

/// What should be sampled before the film is encoded, or `None`: the film isn't encoded, it wasn't surveyed or is too
/// short, the config asks for no samples, or all that are needed are there.
pub fn sample_order(source: &Source<'_>, toolchain: &Toolchain, config: &Config) -> Option<SampleOrder> {
    let Verdict::Encode(plan) = plan(&Source { samples: None, ..*source }, toolchain, config) else {
        return None;
    };
    // A film that won't be encoded for what its samples show needs no more of them.
    let Verdict::Encode(_) = self::plan(source, toolchain, config) else { return None };
    let Sampling { key, windows, .. } = Sampling::of(&plan.video, &plan.contract, source, toolchain, config)?;
    let none = Samples::new(String::new());
    let samples = source.samples.filter(|samples| samples.key == key).unwrap_or(&none);
    let trials = &samples.trials;
    let is_hdr = is_hdr(&plan.contract);
    let ladder = plan.video.settings.level();
    let level = match config.quality {
        Quality::Ladder => {
            if trials.iter().any(|trial| trial.level == ladder) {
                return None;
            }
            ladder
        }
        Quality::Target => {
            match search_step(&search(&plan.video.settings, samples, is_hdr, config), trials) {
                SearchStep::Try(level) => level,
                SearchStep::Unknown if trials.is_empty() => ladder,
                SearchStep::Unknown | SearchStep::Found(_) | SearchStep::Beyond(_) => return None,
            }
        }
    };
    let mut plan = *plan;
    plan.video.settings = plan.video.settings.at_level(level);
    let metrics =
        MetricName::SAMPLED.iter().copied().filter(|metric| !is_hdr || metric.takes_hdr()).collect();
    Some(SampleOrder { plan, level, windows, metrics, key, goal: goal(config) })
}

/// Which windows a film has, and what its samples depend on.
struct Sampling {
    key: String,
    windows: Vec<SampleWindow>,
    length: Micros,
}

impl Sampling {
    /// `None` if the config asks for no samples, the film wasn't surveyed, is too short, or of a format in which no place
    /// can be sought.
    fn of(
        video: &VideoPlan,
        contract: &Contract,
        source: &Source<'_>,
        toolchain: &Toolchain,
        config: &Config,
    ) -> Option<Self> {
        let purpose = match config.quality {
            Quality::Target => Purpose::Search,
            Quality::Ladder if config.predict => Purpose::Predict,
            Quality::Ladder => return None,
        };
        // In these formats ffmpeg lands at the next key frame behind the place that it is sent to, so that windows would
        // fall on each other, and one near the end would be empty (measured with 8.0).
        let format = &source.probe.format;
        if format.is_read_by("mpegts") || format.is_read_by("mpeg") || jumps(source.probe).is_some() {
            return None;
        }
        let span = contract.streams.iter().find(|stream| stream.kind == StreamType::Video)?.span?;
        let (length, size) = (span.length, source.file.size);
        // ffmpeg counts from the start of the file, and a picture may begin later.
        let late = format.start.map_or(0, |start| span.start.0.saturating_sub(start.0)).max(0);
        let mut windows = sample_windows(length, purpose, size ^ length.0.unsigned_abs().rotate_left(32));
        for window in &mut windows {
            window.start = Micros(window.start.0.saturating_add(late));
        }
        let first = windows.first()?;
        let any_level = VideoPlan {
            settings: video.settings.at_level(Level::of_quarters(0)),
            frames: None,
            held: None,
            ..video.clone()
        };
        let version = toolchain.version();
        let key = alloc::format!(
            "method 1, ffmpeg {version}, {} windows of {}, {any_level:?}",
            windows.len(),
            first.length
        );
        Some(Self { key, windows, length })
    }
}

fn is_hdr(contract: &Contract) -> bool {
    matches!(contract.picture.color.transfer, Some(Transfer::Smpte2084 | Transfer::AribStdB67))
}

/// What samples are made for.
fn goal(config: &Config) -> String {
    match config.quality {
        Quality::Ladder => String::new(),
        Quality::Target => alloc::format!("{} within {}", config.target, config.target_limits),
    }
}

/// The search for the config's target. Metrics by which a trial couldn't be scored don't count.
fn search(settings: &EncoderSettings, samples: &Samples, is_hdr: bool, config: &Config) -> Search {
    let trials = &samples.trials;
    let mut goals = config.target.scores(is_hdr);
    goals.retain(|(metric, _)| trials.iter().all(|trial| score(trial, *metric).is_some()));
    let (start, (best, worst)) = (settings.level(), settings.levels());
    let limits =
        (start.lower_by(config.target_limits).max(best), start.higher_by(config.target_limits).min(worst));
    Search::new(goals, start, limits, settings.step()).with_known(samples.known_for(&goal(config)))
}

/// What the decision depends on.
pub(crate) struct Sampled<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) contract: &'a Contract,
    pub(crate) streams: &'a [StreamPlan],
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) config: &'a Config,
}

impl Sampled<'_> {
    /// Chooses the level of quality if the config has a target, and predicts the result.
    ///
    /// # Errors
    ///
    /// The skip of a film whose result would be too big.
    pub(crate) fn decide(&self, video: &mut VideoPlan, record: &mut Record) -> Result<(), SkipReason> {
        let Self { source, contract, streams: _, toolchain, config } = *self;
        let sampling = Sampling::of(video, contract, source, toolchain, config);
        let wants_target = config.quality == Quality::Target;
        let trials = sampling.as_ref().zip(source.samples);
        let trials = trials.filter(|(sampling, samples)| sampling.key == samples.key);
        let Some((sampling, samples)) = trials.filter(|(_, samples)| !samples.trials.is_empty()) else {
            if wants_target {
                let reason = if sampling.is_some() || source.probe.survey.is_none() {
                    Reason::NotSampled
                } else {
                    Reason::CannotBeSampled
                };
                record.decide(Topic::Samples, "none", reason);
            }
            return Ok(());
        };
        let trials = &samples.trials;
        let mut judged = None;
        if wants_target {
            let search = search(&video.settings, samples, is_hdr(contract), config);
            let step = search_step(&search, trials);
            let missing = config.target.scores(is_hdr(contract));
            let missing =
                missing.iter().filter(|goal| !search.goals().contains(goal)).map(|(metric, _)| *metric);
            choose(&search, step, trials, (video, &missing.collect::<Vec<_>>()), record);
            // While the search goes on, the worst level that it may choose counts for the size.
            judged = matches!(step, SearchStep::Try(_)).then_some(search.limits().1);
        }
        let level = video.settings.level();
        let Some(prediction) = self.predict(sampling, trials, level) else { return Ok(()) };
        let share = prediction.bytes.saturating_mul(100).checked_div(source.file.size).unwrap_or_default();
        let limit = contract.size.limit();
        let Prediction { bytes, bytes_error, .. } = prediction;
        record.decide(Topic::Samples, alloc::format!("{share} %"), Reason::Predicted(prediction));
        let judged = judged.and_then(|worst| self.predict(sampling, trials, worst));
        let (bytes, bytes_error) =
            judged.map_or((bytes, bytes_error), |worst| (worst.bytes, worst.bytes_error));
        if config.predict && bytes.saturating_sub(bytes_error.saturating_mul(2)) >= limit {
            return Err(SkipReason::WillBeTooBig { predicted: bytes, error: bytes_error, limit });
        }
        Ok(())
    }

    fn predict(&self, sampling: &Sampling, trials: &[Trial], level: Level) -> Option<Prediction> {
        let rest = self.rest()?;
        let length = float(sampling.length.0.unsigned_abs());
        let rate = size_at(trials, level, byte_rate)?;
        let whole = |rate: f64| whole(rate * length).saturating_add(rest);
        let near = nearest(trials, level)?;
        let scores = MetricName::SAMPLED.iter().filter_map(|&metric| {
            let found = score_at(trials, metric, level)?;
            Some(PredictedScore {
                metric,
                score: Milli::from_f64(found.value),
                error: Milli::from_f64(found.error),
                worst: worst(near, metric).map(Milli::from_f64),
            })
        });
        let result = |trial: &Trial| {
            let scored = |metric: &MetricName| Some((*metric, Milli::from_f64(score(trial, *metric)?.value)));
            Some(TrialResult {
                level: trial.level,
                bytes: whole(byte_rate(trial)?.value),
                scores: MetricName::SAMPLED.iter().filter_map(scored).collect(),
            })
        };
        Some(Prediction {
            level,
            windows: u64::try_from(near.windows.len()).unwrap_or(u64::MAX),
            sampled: Micros(near.windows.iter().fold(0, |sum, window| window.length.0.saturating_add(sum))),
            bytes: whole(rate.value),
            bytes_error: self::whole(rate.error * length),
            scores: scores.collect(),
            trials: trials.iter().filter_map(result).collect(),
        })
    }

    /// How many bytes of the result aren't its picture: the packets that are copied, and what the container needs for
    /// each packet. `None` if the film wasn't surveyed.
    fn rest(&self) -> Option<u64> {
        let packets = &self.source.probe.survey.as_ref()?.packets;
        let bytes = self.streams.iter().filter_map(|stream| Some((stream.index, stream.kept()?.treatment)));
        let bytes = bytes.filter_map(|(index, treatment)| {
            let packets = packets.get(&index)?;
            let copied = packets.bytes.filter(|_| treatment != Treatment::Encode).unwrap_or_default();
            Some(copied.saturating_add(packets.count.saturating_mul(PACKET_OVERHEAD)))
        });
        Some(bytes.fold(0, u64::saturating_add))
    }
}

/// Sets the level that the search has found so far. `missing` are the metrics of the target that couldn't be computed.
fn choose(
    search: &Search,
    step: SearchStep,
    trials: &[Trial],
    (video, missing): (&mut VideoPlan, &[MetricName]),
    record: &mut Record,
) {
    let ladder = video.settings.level();
    let goals = search.goals().iter().map(|(metric, goal)| alloc::format!("{metric} {goal}"));
    let names: Vec<&str> = missing.iter().map(|metric| metric.name()).collect();
    let unmeasured = match names[..] {
        [] => String::new(),
        _ => alloc::format!(" ({} can't be computed here)", names.join(", ")),
    };
    let goals = goals.collect::<Vec<String>>().join(", ") + &unmeasured;
    let sought = Sought { goals, ladder };
    let (level, reason) = match step {
        SearchStep::Found(level) => (level, Reason::TargetReached(sought)),
        SearchStep::Beyond(level) => (level, Reason::TargetBeyondLimits(sought)),
        SearchStep::Try(_) => {
            (worst_that_meets(search, trials).unwrap_or(ladder), Reason::TargetNotFoundYet(sought))
        }
        SearchStep::Unknown => (ladder, Reason::NoScoreOfTarget),
    };
    video.settings = video.settings.at_level(level);
    let (topic, choice) = match video.settings {
        EncoderSettings::Rav1e(rav1e) => (Topic::Qp, alloc::format!("{}", rav1e.qp)),
        EncoderSettings::Svt(_) | EncoderSettings::Aom(_) => (Topic::Crf, alloc::format!("{level}")),
    };
    record.decisions.retain(|decision| decision.topic != topic);
    record.decide(topic, choice, reason);
}

/// What a container needs for a packet, in bytes, with its part of the index.
const PACKET_OVERHEAD: u64 = 12;

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion saturates")]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}
