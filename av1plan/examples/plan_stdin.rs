//! Plans a film from the ffprobe document on standard input and prints the ffmpeg command, one argument on each line:
//!
//! ```sh
//! ffprobe -v error -of json -show_format -show_streams -show_chapters Film.mkv |
//!     cargo run -p av1plan --example plan_stdin -- Film.mkv 8000000000
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use std::io::Read;

use av1plan::command::render;
use av1plan::{Config, FileFacts, MediaProbe, Source, Toolchain, Verdict, explain};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(name), Some(size)) = (args.next(), args.next()) else {
        return Err("usage: plan_stdin NAME BYTES < PROBE.json".into());
    };
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;

    let probe = MediaProbe::from_json(&bytes)?;
    let file = FileFacts::new(name.clone(), size.parse()?);
    // A program that runs ffmpeg itself would ask it: `Toolchain::parse(version, encoders, decoders)`.
    let verdict = av1plan::plan(&Source::new(&file, &probe), &Toolchain::assumed(), &Config::default());
    print!("{}", explain::table(verdict.decisions()));
    match verdict {
        Verdict::Skip(skip) => println!("skip [{}]: {}", skip.reason.code(), skip.reason),
        Verdict::Encode(plan) => {
            for word in render(&plan, name.as_str(), &format!("{name}.av1")) {
                println!("{word}");
            }
        }
    }
    Ok(())
}
