//! Whether the user has asked to stop, for what reads whole files of any length.

use std::fmt;
use std::sync::{Arc, OnceLock};

type Asked = Box<dyn Fn() -> bool + Send + Sync>;

/// Asks whether reading should end; all copies ask the same. It never ends unless somebody is asked.
#[derive(Clone, Default)]
pub struct Interruption(Arc<OnceLock<Asked>>);

impl Interruption {
    /// Has reading end once `asked` says so; the first who is given counts.
    pub fn heed(&self, asked: impl Fn() -> bool + Send + Sync + 'static) {
        // One process is stopped by one user.
        let _ = self.0.set(Box::new(asked));
    }

    /// True once the user has asked to stop.
    pub fn asked(&self) -> bool {
        self.0.get().is_some_and(|asked| asked())
    }
}

impl fmt::Debug for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interruption({})", self.asked())
    }
}
