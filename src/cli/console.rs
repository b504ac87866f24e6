//! Standard output and standard error: what is written there, and how wide it may be.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Mutex;

use pipe_foundation::sync::lock;

use super::error::CliError;
use super::visible::visible;

/// Why something could not be written to standard error, the first time.
static NOT_SAID: Mutex<Option<std::io::Error>> = Mutex::new(None);

/// Writes a line to standard error; a terminal that was closed, or a full disk, must not keep the rest from being done.
pub fn print_error(line: &str) {
    match writeln!(std::io::stderr().lock(), "{}", visible(line)) {
        // Nobody reads it any more.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            lock(&NOT_SAID).get_or_insert(error);
        }
        Ok(()) => {}
    }
}

/// Says on standard output that standard error could not be written, where that is so; false where that cannot be said
/// either.
pub fn tell_not_said() -> bool {
    let reason = lock(&NOT_SAID).take();
    reason.is_none_or(|reason| {
        let told = format!("messages could not be written to standard error: {reason}\n");
        print_now(&told).is_ok()
    })
}

/// Writes text to standard output; a reader that went away is not an error.
///
/// # Errors
/// Where the rest could not be written, such as on a full disk.
pub fn print(text: &str) -> Result<(), CliError> {
    let written = print_now(text);
    written.map_err(CliError::standard_output)
}

/// As [`print`], with what the system said.
///
/// # Errors
/// As [`print`].
pub fn print_now(text: &str) -> std::io::Result<()> {
    let mut out = StandardOutput;
    let written = out.write_all(visible(text).as_bytes());
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Standard output, the one way to it. Whoever writes to it flushes it too, and tells what fails then: at the end of the
/// process nobody could.
#[derive(Debug)]
pub struct StandardOutput;

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::stdout().lock().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stdout().lock().flush()
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
