//! Limits on what is read and made, which users raise by name on the command line.

/// A limit with the name that users know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What `--limit` calls it.
    pub name: &'static str,
    /// The most that is accepted.
    pub most: u64,
}

impl Limit {
    /// How the limit is raised to `needed`, for messages.
    pub fn advice(&self, needed: u64) -> String {
        format!("`--limit {}={needed}` raises this limit", self.name)
    }

    /// As [`Limit::advice`], where it is not known how much would be enough.
    pub fn advice_to_try(&self) -> String {
        self.advice(self.most.saturating_mul(2))
    }
}
