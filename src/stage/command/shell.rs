//! The shell for a command's line: one in which a pipe fails when any of its programs does.

use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The variable that names a file which `bash` reads before every line.
pub const STARTUP_FILE: &str = "BASH_ENV";

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
        let name = if knows_pipefail("bash") { "bash" } else { "sh" };
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

fn knows_pipefail(shell: &str) -> bool {
    let tried = Command::new(shell)
        .args(["-o", "pipefail", "-c", ":"])
        .env_remove(STARTUP_FILE)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}
