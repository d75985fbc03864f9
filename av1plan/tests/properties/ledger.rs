//! Properties of the ledger: whatever is added to a film is promised, named as a loss, or may differ for a reason that
//! the crate lists.

use av1plan::EncodePlan;
use av1plan::plan::{Container, ExpectedStream, Loss, LossKind};
use av1plan::probe::{MatroskaFacts, PictureSummary, Survey};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::films::{Film, film};
use crate::policy::Policy;
use crate::surveys::survey;
use crate::{cases, encoded};

/// A film with a survey, and its plan.
fn planned(mut film: Film, survey: Survey) -> Option<(Film, EncodePlan)> {
    film.survey = Some(survey);
    let plan = encoded(film.plan(&Policy::open()))?;
    Some((film, plan))
}

/// The position in the document of one of the streams that are kept, and what was promised of it. The streams of the
/// document have other indexes if they say so.
fn kept(film: &Film, plan: &EncodePlan, place: Index) -> Option<(usize, ExpectedStream)> {
    let expected = &plan.contract.streams[place.index(plan.contract.streams.len())];
    let position = film.probe().streams.iter().position(|stream| stream.index == expected.source)?;
    let is_in_order = film.document["streams"].as_array()?.len() == film.probe().streams.len();
    is_in_order.then(|| (position, expected.clone()))
}

fn again(film: &Film) -> EncodePlan {
    encoded(film.plan(&Policy::open())).expect("the film is encoded as before")
}

fn names<'a>(plan: &'a EncodePlan, kind: LossKind, name: &str) -> Option<&'a Loss> {
    plan.losses.iter().find(|loss| loss.kind == kind && loss.what.contains(name))
}

fn push(list: &mut Value, value: Value) {
    if !list.is_array() {
        *list = json!([]);
    }
    list.as_array_mut().expect("it is a list now").push(value);
}

fn insert(object: &mut Value, name: &str, value: Value) {
    if !object.is_object() {
        *object = json!({});
    }
    object[name] = value;
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn an_unknown_type_of_side_data_is_a_loss(film in film(), survey in survey(), place in any::<Index>()) {
        let Some((mut film, plan)) = planned(film, survey) else { return Ok(()) };
        let Some((position, _)) = kept(&film, &plan, place) else { return Ok(()) };
        push(&mut film.streams_mut()[position]["side_data_list"], json!({"side_data_type": "Scent track"}));
        prop_assert!(names(&again(&film), LossKind::SideData, "\"Scent track\"").is_some());
    }

    #[test]
    fn an_unknown_type_of_side_data_of_frames_is_a_loss(film in film(), survey in survey()) {
        let mut survey = survey;
        survey.pictures = PictureSummary::default();
        survey.pictures.add_line("width=720|height=576|side_datum/x:side_data_type=Scent of a frame");
        if let Some((_, plan)) = planned(film, survey) {
            prop_assert!(names(&plan, LossKind::SideData, "\"Scent of a frame\"").is_some());
        }
    }

    #[test]
    fn an_own_tag_is_promised_or_lost(
        film in film(), survey in survey(), place in any::<Index>(), of_file in any::<bool>(),
        name in select(vec!["scent", "com.example.scent", "SCENT/SMELL"]),
    ) {
        let Some((mut film, plan)) = planned(film, survey) else { return Ok(()) };
        let Some((position, expected)) = kept(&film, &plan, place) else { return Ok(()) };
        if of_file {
            let mut format = film.document["format"].clone();
            if !format.is_object() {
                format = json!({});
            }
            insert(&mut format["tags"], name, json!("roses"));
            film.document["format"] = format;
        } else {
            insert(&mut film.streams_mut()[position]["tags"], name, json!("roses"));
        }
        let plan = again(&film);
        let of_stream = plan.contract.streams.iter().find(|stream| stream.source == expected.source);
        let promised = if of_file { Some(&plan.contract.tags) } else { of_stream.map(|stream| &stream.tags) };
        let is_promised = promised.and_then(|tags| tags.get(name)) == Some("roses");
        prop_assert_eq!(is_promised, names(&plan, LossKind::Tags, name).is_none());
        prop_assert!(is_promised || plan.container == Container::Mp4);
    }

    #[test]
    fn a_flag_is_promised_or_lost(
        film in film(), survey in survey(), place in any::<Index>(),
        flag in select(vec!["forced", "karaoke", "clean_effects", "hearing_impaired", "dependent", "dub"]),
    ) {
        let Some((mut film, plan)) = planned(film, survey) else { return Ok(()) };
        let Some((position, expected)) = kept(&film, &plan, place) else { return Ok(()) };
        if expected.kind == av1plan::plan::StreamType::Attachment {
            return Ok(());
        }
        insert(&mut film.streams_mut()[position]["disposition"], flag, json!(1));
        let plan = again(&film);
        let now = plan.contract.streams.iter().find(|stream| stream.source == expected.source);
        let now = now.expect("the stream is kept as before");
        let is_promised = now.flags.has(flag) || (flag == "forced" && now.forced == Some(true));
        prop_assert!(is_promised || names(&plan, LossKind::TrackFlag, flag).is_some(), "{flag}");
    }

    #[test]
    fn what_ffprobe_hides_of_matroska_is_carried_over_or_a_loss(
        film in film(), survey in survey(),
        (kind, facts) in select(vec![
            (LossKind::Linked, json!({"linked": {"previous_uid": "77"}})),
            (LossKind::Linked, json!({"editions": [{"ordered": true}]})),
            (LossKind::Chapters, json!({"editions": [{"chapters": [{"uid": 1, "start": 0, "displays": 2}]}]})),
            (LossKind::Chapters, json!({"editions": [{"chapters": [{"uid": 1, "start": 7}, {"uid": 2, "start": 7}]}]})),
            (LossKind::Tags, json!({"tags": [{"targets": {"type_value": 70}, "simple": [{"name": "TITLE", "value": "x"}]}]})),
            (LossKind::Tags, json!({"tags": [{"simple": [{"name": "COVER", "binary": true}]}]})),
            (LossKind::Attachment, json!({"attachments": [{"size": 9}]})),
            (LossKind::UnknownStream, json!({"other_tracks": 1})),
        ]),
    ) {
        let facts: MatroskaFacts = serde_json::from_value(facts).expect("these are facts");
        if let Some((_, plan)) = planned(film, survey.with_matroska(Some(facts))) {
            let is_carried = plan.contract.headers.as_ref().is_some_and(|headers| match kind {
                LossKind::Chapters => !headers.editions.is_empty(),
                LossKind::Tags => !headers.tags.is_empty(),
                _ => false,
            });
            prop_assert!(is_carried != plan.losses.iter().any(|loss| loss.kind == kind), "{:?}", plan.losses);
        }
    }
}
