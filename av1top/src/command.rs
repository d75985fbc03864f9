//! A job's command as a line for a shell.

use crate::message::JobFile;

/// The command of the job's plan, quoted so that a POSIX shell splits it back into the same arguments; or why there is none
/// that could be pasted. It is made from the plan: the words that the job's file shows of it may be anybody's.
pub(crate) fn line(file: &JobFile) -> Result<String, String> {
    let document = file.plan.as_ref().map_err(|error| format!("its plan can't be read here: {error}"))?;
    let command = document.command().map_err(|error| format!("its plan can't be read here: {error}"))?;
    let (Some(words), Some(encode)) = (command, &document.encode) else {
        return Err("this job has no command".into());
    };
    // A pasted escape sequence would be obeyed before any quote is; and what isn't UTF-8 is lost on a clipboard.
    let paths = [&file.job.path.path_hex, &document.source.path.path_hex, &encode.output_hex];
    let exact = paths.into_iter().all(Option::is_none);
    if !exact || words.iter().any(|word| word.contains(char::is_control)) {
        return Err("the name can't be pasted safely: use `av1cli plan FILE | sh`".into());
    }
    shlex::try_join(words.iter().map(String::as_str)).map_err(|error| error.to_string())
}
