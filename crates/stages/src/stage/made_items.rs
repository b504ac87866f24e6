//! How many items the sources of a plan make up, counted before any is listed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pipe_engine::manifest::{Diagnostic, exceeded};
use pipe_foundation::{Limit, grouped};

/// A limit, and what was counted against it.
#[derive(Clone, Debug)]
pub struct MadeItems {
    limit: Limit,
    counted: Arc<AtomicU64>,
}

impl MadeItems {
    /// Nothing yet.
    pub fn within(limit: Limit) -> Self {
        Self {
            limit,
            counted: Arc::default(),
        }
    }

    /// Counts `more` items; the diagnostic of the first step that goes beyond the limit.
    pub fn add(&self, more: u64) -> Option<Diagnostic> {
        let before = self.counted.fetch_add(more, Ordering::Relaxed);
        let all = before.saturating_add(more);
        let is_first = before <= self.limit.most && all > self.limit.most;
        is_first.then(|| {
            let what = format!("sources make up {} items", grouped(all));
            exceeded(self.limit, what, all)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_that_goes_beyond_the_limit_is_reported_and_no_other() {
        let made = MadeItems::within(Limit {
            name: "made_items",
            most: 10,
        });
        assert!(made.add(10).is_none());
        let told = made.clone().add(2).unwrap();
        assert_eq!(
            told.to_string(),
            "sources make up 12 items; the limit `made_items` is 10"
        );
        assert!(made.add(5).is_none());
    }
}
