//! Shows the plan of a whole folder: one row per film, and totals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use av1exec::ffmpeg::tools::Tools;
use av1exec::library::film::Film;
use av1exec::library::passed_over::PassedOver;
use av1exec::library::scan::{Films, Rules, films};
use av1exec::settings::Settings;
use av1exec::state::outcome::Bytes;
use av1exec::sys::sanitize::display;
use av1plan::plan::Topic;
use av1plan::{Config, Verdict};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Shown;
use super::film::{Basis, Planned, Probed};
use crate::args::PlanArgs;
use crate::output::console::{Reader, complain, note, out};
use av1exec::sys::failure::{Exit, Failure};

/// Plans every film below `folder` and prints a row for each, in the order of their paths.
pub(super) async fn show(
    folder: &Path,
    args: &PlanArgs,
    tools: &Tools,
    settings: &Settings,
) -> Result<Shown, Failure> {
    let (found, mut exit) = films_below(folder, settings).await?;
    let mut summary = Summary { passed_over: found.passed_over, ..Summary::default() };
    if !args.json && out(Row::header().as_bytes())? == Reader::Left {
        return Ok(Shown::Enough);
    }
    let mut looking =
        Looking::start(found.films, Basis::of(args, tools, settings), vec![settings.policy.clone()]);
    while let Some(looked) = looking.next().await {
        match looked {
            Ok(looked) => {
                let planned = looked.plan(&tools.toolchain, &settings.policy);
                summary.add(&planned);
                let line = if args.json { planned.document().to_json() } else { Row::of(&planned, folder) };
                if out(line.as_bytes())? == Reader::Left {
                    return Ok(Shown::Enough);
                }
            }
            Err(failure) => {
                complain(&failure);
                summary.failed += 1;
                exit = exit.max(failure.exit);
            }
        }
    }
    // With `--json` the summary goes to standard error, because it would disturb a program that reads the documents.
    if args.json {
        note(&summary.to_string());
    } else if out(format!("\n{summary}").as_bytes())? == Reader::Left {
        return Ok(Shown::Enough);
    }
    Ok(Shown::All(exit))
}

/// Returns the films below a folder. Unreadable folders and files are reported and skipped.
pub(super) async fn films_below(folder: &Path, settings: &Settings) -> Result<(Films, Exit), Failure> {
    let (roots, policy) = ([folder.to_owned()], settings.policy.clone());
    let ignored = settings.ignored_folders.clone();
    let walk = move || films(&roots, &Rules::to_look(&policy, &ignored));
    let found = tokio::task::spawn_blocking(walk).await.map_err(|error| {
        Failure::new(Exit::Failed, format!("failed to walk {}: {error}", display(folder)))
    })?;
    let exit = if found.unreadable.is_empty() { Exit::Done } else { Exit::Failed };
    for (path, reason) in &found.unreadable {
        note(&format!("warning: {} can't be read and is passed over: {reason}", display(path)));
    }
    Ok((found, exit))
}

/// Probes several films at once, and returns them in the order in which they were added.
pub(super) struct Looking {
    running: JoinSet<(usize, Result<Probed, Failure>)>,
    done: BTreeMap<usize, Result<Probed, Failure>>,
    next: usize,
}

impl Looking {
    pub(super) fn start(films: Vec<Film>, basis: Basis, policies: Vec<Config>) -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        let permits = Arc::new(Semaphore::new(at_once));
        let (basis, policies) = (Arc::new(basis), Arc::new(policies));
        let mut running = JoinSet::new();
        for (position, film) in films.into_iter().enumerate() {
            let (permits, basis, policies) = (permits.clone(), basis.clone(), policies.clone());
            running.spawn(async move {
                let _permit = permits.acquire().await;
                let policies: Vec<&Config> = policies.iter().collect();
                (position, Probed::at(film, &basis, &policies).await)
            });
        }
        Self { running, done: BTreeMap::new(), next: 0 }
    }

    pub(super) async fn next(&mut self) -> Option<Result<Probed, Failure>> {
        loop {
            if let Some(looked) = self.done.remove(&self.next) {
                self.next += 1;
                return Some(looked);
            }
            match self.running.join_next().await {
                Some(Ok((position, looked))) => {
                    self.done.insert(position, looked);
                }
                Some(Err(error)) => {
                    return Some(Err(Failure::new(Exit::Failed, format!("a probe went wrong: {error}"))));
                }
                // A task has failed, so that the next number in the order never comes; the remaining results are
                // returned all the same.
                None => return self.done.pop_first().map(|(_, looked)| looked),
            }
        }
    }
}

/// A row of the table.
struct Row;

impl Row {
    fn header() -> String {
        Self::line("VERDICT", "SETTINGS OR REASON", "CLASS", "SIZE", "FILM")
    }

    fn of(planned: &Planned, folder: &Path) -> String {
        // The walk returns real paths, so that the folder's real path has to be stripped from them.
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let path: PathBuf = planned.path.strip_prefix(&real).unwrap_or(&planned.path).to_owned();
        let size = Bytes(planned.size).to_string();
        let film = match &planned.verdict {
            Verdict::Encode(plan) => {
                let of_crf = |topic| matches!(topic, Topic::Crf | Topic::Qp);
                let why = plan.decisions.iter().find(|decision| of_crf(decision.topic));
                let why = why.map_or(String::new(), |decision| format!("  ({})", decision.reason));
                format!("{}{why}", display(&path))
            }
            Verdict::Skip(skip) => format!("{}  ({})", display(&path), skip.reason),
        };
        let (verdict, class) = match &planned.verdict {
            Verdict::Encode(plan) => ("encode", plan.source_class.class.name()),
            Verdict::Skip(_) => ("skip", ""),
        };
        Self::line(verdict, &planned.summary(), class, &size, &film)
    }

    fn line(verdict: &str, settings: &str, class: &str, size: &str, film: &str) -> String {
        format!("{verdict:7}  {settings:30}  {class:9}  {size:>10}  {film}")
    }
}

/// The totals of a library.
#[derive(Debug, Default)]
struct Summary {
    encode: usize,
    bytes: u64,
    skipped: BTreeMap<&'static str, usize>,
    failed: usize,
    passed_over: PassedOver,
}

impl Summary {
    fn add(&mut self, planned: &Planned) {
        match &planned.verdict {
            Verdict::Encode(_) => {
                self.encode += 1;
                self.bytes = self.bytes.saturating_add(planned.size);
            }
            Verdict::Skip(skip) => *self.skipped.entry(skip.reason.code()).or_default() += 1,
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to encode ({})", self.encode, Bytes(self.bytes))?;
        write!(f, ", {} to skip", self.skipped.values().sum::<usize>())?;
        let reasons: Vec<String> =
            self.skipped.iter().map(|(code, count)| format!("{count} {code}")).collect();
        if !reasons.is_empty() {
            write!(f, " ({})", reasons.join(", "))?;
        }
        if self.failed > 0 {
            write!(f, ", {} that can't be probed", self.failed)?;
        }
        self.passed_over.words().map_or(Ok(()), |words| write!(f, "; {words}"))
    }
}
