//! A program that somebody else writes on av1plan, with nothing but its docs.

mod recipe;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use av1plan::config::QualityTier;
use av1plan::judge::{Defect, Missing, RunReport};
use av1plan::plan::{LossKind, Reason, Topic};
use av1plan::wire::Document;
use av1plan::{
    Config, EncodePlan, FileFacts, Judgement, MediaProbe, SkipReason, Source, Toolchain, Verdict, command, plan,
};

type Outcome = Result<bool, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["argv"] => argv(),
        ["policy"] => policy(),
        ["plan", film, folder] => plan_film(Path::new(film), Path::new(folder)),
        ["encode", film, folder] => encode(Path::new(film), Path::new(folder)),
        ["judge", film, folder] => judge(Path::new(film), Path::new(folder)),
        ["codes", table] => codes(Path::new(table)),
        ["many", count] => many(count),
        _ => Err("no such command".into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// The probe on standard input, and the file that it is of.
fn given() -> Result<(MediaProbe, FileFacts), Box<dyn Error>> {
    let mut bytes = Vec::new();
    stdin().read_to_end(&mut bytes)?;
    let probe = MediaProbe::from_json(&bytes)?;
    let file = FileFacts::from_probe(&probe).ok_or("the probe doesn't say which file it is of")?;
    Ok((probe, file))
}

/// ffmpeg's arguments, one a line.
fn argv() -> Outcome {
    let (probe, file) = given()?;
    let result = format!("{}.av1.mkv", file.name);
    match plan(&Source::new(&file, &probe), &Toolchain::assumed(), &Config::default()) {
        Verdict::Skip(skip) => println!("{}: {}", skip.reason.code(), skip.reason),
        Verdict::Encode(plan) => {
            for argument in command::render(&plan, file.name.as_str(), result.as_str()) {
                println!("{argument}");
            }
        }
    }
    Ok(true)
}

/// A policy of our own: no film may lose more than its cover, and we have time.
fn policy() -> Outcome {
    let (probe, file) = given()?;
    let config = Config::default().with_quality_tier(QualityTier::VeryHigh).with_min_bytes(0);
    let config: Config = serde_json::from_str(&serde_json::to_string(&config)?)?;
    match plan(&Source::new(&file, &probe), &Toolchain::assumed(), &config) {
        Verdict::Skip(skip) => println!("skipped: {}", skip.reason.code()),
        Verdict::Encode(plan) => match plan.losses.iter().find(|loss| loss.kind != LossKind::Cover) {
            Some(loss) => println!("not for us: {}", loss.code()),
            None => println!("{}", plan.video.settings),
        },
    }
    Ok(true)
}

fn plan_film(film: &Path, folder: &Path) -> Outcome {
    let probe = recipe::probe_film(film)?;
    let file = FileFacts::from_probe(&probe).ok_or("the probe doesn't say which file it is of")?;
    let config = Config::default().with_min_bytes(0).with_max_size_ratio(av1plan::Ratio::from_f64(1.0).ok_or("1 is a share")?);
    let verdict = plan(&Source::new(&file, &probe), &recipe::toolchain()?, &config);
    let bytes = |path: &Path| path.as_os_str().as_encoded_bytes().to_vec();
    let document = Document::new(&bytes(film), file.size, &bytes(&result(folder)), &verdict);
    fs::write(folder.join("plan.json"), document.to_json())?;
    Ok(matches!(verdict, Verdict::Encode(_)))
}

fn result(folder: &Path) -> PathBuf {
    folder.join("result.mkv")
}

fn stored(folder: &Path) -> Result<EncodePlan, Box<dyn Error>> {
    match Document::from_json(&fs::read(folder.join("plan.json"))?)?.verdict()? {
        Verdict::Encode(plan) => Ok(*plan),
        Verdict::Skip(skip) => Err(skip.reason.code().into()),
    }
}

fn encode(film: &Path, folder: &Path) -> Outcome {
    let report = recipe::encode(&stored(folder)?, film, &result(folder))?;
    fs::write(folder.join("run.json"), serde_json::to_string(&report)?)?;
    println!("{report}");
    Ok(report.exit_code == Some(0))
}

fn judge(film: &Path, folder: &Path) -> Outcome {
    let report: RunReport = serde_json::from_slice(&fs::read(folder.join("run.json"))?)?;
    let judgement = recipe::check(&stored(folder)?, &report, film, &result(folder))?;
    // What is stored is what is read.
    let judgement: Judgement = serde_json::from_str(&serde_json::to_string(&judgement)?)?;
    println!("{}: {judgement}", judgement.code());
    if let Judgement::Defective(defects) = &judgement {
        for defect in defects {
            println!("{}", defect.code());
        }
    }
    Ok(judgement == Judgement::Accept)
}

/// Every code with its translation, from a table of `code<TAB>translation` lines.
fn codes(table: &Path) -> Outcome {
    let table = fs::read_to_string(table)?;
    let translations: BTreeMap<&str, &str> = table.lines().filter_map(|line| line.split_once('\t')).collect();
    let lists = [
        ("topic", Topic::codes()),
        ("reason", Reason::codes()),
        ("skip", SkipReason::codes()),
        ("loss", LossKind::codes()),
        ("judgement", Judgement::codes()),
        ("defect", Defect::codes()),
        ("missing", Missing::codes()),
    ];
    let mut complete = true;
    for (name, codes) in lists {
        for code in codes {
            let translation = translations.get(code);
            complete &= translation.is_some();
            println!("{name}\t{code}\t{}", translation.unwrap_or(&"NO TRANSLATION"));
        }
    }
    Ok(complete)
}

/// Plans the film on standard input again and again, each time from its bytes.
fn many(count: &str) -> Outcome {
    let mut bytes = Vec::new();
    stdin().read_to_end(&mut bytes)?;
    let (toolchain, config) = (Toolchain::assumed(), Config::default());
    let mut arguments = 0;
    for number in 0..count.parse::<u64>()? {
        let probe = MediaProbe::from_json(&bytes)?;
        let file = FileFacts::new(format!("Film.{number}.mkv"), 8 << 30);
        if let Verdict::Encode(plan) = plan(&Source::new(&file, &probe), &toolchain, &config) {
            arguments += command::render(&plan, file.name.as_str(), "result.mkv").len();
        }
    }
    println!("{arguments}");
    Ok(arguments > 0)
}
