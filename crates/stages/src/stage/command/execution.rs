//! One run of a command: its line filled in, its shell, and the report of how it ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use pipe_engine::artifact::FingerprintInputs;
use pipe_foundation::progress::Progress;
use tempfile::TempDir;

use crate::shell_words;

use super::messages::{Ended, Program};
use super::shell::{Shell, shell};
use super::{CommandError, CommandStage, Line, environment, placeholders, program, sandbox};

impl CommandStage {
    /// The shell of a line; none where a program is started without one.
    fn shell(&self) -> Option<Shell> {
        matches!(self.options.run, Line::Shell(_)).then(shell)
    }

    /// The shells differ in what they make of a line, so the key names it; that a failing pipe is noticed changes no
    /// result.
    pub fn add_shell(&self, fingerprint: &mut FingerprintInputs) {
        if let Some(shell) = self.shell() {
            fingerprint.add("shell", shell.name);
        }
    }

    /// The program with `{name}` replaced; its own variables come before those of what is `lent` to it, and these before
    /// the caller's.
    pub(super) fn program(
        &self,
        places: &BTreeMap<String, PathBuf>,
        lent: BTreeMap<String, String>,
    ) -> Program {
        let (name, arguments) = match &self.options.run {
            Line::Shell(line) => {
                let shell = shell();
                let line = placeholders::fill_shell(line, places);
                (shell.name.to_string(), shell.arguments(line))
            }
            Line::Program(parts) => {
                let mut parts = parts.iter().map(|part| placeholders::fill(part, places));
                (parts.next().unwrap_or_default(), parts.collect())
            }
        };
        Program {
            name,
            arguments,
            folder: self.folder.clone(),
            environment: [
                environment::passed(&self.options.inherit),
                lent,
                self.options.environment.clone(),
            ]
            .into_iter()
            .flatten()
            .collect(),
            timeout_s: self.options.timeout_s,
            is_worker: self.options.protocol.is_some(),
        }
    }

    /// Runs the program to its end, with variables of what is `lent` to it. In a sandbox it can write only in `writable`.
    pub fn execute(
        &self,
        places: &BTreeMap<String, PathBuf>,
        lent: BTreeMap<String, String>,
        writable: &Path,
        progress: &dyn Progress,
    ) -> Result<(), CommandError> {
        self.warn_of_shell(progress);
        let mut program = self.program(places, lent);
        let line = by_hand(&program);
        let temporary = match self.sandbox {
            true => Some(temporary_beside(writable)?),
            false => None,
        };
        if let Some(temporary) = &temporary {
            let needs_devices = self.options.devices.is_some();
            program = sandbox::wrapped(program, writable, temporary.path(), needs_devices);
        }
        let ended = program::run(&program, progress)?;
        self.warn_of_left_running(&ended, progress);
        if ended.code == Some(0) {
            return Ok(());
        }
        Err(CommandError::Failed {
            status: self.status(&ended),
            tail: ended.tail.trim_end().to_string(),
            line,
        })
    }

    /// Warns, once in a run, that failures within pipes are not noticed, where that is so.
    pub(super) fn warn_of_shell(&self, progress: &dyn Progress) {
        static WARNED: AtomicBool = AtomicBool::new(false);
        let unnoticed = self.shell().is_some_and(|shell| !shell.pipefail);
        if unnoticed && !WARNED.swap(true, Ordering::Relaxed) {
            progress.warn(
                "there is no `bash`, and `sh` has no `pipefail`: a failure of any program but the last in a pipe goes unnoticed",
            );
        }
    }

    /// Warns, once in a step, of programs that had to be terminated.
    pub(super) fn warn_of_left_running(&self, ended: &Ended, progress: &dyn Progress) {
        if !ended.left_running.is_empty() && !self.warned.swap(true, Ordering::Relaxed) {
            progress.warn(&format!(
                "the command left programs running, which were terminated: {}",
                ended.left_running.join(", ")
            ));
        }
    }

    /// How a program ended, in words.
    pub(super) fn status(&self, ended: &Ended) -> String {
        match (ended.code, ended.signal) {
            (Some(141), _) if self.shell().is_some() => {
                "exit code 141 (a program wrote into a pipe whose reader had ended)".into()
            }
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            _ => "no status".into(),
        }
    }
}

/// A folder for temporary files of a program, beside that of its outputs.
pub(super) fn temporary_beside(writable: &Path) -> Result<TempDir, CommandError> {
    let parent = writable.parent().unwrap_or(writable);
    tempfile::tempdir_in(parent).map_err(|reason| CommandError::Prepare {
        path: parent.to_path_buf(),
        reason,
    })
}

/// What to type to run the program again.
pub(super) fn by_hand(program: &Program) -> String {
    shell_words::line(std::iter::once(&program.name).chain(&program.arguments))
}
