//! A job's command as a line for a shell.

use crate::message::JobFile;

/// The command that was planned, quoted so that a POSIX shell splits it back into the same arguments; or why there is none
/// that could be pasted.
pub(crate) fn line(file: &JobFile) -> Result<String, String> {
    let Some(encode) = file.encode() else { return Err("this job has no command".into()) };
    // A pasted escape sequence would be obeyed before any quote is; and what isn't UTF-8 is lost on a clipboard.
    let exact = file.job.path.path_hex.is_none() && encode.output_hex.is_none();
    if !exact || encode.argv.iter().any(|word| word.contains(char::is_control)) {
        return Err("the name can't be pasted safely: use `av1cli plan FILE | sh`".into());
    }
    shlex::try_join(encode.argv.iter().map(String::as_str)).map_err(|error| error.to_string())
}
