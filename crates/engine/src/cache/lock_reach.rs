//! How far locks of a file system reach: to other hosts, or only to processes of this one.

use std::path::Path;

use pipe_foundation::system::System;

/// Where the kernel lists what is mounted for this process.
const MOUNTS: &str = "/proc/self/mountinfo";

/// How far `flock` reaches on a file system, as far as its type and options say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockReach {
    /// It is one of this machine, which no other host sees.
    ThisHost,
    /// Hosts share it, and their locks meet.
    AllHosts {
        /// The type of the file system, such as `nfs4`.
        file_system: String,
    },
    /// Hosts share it, and each of them only knows its own locks.
    EachHostAlone {
        /// The type of the file system.
        file_system: String,
        /// Why, for a person.
        reason: String,
    },
    /// Hosts may share it, and its type does not say how far locks reach.
    Unknown {
        /// The type of the file system.
        file_system: String,
    },
}

impl LockReach {
    /// That of the file system that a folder is on.
    pub fn of(system: &dyn System, folder: &Path) -> Self {
        let folder = system.canonical(folder);
        let mounts = system.read(Path::new(MOUNTS));
        let (Ok(folder), Ok(mounts)) = (folder, mounts) else {
            return Self::ThisHost;
        };
        Self::in_mounts(&String::from_utf8_lossy(&mounts), &folder)
    }

    fn in_mounts(mounts: &str, folder: &Path) -> Self {
        let mut best: Option<(usize, &str, String)> = None;
        for line in mounts.lines() {
            let Some((place, file_system, options)) = fields(line) else {
                continue;
            };
            let depth = place.len();
            // Of several in one place the last one is on top.
            if folder.starts_with(&place) && best.as_ref().is_none_or(|(known, ..)| *known <= depth)
            {
                best = Some((depth, file_system, options));
            }
        }
        match best {
            Some((_, file_system, options)) => Self::by_type(file_system, &options),
            None => Self::ThisHost,
        }
    }

    /// By the type of a file system and its options, of the mount and of the file system, separated by commas.
    fn by_type(file_system: &str, options: &str) -> Self {
        let has = |wanted: &[&str]| {
            let mut options = options.split(',');
            options
                .find(|option| wanted.contains(option))
                .map(str::to_owned)
        };
        let all = || Self::AllHosts {
            file_system: file_system.to_owned(),
        };
        let alone = |reason: String| Self::EachHostAlone {
            file_system: file_system.to_owned(),
            reason,
        };
        let by_option = |option: Option<String>, other: Self| match option {
            Some(option) => alone(format!("it is mounted with `{option}`")),
            None => other,
        };
        match file_system {
            "nfs" | "nfs4" => {
                let local = ["nolock", "local_lock=flock", "local_lock=all"];
                by_option(has(&local), all())
            }
            "lustre" => by_option(has(&["localflock"]), all()),
            "cifs" | "smb3" => by_option(has(&["nobrl", "nolock"]), all()),
            "afs" => by_option(has(&["flock=local"]), all()),
            "ceph" | "gpfs" | "gfs2" | "ocfs2" => all(),
            "beegfs" => alone(
                "BeeGFS keeps them on the client unless its configuration has `tuneUseGlobalFileLocks = true`".into(),
            ),
            name if name.starts_with("fuse") || ["9p", "virtiofs", "vboxsf"].contains(&name) => {
                Self::Unknown {
                    file_system: name.to_owned(),
                }
            }
            _ => Self::ThisHost,
        }
    }
}

/// Where something is mounted, its type, and its options.
fn fields(line: &str) -> Option<(String, &str, String)> {
    // `36 35 98:0 /root /place rw,noatime master:1 - ext4 /dev/root rw,errors=continue`
    let (mount, file_system) = line.split_once(" - ")?;
    let mut mount = mount.split(' ');
    let place = unescaped(mount.nth(4)?);
    let own = mount.next()?;
    let mut of_type = file_system.split(' ');
    let kind = of_type.next()?;
    let shared = of_type.nth(1).unwrap_or_default();
    Some((place, kind, format!("{own},{shared}")))
}

/// A path as the kernel writes it, in which a space is `\040`.
fn unescaped(text: &str) -> String {
    let codes = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    let replaced = |text: String, (code, plain): (&str, &str)| text.replace(code, plain);
    codes.into_iter().fold(text.to_owned(), replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_above_a_folder_counts_and_of_two_in_one_place_the_last() {
        let mounts = "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n\
            30 21 0:40 / /shared rw - nfs4 server:/export rw,vers=4.2,local_lock=none\n\
            31 30 0:41 / /shared/old\\040files rw - nfs server:/old rw,vers=3,nolock,local_lock=all\n\
            32 21 0:42 / /over rw - ext4 /dev/sdb rw\n33 32 0:43 / /over rw - lustre mgs:/fs rw,flock\n\
            damaged\n";
        let reach = |folder: &str| LockReach::in_mounts(mounts, Path::new(folder));
        assert_eq!(reach("/home/cache"), LockReach::ThisHost);
        let nfs = LockReach::AllHosts {
            file_system: "nfs4".into(),
        };
        assert_eq!(reach("/shared/group/cache"), nfs);
        assert_eq!(reach("/sharedother"), LockReach::ThisHost);
        let told = format!("{:?}", reach("/shared/old files/cache"));
        assert!(
            told.contains("EachHostAlone") && told.contains("`nolock`"),
            "{told}"
        );
        let told = format!("{:?}", reach("/over/cache"));
        assert!(
            told.contains("AllHosts") && told.contains("lustre"),
            "{told}"
        );
        assert_eq!(
            LockReach::in_mounts("", Path::new("/")),
            LockReach::ThisHost
        );
    }

    #[test]
    fn options_say_that_locks_stay_on_each_host() {
        for (file_system, options, is_alone) in [
            ("nfs", "rw,vers=3,local_lock=none", false),
            ("nfs", "rw,vers=3,local_lock=posix", false),
            ("nfs4", "rw,local_lock=flock", true),
            ("nfs4", "rw,local_lock=all", true),
            ("lustre", "rw,flock", false),
            ("lustre", "rw,localflock", true),
            ("cifs", "rw,nobrl", true),
            ("cifs", "rw", false),
            ("beegfs", "rw,cfgFile=/etc/beegfs/beegfs-client.conf", true),
            ("ceph", "rw", false),
        ] {
            let reach = LockReach::by_type(file_system, options);
            let found = matches!(reach, LockReach::EachHostAlone { .. });
            assert_eq!(found, is_alone, "{file_system} {options}: {reach:?}");
        }
        for unknown in ["fuse.sshfs", "9p", "virtiofs"] {
            let reach = LockReach::by_type(unknown, "rw");
            assert!(matches!(reach, LockReach::Unknown { .. }), "{unknown}");
        }
        for own in ["ext4", "xfs", "btrfs", "tmpfs", "overlay"] {
            assert_eq!(LockReach::by_type(own, "rw"), LockReach::ThisHost);
        }
    }
}
