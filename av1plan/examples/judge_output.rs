//! Holds the result of an encode against the plan that was stored before it:
//!
//! ```sh
//! av1cli plan --json Film.mkv > plan.json
//! av1cli plan Film.mkv | sh
//! ffprobe -v error -of json -show_format -show_streams -show_chapters .Film.mkv.plan.av1tmp > result.json
//! cargo run -p av1plan --example judge_output -- plan.json result.json
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use av1plan::judge::RunReport;
use av1plan::wire::Document;
use av1plan::{Evidence, Judgement, MediaProbe, Verdict, judge};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(plan), Some(result)) = (args.next(), args.next()) else {
        return Err("usage: judge_output PLAN.json RESULT.json".into());
    };
    let Verdict::Encode(plan) = Document::from_json(&std::fs::read(plan)?)?.verdict()? else {
        return Err("that plan was to skip the film".into());
    };
    let probe = MediaProbe::from_json(&std::fs::read(result)?)?;
    // A program that ran ffmpeg itself knows more: its exit code, its frames, what it said of the source, and the packets.
    let run = RunReport { exit_code: Some(0), ..RunReport::default() };
    let size = probe.format.size.unwrap_or_default();
    match judge(&plan, &Evidence { run: &run, probe: Some(&probe), packets: None, opening: None, size }) {
        Judgement::Accept => println!("accept"),
        Judgement::TooBig { size, limit } => {
            println!("too big: {size} bytes, and less than {limit} was asked for");
        }
        Judgement::Defective(defects) => {
            for defect in defects {
                println!("defect [{}]: {defect}", defect.code());
            }
        }
    }
    Ok(())
}
