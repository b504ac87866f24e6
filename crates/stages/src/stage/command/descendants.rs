//! The living descendants of this process, as `/proc` lists them.

use std::collections::HashMap;

use pipe_foundation::regular_file;
use rustix::process::{Pid, getpid};

/// A process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: Pid,
    /// The number of its process group.
    pub group: i32,
    /// Its name, cut by the kernel to 15 bytes.
    pub name: String,
}

/// All processes that have not ended, each with the number of its parent.
pub fn processes() -> impl Iterator<Item = (i32, Process)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let is_process = entry.file_name().as_encoded_bytes()[0].is_ascii_digit();
        let stat = is_process.then(|| regular_file::read_whole_text(&entry.path().join("stat")));
        parse(&stat?.ok()?)
    })
}

/// All descendants that have not ended. What moves to a session of its own stays a descendant, since this process is
/// the one that orphans below it are given to.
pub fn descendants() -> Vec<Process> {
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for (parent, process) in processes() {
        children.entry(parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut parents = vec![getpid().as_raw_pid()];
    while let Some(parent) = parents.pop() {
        for process in children.remove(&parent).unwrap_or_default() {
            parents.push(process.pid.as_raw_pid());
            found.push(process);
        }
    }
    found
}

/// The parent's number and the process, of a line of `/proc/<pid>/stat`; none for one that has ended.
fn parse(stat: &str) -> Option<(i32, Process)> {
    // The name is in parentheses and may contain any character.
    let (pid, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let pid = Pid::from_raw(pid.parse().ok()?)?;
    let name = name.to_owned();
    (!["Z", "X"].contains(&state)).then_some((parent, Process { pid, group, name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_is_read_whole() {
        let (parent, process) = parse("42 (a (b) c) S 7 40 40 0 -1").unwrap();
        assert_eq!((parent, process.group), (7, 40));
        assert_eq!(process.pid.as_raw_pid(), 42);
        assert_eq!(process.name, "a (b) c");
        assert!(parse("42 (ended) Z 7 40 40 0 -1").is_none());
        assert!(parse("nonsense").is_none());
    }

    #[test]
    fn a_child_is_found() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let number = child.id() as i32;
        let is_child = |process: &Process| process.pid.as_raw_pid() == number;
        assert!(descendants().iter().any(is_child));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!descendants().iter().any(is_child));
    }
}
