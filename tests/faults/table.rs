//! The table: one row per fault, with its runs and violations.

use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// How many cases of a row run at the same time.
const AT_ONCE: usize = 2;

/// How much of each row is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// A representative part, which takes at most two minutes.
    Representative,
    /// Every call of each system call.
    All,
}

impl Effort {
    fn asked() -> Self {
        if std::env::var_os("AV1D_FAULTS").is_some_and(|value| value == "all") {
            Self::All
        } else {
            Self::Representative
        }
    }

    /// All of `cases`, or `few` of them, spread evenly from the first to the last.
    pub(crate) fn of<T>(self, cases: Vec<T>, few: usize) -> Vec<T> {
        if self == Self::All || cases.len() <= few {
            return cases;
        }
        let last = cases.len() - 1;
        let wanted: Vec<usize> = (0..few).map(|part| part * last / (few - 1).max(1)).collect();
        let numbered = cases.into_iter().enumerate();
        numbered.filter(|(number, _)| wanted.contains(number)).map(|(_, case)| case).collect()
    }
}

/// A sentence that says what went wrong, or why a case couldn't be run.
pub(crate) type Violation = String;

/// One run of the program under one fault.
pub(crate) struct Case {
    /// What the case does, for the text of a violation.
    pub(crate) what: String,
    /// Runs the case, and returns what was wrong.
    pub(crate) run: Box<dyn Fn() -> Vec<Violation> + Send + Sync>,
}

impl Case {
    pub(crate) fn new(
        what: impl Into<String>,
        run: impl Fn() -> Vec<Violation> + Send + Sync + 'static,
    ) -> Self {
        Self { what: what.into(), run: Box::new(run) }
    }
}

/// The cases of a row, or why they can't be run here.
pub(crate) type Cases = Result<Vec<Case>, String>;

/// A fault and its cases.
pub(crate) struct Row {
    /// What goes wrong.
    pub(crate) fault: String,
    /// Makes the cases.
    pub(crate) cases: Box<dyn Fn(Effort) -> Cases>,
}

impl Row {
    pub(crate) fn new(fault: impl Into<String>, cases: impl Fn(Effort) -> Cases + 'static) -> Self {
        Self { fault: fault.into(), cases: Box::new(cases) }
    }
}

/// Runs the rows whose name contains one of the wanted words (all rows if there are none), and prints the table.
pub(crate) fn run(rows: Vec<Row>, wanted: &[&str]) -> ExitCode {
    // A case that panics is reported as a violation with the panic's message, so the default output is turned off.
    std::panic::set_hook(Box::new(|_| {}));
    let effort = Effort::asked();
    let (mut runs, mut violations) = (0, 0);
    println!("{:<64} {:>5} {:>10} {:>6}", "fault", "runs", "violations", "s");
    for row in rows {
        if !wanted.is_empty() && !wanted.iter().any(|word| row.fault.contains(word)) {
            continue;
        }
        let start = Instant::now();
        let cases = match catch_unwind(AssertUnwindSafe(|| (row.cases)(effort))) {
            Ok(Ok(cases)) => cases,
            Ok(Err(why)) => {
                println!("{:<64} {:>5} {:>10}", row.fault, "-", "skipped");
                println!("    {why}");
                // In CI, everything that these rows need can be installed, so a skipped row counts as a violation.
                // Otherwise a skipped row would look like a passed one.
                violations += usize::from(is_ci());
                continue;
            }
            Err(panic) => vec![broken(words(panic.as_ref()))],
        };
        let found = run_cases(&cases);
        let seconds = start.elapsed().as_secs();
        if cases.is_empty() {
            println!("{:<64} {:>5}    (the program never calls it)", row.fault, 0);
            continue;
        }
        println!("{:<64} {:>5} {:>10} {seconds:>6}", row.fault, cases.len(), found.len());
        for sentence in &found {
            println!("    {}", sentence.replace('\n', "\n    "));
        }
        drop(std::io::stdout().flush());
        runs += cases.len();
        violations += found.len();
    }
    println!("{:<64} {runs:>5} {violations:>10}", "all");
    ExitCode::from(u8::from(violations > 0))
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

fn broken(words: String) -> Case {
    Case::new("setting the row up", move || vec![words.clone()])
}

fn run_cases(cases: &[Case]) -> Vec<Violation> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = catch_unwind(AssertUnwindSafe(|| (case.run)()));
                    let violations = result.unwrap_or_else(|panic| vec![words(panic.as_ref())]);
                    if !violations.is_empty() {
                        let told = format!("{}: {}", case.what, violations.join("\n  "));
                        found.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

/// The message of a panic.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the case itself broke: {}", text.unwrap_or("without a word"))
}
