//! Properties of streams: each one is encoded, copied, converted or dropped, exactly once and with a reason, and each
//! kept one is mapped once.

use std::collections::BTreeSet;

use av1plan::EncodePlan;
use av1plan::plan::{Fit, LossKind, Reason, StreamType, Topic, Treatment};
use av1plan::probe::{MediaProbe, Stream, StreamKind};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::argv::{maps, options, values};
use crate::films::{film, film_with_one_video};
use crate::policy::{Policy, picture_policy, policy};
use crate::tracks::subtitle;
use crate::{cases, encoded};

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_stream_of_the_source_has_one_fate_and_one_reason(film in film(), policy in policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let source: Vec<u32> = film.probe().streams.iter().map(|stream| stream.index).collect();
            let planned: Vec<u32> = plan.streams.iter().map(|stream| stream.index).collect();
            prop_assert_eq!(&planned, &source);
            for stream in &plan.streams {
                let about = |decision: &&av1plan::plan::Decision| {
                    decision.topic == Topic::Stream && decision.stream == Some(stream.index)
                };
                let decisions: Vec<_> = plan.decisions.iter().filter(about).collect();
                prop_assert_eq!(decisions.len(), 1);
                prop_assert_eq!(&*decisions[0].choice, stream.action());
            }
        }
    }

    #[test]
    fn every_kept_stream_is_mapped_once_and_no_dropped_one(film in film(), policy in policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let maps = maps(&plan);
            let mapped: BTreeSet<u32> = maps.iter().copied().collect();
            prop_assert_eq!(mapped.len(), maps.len(), "mapped twice: {:?}", maps);
            for stream in &plan.streams {
                prop_assert_eq!(mapped.contains(&stream.index), stream.kept().is_some(), "{:?}", stream);
            }
        }
    }

    #[test]
    fn exactly_one_video_is_mapped_and_it_is_encoded(film in film(), policy in policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let videos: Vec<_> = plan.mapped().filter(|(stream, _)| stream.kind == StreamType::Video).collect();
            let encoded: Vec<_> = plan.mapped().filter(|(_, kept)| kept.treatment == Treatment::Encode).collect();
            prop_assert_eq!(videos.len(), 1);
            prop_assert_eq!(&videos, &encoded);
            let probe = film.probe();
            let main = probe.main_video().map(|(stream, _)| stream.index);
            prop_assert_eq!(Some(videos[0].0.index), main);
        }
    }

    /// Matroska lists attachments last in whatever order they are written, so only there the positions in command and
    /// result agree.
    #[test]
    fn attachments_are_mapped_last_and_all_else_in_the_sources_order(film in film(), policy in policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let kept = |attachments: bool| {
                let streams = plan.streams.iter().filter(move |stream| (stream.kind == StreamType::Attachment) == attachments);
                streams.filter(|stream| stream.kept().is_some()).map(|stream| stream.index)
            };
            let expected: Vec<u32> = kept(false).chain(kept(true)).collect();
            prop_assert_eq!(maps(&plan), expected);
        }
    }

    #[test]
    fn permuting_streams_permutes_maps(film in film_with_one_video(), policy in picture_policy(), swaps in prop::collection::vec(any::<(Index, Index)>(), 1..6)) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let mut permuted = film.clone();
            let streams = permuted.streams_mut();
            for (position, stream) in streams.iter_mut().enumerate() {
                // Each stream gets an explicit index, which it keeps when the streams are reordered.
                let said = stream.get("index").and_then(serde_json::Value::as_u64);
                if said.is_none_or(|index| index > i32::MAX.unsigned_abs().into()) {
                    stream["index"] = position.into();
                }
            }
            let said = streams.iter().map(|stream| stream["index"].to_string()).collect::<BTreeSet<_>>().len();
            if said < streams.len() {
                return Ok(()); // Of two streams with the same index the first one counts, so their order matters.
            }
            for (one, other) in swaps {
                let length = streams.len();
                streams.swap(one.index(length), other.index(length));
            }
            let Some(after) = encoded(permuted.plan(&policy)) else {
                return Err(TestCaseError::fail("the order of streams decided over the film"));
            };
            let (before, now) = (maps(&plan), maps(&after));
            prop_assert_eq!(before.iter().collect::<BTreeSet<_>>(), now.iter().collect::<BTreeSet<_>>());
            prop_assert_eq!(&after.video, &plan.video);
            prop_assert_eq!(&after.source_class, &plan.source_class);
            let order = permuted.probe().streams.iter().map(|stream| stream.index).collect::<Vec<_>>();
            let place = |index: &u32| {
                let attachment = plan.streams.iter().any(|s| s.index == *index && s.kind == StreamType::Attachment);
                (attachment, order.iter().position(|at| at == index))
            };
            prop_assert!(now.is_sorted_by_key(place), "{:?} in {:?}", now, order);
        }
    }

    #[test]
    fn sound_that_fits_is_never_dropped_altogether(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let survey = film.survey.as_ref();
            let is_empty = |index| survey.is_some_and(|survey| !survey.packets.contains_key(&index));
            let fits = |stream: &&Stream| {
                matches!(stream.kind, StreamKind::Audio(_))
                    && plan.container.fit(stream) != Fit::No
                    && !is_empty(stream.index)
            };
            if film.probe().streams.iter().any(|stream| fits(&stream)) {
                prop_assert!(kept(&plan, StreamType::Audio) > 0);
            }
        }
    }

    #[test]
    fn a_dropped_language_stays_only_where_nothing_else_is_to_be_heard(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let probe = film.probe();
            let dropped = |stream: &Stream| {
                stream.language().is_some_and(|tag| policy.config.drop_languages.iter().any(|each| each.matches(tag)))
            };
            let spoken: Vec<&Stream> = plan
                .mapped()
                .filter(|(stream, _)| matches!(stream.kind, StreamType::Audio | StreamType::Subtitle))
                .filter_map(|(stream, _)| probe.stream(stream.index))
                .collect();
            let stayed = spoken.iter().any(|stream| dropped(stream));
            let speech = |stream: &Stream| matches!(stream.kind, StreamKind::Audio(_)) && !stream.disposition.has("comment");
            prop_assert!(!stayed || !spoken.iter().any(|stream| speech(stream) && !dropped(stream)));
            prop_assert!(!spoken.iter().any(|stream| stream.kind == StreamKind::Subtitle && dropped(stream)));
        }
    }

    #[test]
    fn where_there_was_a_default_there_is_one(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let probe = film.probe();
            for kind in [StreamType::Audio, StreamType::Subtitle] {
                let had = plan.streams.iter().filter(|stream| stream.kind == kind).any(|stream| is_default(&probe, stream.index));
                let has = plan.mapped().any(|(stream, kept)| stream.kind == kind && kept.disposition.has("default"));
                prop_assert_eq!(has, had && kept(&plan, kind) > 0, "{:?}", kind);
            }
        }
    }

    /// If the default stream is kept, no second one becomes default.
    #[test]
    fn no_track_becomes_default_beside_one_that_was(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let probe = film.probe();
            for (stream, kept) in plan.mapped() {
                if kept.disposition.has("default") && !is_default(&probe, stream.index) {
                    let beside = plan.mapped().filter(|(other, kept)| other.kind == stream.kind && kept.disposition.has("default"));
                    prop_assert_eq!(beside.count(), 1);
                    let said = (Topic::DefaultFlag, Some(stream.index));
                    prop_assert!(plan.decisions.iter().any(|decision| (decision.topic, decision.stream) == said));
                }
            }
        }
    }

    #[test]
    fn flags_are_said_of_each_track_at_its_place_in_the_output(film in film(), policy in policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let options = options(&plan);
            for (position, (stream, kept)) in plan.mapped().enumerate() {
                let said = values(&options, &format!("-disposition:{position}"));
                if stream.kind == StreamType::Attachment {
                    prop_assert!(said.is_empty());
                    continue;
                }
                prop_assert_eq!(said.len(), 1);
                prop_assert!(said[0] == "0" || said[0].split('+').all(|flag| flag.len() > 2), "{:?}", said[0]);
                let flags: Vec<&str> = said[0].split('+').filter(|flag| *flag != "0").collect();
                prop_assert_eq!(flags, kept.disposition.flags().collect::<Vec<_>>());
                let converted = values(&options, &format!("-c:{position}"));
                let wanted = match kept.treatment {
                    Treatment::Convert(to) => Some(to.name()),
                    Treatment::Encode | Treatment::Copy => None,
                };
                prop_assert_eq!(converted, wanted.into_iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn what_is_dropped_is_a_named_loss(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            for stream in &plan.streams {
                // A stream that is kept may lose something.
                let details = [LossKind::Tags, LossKind::TrackFlag, LossKind::LanguageTag, LossKind::SideData];
                let lost = plan.losses.iter().filter(|loss| {
                    let is_detail = details.contains(&loss.kind) && stream.kept().is_some();
                    loss.stream == Some(stream.index) && !is_detail
                });
                let lost = lost.count();
                let nothing = [Some(&Reason::WrittenByMuxer), Some(&Reason::NoPackets)];
                let nothing = nothing.contains(&plan.stream_reason(stream.index));
                let expected = usize::from(stream.kept().is_none() && !nothing);
                prop_assert_eq!(lost, expected, "{:?}", stream);
            }
        }
    }

    #[test]
    fn a_subtitle_more_changes_nothing_about_the_video(film in film(), policy in picture_policy(), subtitle in subtitle()) {
        if let Some(before) = encoded(film.plan(&policy)) {
            let mut more = film.clone();
            let mut subtitle = subtitle;
            subtitle["index"] = 70_000.into();
            more.streams_mut().push(subtitle);
            let Some(after) = encoded(more.plan(&policy)) else {
                return Err(TestCaseError::fail("a subtitle decided over the film"));
            };
            let container = |plan: &EncodePlan| {
                let about = plan.decisions.iter().find(|decision| decision.topic == Topic::Container);
                about.map(|decision| decision.reason.code())
            };
            // A Matroska film with another name stays Matroska for the subtitle.
            let by_content = container(&after) == Some("container-by-content");
            prop_assert!(by_content || after.container == before.container);
            // A PGS or WebVTT subtitle changes the class of the source. What follows from that isn't tested here.
            let is_alike = after.container == before.container;
            if is_alike && after.source_class.class == before.source_class.class {
                prop_assert_eq!(&after.video, &before.video);
                prop_assert_eq!(after.timestamps, before.timestamps);
                prop_assert_eq!(&after.contract.picture, &before.contract.picture);
            }
        }
    }

    /// No other policy than `drop_languages` drops audio or subtitles.
    #[test]
    fn without_languages_to_drop_only_the_container_drops(film in film()) {
        let mut policy = Policy::open();
        policy.config.drop_languages.clear();
        if let Some(plan) = encoded(film.plan(&policy)) {
            let probe = film.probe();
            let empty = |index| plan.stream_reason(index) == Some(&Reason::NoPackets);
            for stream in plan.streams.iter().filter(|stream| stream.kept().is_none() && !empty(stream.index)) {
                if let (StreamType::Audio | StreamType::Subtitle, Some(source)) = (stream.kind, probe.stream(stream.index)) {
                    prop_assert_eq!(plan.container.fit(source), Fit::No);
                }
            }
        }
    }
}

fn kept(plan: &EncodePlan, kind: StreamType) -> usize {
    plan.mapped().filter(|(stream, _)| stream.kind == kind).count()
}

fn is_default(probe: &MediaProbe, index: u32) -> bool {
    probe.stream(index).is_some_and(|stream| stream.disposition.has("default"))
}
