//! Standard output and standard error: what is written there, and how wide it may be.

use std::io::Write;
use std::path::Path;

use super::error::CliError;
use super::visible::visible;

/// Writes a line to standard error; a terminal that was closed, or a full disk, must not keep the rest from being done.
pub fn print_error(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", visible(line));
}

/// Writes to standard output; a reader that went away is not an error.
pub fn print(text: &str) -> Result<(), CliError> {
    match std::io::stdout().lock().write_all(visible(text).as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(reason) => Err(CliError::Output {
            what: "to standard output".into(),
            reason,
        }),
        Ok(()) => Ok(()),
    }
}

/// Columns of the terminal; 100 where there is none.
pub fn console_width() -> usize {
    match rustix::termios::tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => 100,
    }
}

/// A path as people read it: no line breaks or other control characters.
pub fn shown(path: impl AsRef<Path>) -> String {
    let text = path.as_ref().to_string_lossy();
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
