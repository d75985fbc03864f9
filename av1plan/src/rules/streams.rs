//! Rules for streams: each one is encoded, copied, converted or dropped, exactly once and with a reason.

use alloc::string::String;
use alloc::vec::Vec;

use crate::config::Config;
use crate::plan::{
    Container, Fate, Fit, Kept, LossKind, Reason, SkipReason, StatisticsTag, StreamPlan, StreamType, Topic,
    Treatment,
};
use crate::probe::{MediaProbe, Stream, StreamKind, Survey};
use crate::rules::record::Record;

/// Plans every stream of `probe`. `main` is the index of the video stream to encode.
pub(crate) fn plan_streams(
    probe: &MediaProbe,
    main: u32,
    container: Container,
    config: &Config,
    record: &mut Record,
) -> Vec<StreamPlan> {
    let (survey, spare_audio) = (probe.survey.as_deref(), spared_audio(probe, container, config));
    let rules = Rules { main, container, config, survey, spare_audio };
    let mut plans: Vec<StreamPlan> = probe.streams.iter().map(|stream| rules.plan(stream, record)).collect();
    for kind in [StreamType::Audio, StreamType::Subtitle] {
        move_default(probe, kind, &mut plans, record);
    }
    plans
}

/// The skip of a film with a kept audio stream whose channels change, and that can't be copied like that.
pub(crate) fn sound_change(probe: &MediaProbe, streams: &[StreamPlan]) -> Option<SkipReason> {
    let channels = &probe.survey.as_deref()?.channels;
    streams.iter().filter(|plan| plan.kept().is_some()).find_map(|plan| {
        let [from, to, ..] = channels.get(&plan.index)?[..] else { return None };
        Some(SkipReason::SoundChanges { index: plan.index, from, to })
    })
}

struct Rules<'a> {
    main: u32,
    container: Container,
    config: &'a Config,
    survey: Option<&'a Survey>,
    spare_audio: bool,
}

/// What a rule decides about a stream: what to do (`None`: drop it), why, and which loss that is.
struct Ruling {
    treatment: Option<Treatment>,
    reason: Reason,
    loss: Option<LossKind>,
}

impl Ruling {
    fn keep(treatment: Treatment, reason: Reason) -> Self {
        Self { treatment: Some(treatment), reason, loss: None }
    }

    fn lose(loss: LossKind, reason: Reason) -> Self {
        Self { treatment: None, reason, loss: Some(loss) }
    }
}

impl Rules<'_> {
    fn plan(&self, stream: &Stream, record: &mut Record) -> StreamPlan {
        let Ruling { treatment, reason, loss } = self.rule(stream);
        if let Some(loss) = loss {
            record.lose(loss, Some(stream.index), describe(stream));
        }
        let fate = match treatment {
            Some(treatment) => {
                let stale_tags =
                    if treatment == Treatment::Copy { Vec::new() } else { statistics_tags(stream) };
                Fate::Kept(Kept { treatment, disposition: stream.disposition, stale_tags })
            }
            None => Fate::Dropped,
        };
        let plan = StreamPlan { index: stream.index, kind: StreamType::of(stream), fate };
        record.decide_stream(Topic::Stream, stream.index, plan.action(), reason);
        plan
    }

    fn rule(&self, stream: &Stream) -> Ruling {
        match &stream.kind {
            StreamKind::Video(_) if stream.index == self.main => {
                Ruling::keep(Treatment::Encode, Reason::MainPicture)
            }
            StreamKind::Video(_) if stream.is_cover() || stream.may_be_a_picture() => {
                Ruling::lose(LossKind::Cover, Reason::AttachedPicture)
            }
            StreamKind::Video(_) => Ruling::lose(LossKind::ExtraVideo, Reason::SecondVideo),
            StreamKind::Unknown(_) => Ruling::lose(LossKind::UnknownStream, Reason::UnknownType),
            StreamKind::Audio(_) if is_empty(self.survey, stream) => {
                Ruling { treatment: None, reason: Reason::NoPackets, loss: None }
            }
            StreamKind::Audio(_) | StreamKind::Subtitle | StreamKind::Attachment | StreamKind::Data => {
                self.rule_by_language(stream).unwrap_or_else(|| self.rule_by_container(stream))
            }
        }
    }

    /// Drops audio and subtitles in a language of `drop_languages`. `None` if the rule doesn't apply to the stream.
    fn rule_by_language(&self, stream: &Stream) -> Option<Ruling> {
        if !in_dropped_language(stream, self.config) {
            return None;
        }
        let tag = String::from(stream.language().unwrap_or_default());
        match &stream.kind {
            StreamKind::Audio(_) if self.spare_audio => match self.container.fit(stream) {
                Fit::AsIs => Some(Ruling::keep(Treatment::Copy, Reason::OnlyAudioLeft { tag })),
                _ => None,
            },
            StreamKind::Audio(_) | StreamKind::Subtitle => {
                Some(Ruling::lose(LossKind::Language, Reason::DroppedLanguage { tag }))
            }
            _ => None,
        }
    }

    fn rule_by_container(&self, stream: &Stream) -> Ruling {
        match self.container.fit(stream) {
            Fit::AsIs => Ruling::keep(Treatment::Copy, Reason::Kept),
            Fit::Convert(to) => Ruling::keep(
                Treatment::Convert(to),
                Reason::ConvertedForContainer { to: String::from(to.name()) },
            ),
            Fit::WrittenAnew => Ruling { treatment: None, reason: Reason::WrittenByMuxer, loss: None },
            Fit::No => {
                let loss = match stream.kind {
                    StreamKind::Audio(_) => LossKind::Audio,
                    StreamKind::Subtitle => LossKind::Subtitle,
                    StreamKind::Attachment => LossKind::Attachment,
                    _ => LossKind::Data,
                };
                Ruling::lose(loss, Reason::ContainerCannotHold)
            }
        }
    }
}

/// Whether the survey saw no packet of the stream. Such audio would end the encode: most muxers need its first packet
/// for their header.
fn is_empty(survey: Option<&Survey>, stream: &Stream) -> bool {
    survey.is_some_and(|survey| !survey.packets.contains_key(&stream.index))
}

/// Whether dropping languages would leave no audio except commentary. Then no audio is dropped for its language,
/// since it is the only language of the film.
fn spared_audio(probe: &MediaProbe, container: Container, config: &Config) -> bool {
    let speaks = |stream: &&Stream| {
        let commentary = ["comment", "descriptions", "visual_impaired"];
        matches!(stream.kind, StreamKind::Audio(_))
            && container.fit(stream) != Fit::No
            && !is_empty(probe.survey.as_deref(), stream)
            && !commentary.iter().any(|flag| stream.disposition.has(flag))
    };
    !probe.streams.iter().filter(speaks).any(|stream| !in_dropped_language(stream, config))
}

fn in_dropped_language(stream: &Stream, config: &Config) -> bool {
    stream.language().is_some_and(|tag| config.drop_languages.iter().any(|language| language.matches(tag)))
}

/// If the stream marked default was dropped, marks the first kept stream of that type instead: one with the same
/// forced flag if there is one.
fn move_default(probe: &MediaProbe, kind: StreamType, plans: &mut [StreamPlan], record: &mut Record) {
    let source = |plan: &StreamPlan| probe.stream(plan.index);
    let is_default = |plan: &StreamPlan| source(plan).is_some_and(|stream| stream.disposition.has("default"));
    let of_kind = |plan: &&StreamPlan| plan.kind == kind;
    if plans.iter().filter(of_kind).any(|plan| plan.kept().is_some() && is_default(plan)) {
        return;
    }
    let Some(from) = plans.iter().filter(of_kind).find(|plan| is_default(plan)) else {
        return;
    };
    let (from, forced) = (from.index, source(from).is_some_and(|stream| stream.disposition.has("forced")));
    let kept = || plans.iter().enumerate().filter(|(_, plan)| plan.kind == kind && plan.kept().is_some());
    let alike =
        kept().find(|(_, plan)| plan.kept().is_some_and(|kept| kept.disposition.has("forced") == forced));
    let Some(heir) = alike.or_else(|| kept().next()).map(|(position, _)| position) else {
        return;
    };
    if let Some(StreamPlan { index, fate: Fate::Kept(kept), .. }) = plans.get_mut(heir) {
        kept.disposition = kept.disposition.with("default", true);
        record.decide_stream(Topic::DefaultFlag, *index, "default", Reason::DefaultMoved { from });
    }
}

/// The statistics tags that mkvmerge writes about a stream's bytes. They are no longer true once the stream is
/// encoded.
fn statistics_tags(stream: &Stream) -> Vec<StatisticsTag> {
    stream.tags.iter().filter_map(|(key, _)| StatisticsTag::new(key)).collect()
}

/// The stream in words: `rus audio "Dub" (ac3)`.
fn describe(stream: &Stream) -> String {
    let mut text = String::new();
    for part in
        [stream.language(), Some(if stream.is_cover() { "cover" } else { StreamType::of(stream).name() })]
    {
        if let Some(part) = part.filter(|part| *part != "und") {
            text += if text.is_empty() { "" } else { " " };
            text += part;
        }
    }
    let name = ["title", "filename"].iter().find_map(|tag| stream.tags.get(tag));
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        text = alloc::format!("{text} \"{name}\"");
    }
    if let Some(codec) = &stream.codec {
        text = alloc::format!("{text} ({codec})");
    }
    text
}
