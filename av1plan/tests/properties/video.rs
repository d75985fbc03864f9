//! Properties of the picture: the ladder, the encoders that ffmpeg has, and a command that ffmpeg accepts.

use std::collections::BTreeSet;

use av1plan::Rational;
use av1plan::command::{self, Audience};
use av1plan::config::QualityTier;
use av1plan::plan::{EncoderSettings, Filter, Reason, ResolutionClass, SourceClass, Timestamps};
use av1plan::probe::SideData;
use proptest::prelude::*;

use crate::argv::{options, options_of, values};
use crate::films::{Film, film};
use crate::policy::{picture_policy, policy};
use crate::{cases, encoded};

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn a_higher_tier_is_never_faster_and_never_coarser(film in film(), policy in picture_policy()) {
        let with = |tier| {
            let mut policy = policy.clone();
            policy.config.quality_tier = tier;
            encoded(film.plan(&policy)).map(|plan| plan.video.settings)
        };
        if let (Some(high), Some(very_high)) = (with(QualityTier::High), with(QualityTier::VeryHigh)) {
            prop_assert_eq!(high.crf(), very_high.crf());
            let slower = match (high, very_high) {
                (EncoderSettings::Svt(high), EncoderSettings::Svt(very_high)) => very_high.preset < high.preset,
                (EncoderSettings::Aom(high), EncoderSettings::Aom(very_high)) => {
                    very_high.cpu_used < high.cpu_used && very_high.tiles == high.tiles
                }
                (EncoderSettings::Rav1e(high), EncoderSettings::Rav1e(very_high)) => {
                    very_high.speed < high.speed && very_high.qp == high.qp
                }
                _ => false, // The other tier led to another encoder.
            };
            prop_assert!(slower, "{high} -> {very_high}");
        }
    }

    #[test]
    fn only_available_encoders_are_chosen_and_the_preferred_one_if_available(
        film in film(), policy in picture_policy(),
    ) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let (chosen, preferred) = (plan.video.settings.encoder(), policy.config.prefer_encoder);
            let (width, height) = size(&film);
            prop_assert!(policy.toolchain.has(chosen) && chosen.takes(width, height));
            let possible = policy.toolchain.has(preferred) && preferred.takes(width, height);
            prop_assert_eq!(chosen == preferred, possible);
            let options = options(&plan);
            prop_assert_eq!(values(&options, "-c:v"), [chosen.ffmpeg_name()]);
        }
    }

    #[test]
    fn the_crf_is_one_of_its_classs_range(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let (low, high) = plan.resolution.crf_range();
            if let Some(crf) = plan.video.settings.crf() {
                prop_assert!(crf == low || crf == high, "{crf} of {low}..{high}");
                let options = options(&plan);
                prop_assert_eq!(values(&options, "-crf"), [crf.to_string()]);
            }
        }
    }

    #[test]
    fn a_larger_picture_is_never_of_a_lower_class((width, height) in any_size(), (columns, rows) in any_size()) {
        let class = ResolutionClass::of(width, height);
        prop_assert!(ResolutionClass::of(width + columns, height + rows) >= class);
        prop_assert_eq!(ResolutionClass::of(height, width), class);
    }

    /// A larger class never has a higher CRF or a faster preset.
    #[test]
    fn the_ladder_only_rises(one in any_size(), other in any_size()) {
        let class = |(width, height): (u32, u32)| ResolutionClass::of(width, height);
        let (small, large) = (class(one).min(class(other)), class(one).max(class(other)));
        prop_assert!(large.crf_range() <= small.crf_range());
        for tier in [QualityTier::High, QualityTier::VeryHigh] {
            prop_assert!(large.svt_preset(tier) <= small.svt_preset(tier));
            prop_assert!(large.aom_cpu_used(tier) <= small.aom_cpu_used(tier));
        }
    }

    /// The result has even sides, as all three encoders need, and at most one row and one column are added.
    #[test]
    fn the_output_is_even_and_holds_the_whole_picture(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let sides = |(width, height): (u32, u32)| (width.min(height), width.max(height));
            let (short, long) = sides(size(&film));
            let (short_now, long_now) = sides((plan.contract.picture.width, plan.contract.picture.height));
            prop_assert_eq!((short_now, long_now), (short.next_multiple_of(2), long.next_multiple_of(2)));
            let padded = plan.video.filters.contains(&Filter::PadToEven);
            prop_assert!(padded || (short, long) == (short_now, long_now));
        }
    }

    #[test]
    fn each_option_is_given_once(film in film(), policy in policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let mut said = BTreeSet::new();
            for (option, value) in options(&plan) {
                prop_assert!(option.starts_with('-') || option == "OUTPUT", "no option: {option:?}");
                // Options for single streams and tags may be repeated; every other option occurs once.
                let repeatable = option == "-map" || option.starts_with("-metadata:");
                let key = (option.clone(), repeatable.then(|| value.clone()));
                prop_assert!(said.insert(key), "twice: {option} {value}");
            }
        }
    }

    #[test]
    fn the_command_reads_the_source_and_ends_with_muxer_and_output(film in film(), policy in policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let options = options(&plan);
            prop_assert_eq!(values(&options, "-i"), ["INPUT"]);
            let end: Vec<&str> = options.iter().rev().take(2).map(|(option, _)| option.as_str()).collect();
            prop_assert_eq!(end, ["OUTPUT", "-f"]);
            prop_assert_eq!(values(&options, "-f"), [plan.container.muxer()]);
            // Without `-enc_time_base demux` ffmpeg rounds timestamps to the nominal rate (measured).
            prop_assert_eq!(values(&options, "-enc_time_base"), ["demux"]);
        }
    }

    #[test]
    fn a_program_runs_what_a_person_is_shown(film in film(), policy in policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let mut program = options_of(&command::arguments(&plan, Audience::Program));
            let instruments =
                ["-loglevel", "-nostats", "-progress", "-stats_enc_pre:v", "-stats_enc_pre_fmt:v"];
            program.retain(|(option, value)| {
                // Room for a language that mkvpropedit writes afterwards.
                let is_room = option.starts_with("-metadata:s:") && value.starts_with("language=");
                !instruments.contains(&option.as_str()) && !is_room
            });
            prop_assert_eq!(program, options(&plan));
        }
    }

    /// Generated timestamps break AVI (measured), and only sources from the web need the guards.
    #[test]
    fn only_web_sources_get_guards_and_avi_no_made_up_timestamps(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let web = plan.source_class.class == SourceClass::WebLike;
            let jumps = plan.decisions.iter().any(|decision| matches!(decision.reason, Reason::ClockJumps { .. }));
            prop_assert_eq!(plan.timestamps != Timestamps::Exact, web && !jumps);
            let generated = values(&options(&plan), "-fflags").contains(&"+genpts");
            let avi = film.probe().format.name == "avi";
            prop_assert!(!generated || (web && !avi));
        }
    }

    /// Nothing is guessed: a tag that the source doesn't have isn't promised, and one that it has is.
    #[test]
    fn static_hdr_is_promised_as_the_source_has_it(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let probe = film.probe();
            let (_, source) = probe.main_video().expect("a plan has a main video");
            let promised = &plan.contract.picture;
            // Only what a muxer stores: all ten numbers of a display, and a light level above 0.
            let mastering = |block: &SideData| {
                matches!(block, SideData::MasteringDisplay(display) if !display.to_string().contains('?'))
            };
            let light = |block: &SideData| matches!(block, SideData::ContentLight { max_content: 1.., .. });
            prop_assert_eq!(promised.mastering_display.is_some(), source.side_data.iter().any(mastering));
            prop_assert_eq!(promised.content_light.is_some(), source.side_data.iter().any(light));
            let from_rgb = plan.video.filters.iter().any(|filter| matches!(filter, Filter::FromRgb { .. }));
            let (promised, shown, source) = (&promised.color, source, &source.color);
            let primaries = source.primaries.filter(|primaries| primaries.is_in_av1());
            prop_assert!(promised.primaries == primaries || (from_rgb && primaries.is_none()));
            // The first frame's tag counts, where it has one.
            let transfer = shown.frame_color.transfer.or(source.transfer).filter(|transfer| transfer.is_in_av1());
            prop_assert!(promised.transfer == transfer || (from_rgb && transfer.is_none()));
            prop_assert!(from_rgb || promised.matrix == source.matrix);
            // RGB and gray are scaled to limited range when they are converted to 4:2:0.
            prop_assert!(from_rgb || promised.range.is_none() || promised.range == source.range);
        }
    }

    /// A colour tag becomes part of a filter, where commas and brackets have a meaning.
    #[test]
    fn no_text_of_the_source_gets_into_the_filters_but_plain_words(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy)) {
            let options = options(&plan);
            for chain in values(&options, "-vf") {
                let steps: Vec<&str> = chain.split(',').map(|step| step.split('=').next().unwrap_or_default()).collect();
                let known = ["bwdif", "scale", "format", "setparams", "pad", "setsar"];
                prop_assert!(steps.iter().all(|step| known.contains(step)), "{chain}");
                prop_assert!(chain.bytes().all(|byte| byte.is_ascii_graphic()) && !chain.contains(['[', ']', ';', '\\', '\'']), "{chain}");
            }
        }
    }

    /// SVT-AV1 reads the two numbers of the rate as 32-bit numbers, and refuses more than 240 frames per second.
    #[test]
    fn a_rate_given_to_svt_is_one_that_it_accepts(film in film(), policy in picture_policy()) {
        if let Some(plan) = encoded(film.plan(&policy))
            && let EncoderSettings::Svt(svt) = plan.video.settings
            && let Some(rate) = svt.nominal_rate
        {
            prop_assert!((1_000..=240_000).contains(&Rational::from(rate).thousandths()), "{rate}");
        }
    }
}

/// Sizes in which every resolution class is about equally frequent.
fn any_size() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![
        (0..1800_u32, 0..1080_u32),
        (0..2400_u32, 0..1440_u32),
        (0..3600_u32, 0..2160_u32),
        (0..7680_u32, 0..4320_u32),
        (0..16_000_u32, 0..9_000_u32),
    ]
}

/// The size of the main video's picture.
fn size(film: &Film) -> (u32, u32) {
    let probe = film.probe();
    let (_, video) = probe.main_video().expect("a plan has a main video");
    (video.width, video.height)
}
