//! `av1cli plan`: what would be done, and why.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use av1exec::argv::bind;
use av1exec::jobs::path_document;
use av1exec::names;
use av1exec::probe;
use av1exec::sanitize::{display, sanitize};
use av1exec::settings::{Environment, Settings};
use av1exec::tools::Tools;
use av1plan::command::{self, Audience};
use av1plan::gates::{self, FileFacts, Stability};
use av1plan::wire::Document;
use av1plan::{MediaProbe, Source, Toolchain, Verdict, explain};

use crate::args::PlanArgs;
use crate::console::{complain, note, out};
use crate::failure::{Exit, Failure};
use crate::films::look;
use crate::quote::command_line;

/// Plans each film; a film that can't be planned doesn't stop the others.
pub(crate) async fn run(
    args: PlanArgs,
    mut settings: Settings,
    environment: &Environment,
) -> Result<Exit, Failure> {
    settings.policy.ignore.extend(&args.ignore);
    if let Some(document) = &args.probe_json {
        return plan_document(document, &args, &settings);
    }
    let tools = Tools::find(&settings, environment.path.as_deref()).await?;
    let program =
        settings.ffmpeg.as_ref().map_or(OsString::from("ffmpeg"), |path| path.clone().into_os_string());
    let mut worst = Exit::Done;
    for file in &args.files {
        match plan_film(file, &tools, &settings).await {
            Ok(planned) => {
                if planned.print(&args, &program).is_err() {
                    // The reader of the pipe went away.
                    return Ok(worst);
                }
            }
            Err(failure) => {
                complain(&failure);
                worst = worst.max(failure.exit);
            }
        }
    }
    Ok(worst)
}

/// A film with its verdict.
struct Planned {
    path: PathBuf,
    size: u64,
    verdict: Verdict,
}

async fn plan_film(file: &Path, tools: &Tools, settings: &Settings) -> Result<Planned, Failure> {
    let film = look(file, &settings.library_roots)?;
    // Whether it holds still is for who touches it to find out; a plan touches nothing.
    let facts = film.facts(Stability::Stable);
    let policy = &settings.policy;
    let probe = match gates::before_probe(&facts, policy) {
        Some(_) => MediaProbe::default(),
        None => probe::probe(tools, &film.path).await.map_err(|error| {
            let message = format!("failed to probe {}: {error}", display(file));
            Failure::new(Exit::Failed, message).hint("is it whole, and is it a film?")
        })?,
    };
    let verdict = av1plan::plan(&Source { file: &facts, probe: &probe }, &tools.toolchain, policy);
    Ok(Planned { path: film.path, size: film.identity.size, verdict })
}

/// Plans from a saved ffprobe document, for an ffmpeg that nobody asked.
fn plan_document(document: &Path, args: &PlanArgs, settings: &Settings) -> Result<Exit, Failure> {
    let failed = |why: String| {
        Failure::new(Exit::Failed, format!("failed to read {}: {why}", display(document)))
            .hint("make it with: ffprobe -v error -of json -show_format -show_streams -show_chapters FILE")
    };
    let bytes = read_document(document).map_err(|error| failed(error.to_string()))?;
    let probe = MediaProbe::from_json(&bytes).map_err(|error| failed(error.to_string()))?;
    let Some(size) = args.size.or(probe.format.size) else {
        return Err(Failure::new(Exit::Usage, "the document doesn't say how large the film is")
            .hint("give its bytes with --size"));
    };
    let own_name = probe.format.filename.as_deref().map(Path::new);
    let name = args.name.as_deref().map(Path::new).or(own_name).and_then(Path::file_name);
    let Some(name) = name else {
        return Err(Failure::new(Exit::Usage, "the document doesn't say what the film is called")
            .hint("give its name with --name"));
    };
    let facts = FileFacts::new(name.to_string_lossy(), size);
    let source = Source { file: &facts, probe: &probe };
    let verdict = av1plan::plan(&source, &Toolchain::assumed(), &settings.policy);
    let planned = Planned { path: PathBuf::from(name), size, verdict };
    // The reader of a pipe that went away has seen enough.
    let _ = planned.print(args, &OsString::from("ffmpeg"));
    Ok(Exit::Done)
}

fn read_document(document: &Path) -> std::io::Result<Vec<u8>> {
    if document == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(document)
}

impl Planned {
    fn print(&self, args: &PlanArgs, program: &OsString) -> std::io::Result<()> {
        let output = names::planned(&self.path);
        if args.json {
            let bytes = |path: &Path| path_document(path).bytes().unwrap_or_default();
            let document = Document::new(&bytes(&self.path), self.size, &bytes(&output), &self.verdict);
            return out(document.to_json().as_bytes());
        }
        if args.explain {
            return out(self.explanation().as_bytes());
        }
        match &self.verdict {
            Verdict::Encode(plan) => {
                note(&format!(
                    "{}: {} into {}",
                    display(&self.path),
                    plan.video.settings,
                    plan.container.muxer()
                ));
                for decision in &plan.decisions {
                    note(&format!("  {}: {} ({})", decision.subject(), decision.choice, decision.reason));
                }
                for loss in &plan.losses {
                    note(&format!("  loss: {loss} [{}]", loss.kind));
                }
                let argv = bind(command::arguments(plan, Audience::Person), &self.path, &output);
                out(&command_line(program, &argv))
            }
            Verdict::Skip(skip) => {
                note(&format!("{}: skipped [{}]: {}", display(&self.path), skip.reason.code(), skip.reason));
                Ok(())
            }
        }
    }

    /// Every decision as a table, with what speaks for the source's class and what is lost.
    fn explanation(&self) -> String {
        let mut lines = vec![display(&self.path)];
        let mut line = |line: String| lines.push(sanitize(&line).into_owned());
        match &self.verdict {
            Verdict::Encode(plan) => {
                line(format!("encode: {} into {}", plan.video.settings, plan.container.muxer()));
                for row in explain::table(&plan.decisions).lines() {
                    line(format!("  {row}"));
                }
                for signal in &plan.source_class.signals {
                    line(format!("  signal  {:+}  {}", signal.weight, signal.what));
                }
                for loss in &plan.losses {
                    line(format!("  loss  {loss} [{}]", loss.kind));
                }
            }
            Verdict::Skip(skip) => {
                line(format!("skip [{}]: {}", skip.reason.code(), skip.reason));
                for row in explain::table(&skip.decisions).lines() {
                    line(format!("  {row}"));
                }
            }
        }
        lines.join("\n")
    }
}
