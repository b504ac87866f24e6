//! Who a process is: on which machine, of which user.

use std::path::Path;

use crate::regular_file;

/// A process among those of several machines and users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name of its machine.
    pub host: String,
    /// The name of its user, or `uid` and the number where the machine lists no name.
    pub user: String,
    /// Its number on the machine.
    pub process: u32,
}

impl Identity {
    /// This process, as far as the kernel says it.
    pub(super) fn of_this_process() -> Self {
        let text = |path: &str| regular_file::read_whole_text(Path::new(path)).unwrap_or_default();
        let host = text("/proc/sys/kernel/hostname").trim().to_owned();
        let uid = status_line(&text("/proc/self/status"), "Uid:")
            .and_then(|ids| ids.split_whitespace().nth(1)?.parse().ok());
        let user = uid.map(|uid: u32| {
            name_of(uid, &text("/etc/passwd")).unwrap_or_else(|| format!("uid {uid}"))
        });
        Self {
            host,
            user: user.unwrap_or_default(),
            process: std::process::id(),
        }
    }
}

/// The rights that new files of this process lack, as `umask` prints them.
pub(super) fn umask() -> u32 {
    let status = regular_file::read_whole_text(Path::new("/proc/self/status")).unwrap_or_default();
    let umask = status_line(&status, "Umask:").and_then(|umask| u32::from_str_radix(umask, 8).ok());
    umask.unwrap_or(0o022)
}

/// What `/proc/self/status` has after a name.
fn status_line<'t>(status: &'t str, name: &str) -> Option<&'t str> {
    let mut lines = status.lines();
    lines.find_map(|line| Some(line.strip_prefix(name)?.trim()))
}

/// The name of a user in a table such as `/etc/passwd`.
fn name_of(uid: u32, table: &str) -> Option<String> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names_where_the_machine_lists_them() {
        let table = "root:x:0:0:root:/root:/bin/sh\nanna:x:1001:1001::/home/anna:/bin/sh\nodd\n";
        assert_eq!(name_of(1001, table).as_deref(), Some("anna"));
        assert_eq!(name_of(7, table), None);
        let own = Identity::of_this_process();
        assert_eq!(own.process, std::process::id());
        assert!(!own.host.is_empty() && !own.user.is_empty(), "{own:?}");
    }

    #[test]
    fn the_kernel_says_which_rights_files_lack() {
        let status = "Name:\tpipe\nUmask:\t0027\nUid:\t1001\t1002\t1001\t1001\n";
        assert_eq!(status_line(status, "Umask:"), Some("0027"));
        assert_eq!(status_line(status, "Gid:"), None);
        assert!(umask() <= 0o777);
    }
}
