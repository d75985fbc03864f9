//! Formats a job's command as a line for a shell.

use crate::message::JobFile;

/// Returns the command of the job's plan, quoted so that a POSIX shell splits it back into the same arguments; or the
/// reason why there is no command that can safely be pasted. The command is generated from the plan, because the
/// command words in the job file can't be trusted.
pub(crate) fn line(file: &JobFile) -> Result<String, String> {
    let document = file.plan.as_ref().map_err(|error| format!("its plan can't be read here: {error}"))?;
    let command = document.command().map_err(|error| format!("its plan can't be read here: {error}"))?;
    let (Some(words), Some(encode)) = (command, &document.encode) else {
        return Err("this job has no command".into());
    };
    // A terminal would obey a pasted escape sequence before the shell sees the quotes, and a clipboard loses text that
    // isn't UTF-8.
    let paths = [&file.job.path.path_hex, &document.source.path.path_hex, &encode.output_hex];
    let exact = paths.into_iter().all(Option::is_none);
    if !exact || words.iter().any(|word| word.contains(char::is_control)) {
        return Err("the name can't be pasted safely: use `av1cli plan FILE | sh`".into());
    }
    shlex::try_join(words.iter().map(String::as_str)).map_err(|error| error.to_string())
}
