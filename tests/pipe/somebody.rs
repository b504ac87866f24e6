//! Somebody who owns nothing, for what the superuser is exempt from: permissions and limits.

use std::fs::{Permissions, create_dir_all, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::workspace::{TRUST, Workspace};

/// The user and group called nobody.
const NOBODY: u32 = 65_534;

/// Runs programs in a workspace as somebody else, where the tests run as the superuser; else as who runs the tests.
pub struct Somebody<'a> {
    space: &'a Workspace,
}

/// Sets the permissions of all folders and files below `folder`.
pub fn permit(folder: &Path, folders: u32, files: u32) {
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        let mode = match entry.file_type() {
            kind if kind.is_dir() => folders,
            kind if kind.is_file() => files,
            _ => continue,
        };
        set_permissions(entry.path(), Permissions::from_mode(mode)).unwrap();
    }
}

impl<'a> Somebody<'a> {
    /// Lets everybody write in the workspace, and puts the binary there as `program`, where everybody can run it.
    pub fn new(space: &'a Workspace) -> Self {
        space.install(env!("CARGO_BIN_EXE_pipe").as_ref(), "program");
        create_dir_all(space.join("temporary")).unwrap();
        space.write(".configuration/pipe/trust.toml", TRUST);
        permit(space.path(), 0o777, 0o666);
        permit(&space.join("program"), 0o777, 0o777);
        Self { space }
    }

    /// A program, to be run in the workspace.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.space.path());
        command
            .env("NO_COLOR", "1")
            .env("XDG_CONFIG_HOME", self.space.join(".configuration"))
            .env("TMPDIR", self.space.join("temporary"));
        if rustix::process::getuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}
