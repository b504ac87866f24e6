//! The file systems of the cache, of results and of temporary files: locks, clock and free space.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock, statvfs};
use rustix::io::Errno;

use pipe_engine::cache::LockReach;
use pipe_foundation::system::RealSystem;
use pipe_stages::byte_size::bytes_text;

use super::Check;

/// A disk with less room is about to be full.
const LITTLE_ROOM_BYTES: u64 = 1_000_000_000;
/// A file system with room for fewer files is about to be full.
const FEW_FILES: u64 = 10_000;
/// Clocks that differ by less mean nothing.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

pub fn checks(cache: &Path, runs: &Path) -> Vec<Check> {
    let folder = existing(cache);
    let mut checks = Vec::new();
    match tempfile::NamedTempFile::new_in(&folder) {
        Ok(file) => {
            checks.push(locks(file.as_file(), file.path()));
            checks.push(other_hosts(cache, &folder));
            checks.push(clock(file.as_file()));
        }
        Err(error) => checks.push(Check::warning(
            "locks and clock",
            format!("cannot be tried in {}: {error}", folder.display()),
            "make the folder writable, or choose another cache with --cache",
        )),
    }
    checks.push(results(runs));
    let temporary = std::env::temp_dir();
    for (name, folder) in [
        ("room for the cache", &folder),
        ("room for results", &existing(runs)),
        ("room for temporary files", &temporary),
    ] {
        checks.push(room(name, folder));
    }
    checks
}

/// Whether results can be put where people look for them.
fn results(runs: &Path) -> Check {
    const NAME: &str = "folder of results";
    let advice = "runs that compute something have no place for it, and end with 1 where the cache cannot be written either; make it writable, or choose another with --runs";
    if runs.symlink_metadata().is_ok() && !runs.is_dir() {
        let found = format!("{} is not a folder", runs.display());
        return Check::bad(NAME, found, "remove it, or choose another with --runs");
    }
    let folder = existing(runs);
    match tempfile::NamedTempFile::new_in(&folder) {
        Ok(_) => Check::good(NAME, "it can be written"),
        Err(error) => {
            let found = format!("nothing can be written in {}: {error}", folder.display());
            Check::warning(NAME, found, advice)
        }
    }
}

/// The folder itself, or the nearest one above it that exists.
fn existing(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let found = absolute.ancestors().find(|folder| folder.is_dir());
    found.unwrap_or(Path::new("/")).to_path_buf()
}

/// Whether a second lock on a file is refused as long as there is a first.
fn locks(first: &File, path: &Path) -> Check {
    let advice = "two runs at once may compute the same step twice; put the cache on a local disk with --cache";
    let second = OpenOptions::new().write(true).open(path);
    let tried = flock(first, FlockOperation::NonBlockingLockExclusive).and_then(|()| {
        let second = second.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        Ok(flock(&second, FlockOperation::NonBlockingLockExclusive))
    });
    match tried {
        Ok(Err(Errno::WOULDBLOCK)) => Check::good("locks", "flock works"),
        Ok(_) => Check::warning("locks", "flock grants one lock twice", advice),
        Err(error) => Check::warning("locks", format!("flock fails: {error}"), advice),
    }
}

/// Whether locks on the file system of a cache keep other hosts out too, or what stands in for them.
fn other_hosts(cache: &Path, folder: &Path) -> Check {
    const NAME: &str = "locks of other hosts";
    if cache.join("LEASES").is_file() {
        let found =
            "the cache keeps leases, since locks of its file system do not reach other hosts";
        return Check::good(NAME, found);
    }
    match LockReach::of(&RealSystem, folder) {
        LockReach::ThisHost => Check::good(NAME, "the file system is this machine's own"),
        LockReach::AllHosts { file_system } => {
            Check::good(NAME, format!("{file_system} shares them"))
        }
        LockReach::EachHostAlone {
            file_system,
            reason,
        } => Check::warning(
            NAME,
            format!("{file_system} does not share them: {reason}"),
            "the next run makes the cache keep leases instead; docs/shared-cache.md",
        ),
        LockReach::Unknown { file_system } => Check::warning(
            NAME,
            format!("{file_system} does not say whether it shares them"),
            "where several hosts use the cache, make a file LEASES in it: docs/shared-cache.md",
        ),
    }
}

/// Whether the file system dates files as this machine does.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is what is looked at here"
)]
fn clock(file: &File) -> Check {
    let dated = file.metadata().and_then(|metadata| metadata.modified());
    let Ok(dated) = dated else {
        let advice = "files are read again by every run; put the cache on another file system";
        return Check::warning("clock", "the file system does not date files", advice);
    };
    compare(dated, SystemTime::now())
}

fn compare(dated: SystemTime, now: SystemTime) -> Check {
    let (apart, which) = match dated.duration_since(now) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if apart <= CLOCK_TOLERANCE {
        return Check::good("clock", "files are dated as this machine counts");
    }
    let found = format!(
        "the file system is {} s {which} this machine",
        apart.as_secs()
    );
    let advice = "set both clocks by NTP; until then an edit within that time may go unnoticed, and --rehash reads every file again";
    Check::warning("clock", found, advice)
}

fn room(name: &'static str, folder: &Path) -> Check {
    let place = folder.display();
    let found = match statvfs(folder) {
        Ok(found) => found,
        Err(error) => {
            let advice = "check that the folder exists and can be read";
            return Check::warning(name, format!("{place}: {error}"), advice);
        }
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    // Some file systems do not count files.
    let files = (found.f_files > 0).then_some(found.f_favail);
    judge(name, &place.to_string(), free, files)
}

fn judge(name: &'static str, place: &str, free: u64, files: Option<u64>) -> Check {
    let text = format!("{} free in {place}", bytes_text(free));
    if free < LITTLE_ROOM_BYTES {
        let advice = "free some, or see `pipe cache du` and `pipe cache gc --max-size`";
        return Check::warning(name, text, advice);
    }
    match files.filter(|files| *files < FEW_FILES) {
        Some(files) => Check::warning(
            name,
            format!("{text}, but only {files} more files fit"),
            "remove files that nobody needs",
        ),
        None => Check::good(name, text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn locks_and_clocks_work_where_tests_run() {
        let folder = tempfile::tempdir().unwrap();
        let checks = checks(&folder.path().join("not/there"), folder.path());
        for check in &checks[..3] {
            assert_eq!(check.state, State::Good, "{check:?}");
        }
    }

    #[test]
    fn clocks_that_differ_are_a_warning_with_the_direction() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let check = |ahead_s: i64| {
            let apart = Duration::from_secs(ahead_s.unsigned_abs());
            let dated = if ahead_s < 0 {
                now - apart
            } else {
                now + apart
            };
            compare(dated, now)
        };
        assert_eq!(check(1).state, State::Good);
        assert_eq!(check(-2).state, State::Good);
        assert!(check(90).found.contains("90 s ahead of this machine"));
        assert!(check(-90).found.contains("90 s behind this machine"));
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_a_warning() {
        assert_eq!(
            judge("room", "/", 1 << 40, Some(1 << 20)).state,
            State::Good
        );
        assert_eq!(judge("room", "/", 1 << 40, None).state, State::Good);
        assert_eq!(judge("room", "/", 1 << 20, None).state, State::Warning);
        let few = judge("room", "/", 1 << 40, Some(7));
        assert!(few.found.ends_with("but only 7 more files fit"), "{few:?}");
    }
}
