//! Programs in a sandbox of bubblewrap: they read what they are allowed to, write nothing but their outputs, and have no
//! network.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::messages::Program;

/// The program that makes sandboxes.
const BWRAP: &str = "bwrap";

/// What is in the home folder of somebody and should not be seen by programs: keys and tokens.
const SECRETS: [&str; 9] = [
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/gh",
    ".docker",
    ".gnupg",
    ".kube",
    ".netrc",
    ".ssh",
];

/// Why programs cannot be put into a sandbox here, as a lower-case fragment; none where they can.
pub fn why_not() -> Option<String> {
    let mut command = Command::new(BWRAP);
    command.args([
        "--ro-bind",
        "/",
        "/",
        "--unshare-all",
        "--die-with-parent",
        "true",
    ]);
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "bubblewrap cannot make one: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some("bubblewrap (`bwrap`) is not installed".into())
        }
        Err(error) => Some(format!("`{BWRAP}` cannot be started: {error}")),
    }
}

/// `program` in a sandbox: all files are read-only but those in `writable`, among them `temporary`. Devices are seen only
/// where it needs some. It has its own processes and no network, and ends with its supervisor.
pub fn wrapped(
    program: Program,
    writable: &Path,
    temporary: &Path,
    needs_devices: bool,
) -> Program {
    let mut arguments: Vec<String> = Vec::new();
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(ToString::to_string));
    add(&["--unshare-all", "--die-with-parent", "--new-session"]);
    add(&["--ro-bind", "/", "/", "--proc", "/proc"]);
    match needs_devices {
        true => add(&["--dev-bind", "/dev", "/dev"]),
        false => add(&["--dev", "/dev"]),
    }
    let home = program.environment.get("HOME").map(PathBuf::from);
    for secret in home
        .iter()
        .flat_map(|home| SECRETS.map(|name| home.join(name)))
    {
        let path = secret.to_string_lossy();
        match secret.symlink_metadata() {
            Ok(found) if found.is_dir() => add(&["--tmpfs", &path]),
            Ok(found) if found.is_file() => add(&["--ro-bind", "/dev/null", &path]),
            _ => {}
        }
    }
    for folder in [writable, temporary] {
        let path = folder.to_string_lossy();
        add(&["--bind", &path, &path]);
    }
    add(&["--", &program.name]);
    arguments.extend(program.arguments);
    let mut environment = program.environment;
    environment.insert("TMPDIR".into(), temporary.to_string_lossy().into_owned());
    Program {
        name: BWRAP.into(),
        arguments,
        environment,
        ..program
    }
}
