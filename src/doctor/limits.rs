//! What the system lets a process have (`ulimit`).

use rustix::process::{Resource, getrlimit};

use pipe_stages::byte_size::bytes_text;

use super::Check;

/// A limit below which runs may fail.
struct Limit {
    name: &'static str,
    resource: Resource,
    /// The letter of `ulimit`.
    letter: char,
    least: u64,
    /// Below that, runs fail.
    fails_below: u64,
    is_bytes: bool,
}

const LIMITS: [Limit; 4] = [
    Limit {
        name: "open files",
        resource: Resource::Nofile,
        letter: 'n',
        least: 256,
        fails_below: 16,
        is_bytes: false,
    },
    Limit {
        name: "processes and threads",
        resource: Resource::Nproc,
        letter: 'u',
        least: 256,
        fails_below: 8,
        is_bytes: false,
    },
    Limit {
        name: "address space",
        resource: Resource::As,
        letter: 'v',
        least: 4_000_000_000,
        fails_below: 200_000_000,
        is_bytes: true,
    },
    Limit {
        name: "size of files",
        resource: Resource::Fsize,
        letter: 'f',
        least: 4_000_000_000,
        fails_below: 10_000_000,
        is_bytes: true,
    },
];

pub fn checks() -> Vec<Check> {
    let check = |limit: &Limit| limit.check(getrlimit(limit.resource).current);
    LIMITS.iter().map(check).collect()
}

impl Limit {
    /// What the present limit means; without one there is none.
    fn check(&self, present: Option<u64>) -> Check {
        let Some(present) = present else {
            return Check::good(self.name, "not limited");
        };
        let found = match self.is_bytes {
            true => format!("limited to {}", bytes_text(present)),
            false => format!("limited to {present}"),
        };
        let advice = format!("raise it with `ulimit -{}`", self.letter);
        match present {
            present if present < self.fails_below => Check::bad(self.name, found, advice),
            present if present < self.least => Check::warning(self.name, found, advice),
            _ => Check::good(self.name, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn low_limits_are_warnings_that_name_the_option() {
        let files = &LIMITS[0];
        assert_eq!(files.check(None).state, State::Good);
        assert_eq!(files.check(Some(1024)).state, State::Good);
        let low = files.check(Some(64));
        assert_eq!(low.state, State::Warning);
        assert_eq!(low.found, "limited to 64");
        assert_eq!(low.advice.as_deref(), Some("raise it with `ulimit -n`"));
        assert_eq!(files.check(Some(8)).state, State::Bad);
    }
}
