//! A copy of the project in a temporary folder, in which the commands of documents run one after another.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::workspace::configuration;

/// The copy, and where the next command runs.
pub struct Project {
    folder: tempfile::TempDir,
    /// Where the next command runs.
    pub at: PathBuf,
}

/// What a command did.
pub struct Outcome {
    /// Its exit code.
    pub code: Option<i32>,
    /// Standard output and standard error, as they came.
    pub printed: String,
}

impl Project {
    /// A copy of what a clone has that commands of the documents use.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("pipe");
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(&own.join("pipelines"), &root.join("pipelines"));
        for file in ["corpora.toml", "cache/README.md"] {
            copy(&own.join(file), &root.join(file));
        }
        // `pipe` is the binary under test, whatever is installed.
        let programs = folder.path().join("bin");
        fs::create_dir(&programs).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pipe"), programs.join("pipe")).unwrap();
        Self { at: root, folder }
    }

    /// The folder of the copy.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("pipe")
    }

    /// Goes to a folder beside the copy, which is made.
    pub fn go_beside(&mut self, name: &str) {
        self.at = self.folder.path().join(name);
        fs::create_dir_all(&self.at).unwrap();
    }

    /// Runs a command as it is typed, and remembers the folder that it leaves the shell in.
    pub fn run(&mut self, typed: &str) -> Outcome {
        let place = self.folder.path().join("place");
        let script = format!("{{\n{typed}\n}} 2>&1\ncode=$?\npwd > \"$PLACE\"\nexit $code\n");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.folder.path().join("bin")]
            .into_iter()
            .chain(std::env::split_paths(&path));
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(&self.at)
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("PLACE", &place)
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_CONFIG_HOME", self.configuration())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if let Ok(text) = fs::read_to_string(&place) {
            self.at = PathBuf::from(text.trim_end());
        }
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        // Names of temporary folders are nobody's business.
        let printed = printed.replace(&*self.folder.path().to_string_lossy(), "/home/you");
        Outcome {
            code: output.status.code(),
            printed,
        }
    }

    /// A configuration that trusts nothing, as that of a new user.
    fn configuration(&self) -> PathBuf {
        self.folder.path().join("configuration")
    }

    /// Runs the binary in the copy of the project, with all rights that a manifest may ask for.
    pub fn pipe(&self, arguments: &[&str]) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_pipe"))
            .args(arguments)
            .current_dir(self.root())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .env("XDG_CONFIG_HOME", configuration())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        Outcome {
            code: output.status.code(),
            printed,
        }
    }
}

/// Copies a file, or a folder with all files in it.
fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let below = entry.path().strip_prefix(from).unwrap();
        let target = if below.as_os_str().is_empty() {
            to.to_path_buf()
        } else {
            to.join(below)
        };
        if entry.file_type().is_file() {
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
