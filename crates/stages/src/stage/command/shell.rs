//! The shell for a command's line: one in which a pipe fails when any of its programs does.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use super::environment::passed;

/// A shell.
#[derive(Clone, Copy, Debug)]
pub struct Shell {
    /// The program.
    pub name: &'static str,
    /// Whether it knows `pipefail`.
    pub pipefail: bool,
}

/// `bash`; where there is none, `sh`, with `pipefail` if it knows it.
pub fn shell() -> Shell {
    static SHELL: LazyLock<Shell> = LazyLock::new(|| {
        // By looking, not by starting it: a system that is short of processes or file descriptors must not change keys.
        let name = if is_on_path("bash") { "bash" } else { "sh" };
        Shell {
            name,
            pipefail: name == "bash" || knows_pipefail(name),
        }
    });
    *SHELL
}

impl Shell {
    /// The arguments with which it runs `line`.
    pub fn arguments(self, line: String) -> Vec<String> {
        let options = if self.pipefail {
            &["-o", "pipefail", "-c"][..]
        } else {
            &["-c"]
        };
        let mut arguments: Vec<String> = options.iter().map(ToString::to_string).collect();
        arguments.push(line);
        arguments
    }
}

fn is_on_path(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| {
        let metadata = std::fs::metadata(folder.join(program));
        metadata.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    })
}

fn knows_pipefail(shell: &str) -> bool {
    let tried = Command::new(shell)
        .args(["-o", "pipefail", "-c", ":"])
        .env_clear()
        .envs(passed(&[]))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}
