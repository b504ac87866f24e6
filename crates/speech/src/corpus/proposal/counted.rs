//! Numbers with what they count, in words.

use pipe_foundation::grouped;

/// A number and what it counts.
pub(super) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{} {what}s", grouped(count as u64)),
    }
}
