//! How large values may become when variables are filled in: a variable that holds another ten times, and so on, soon
//! fills any memory.

use std::cell::{Cell, RefCell};

use pipe_foundation::Limit;

use crate::source::Place;

use super::limits::{Exceeded, Limits, reached};

/// What may still be made; once it is exceeded, nothing more is.
#[derive(Debug)]
pub struct Budget {
    value: Limit,
    all: Limit,
    /// Bytes of all values so far.
    spent: Cell<u64>,
    exceeded: RefCell<Option<Exceeded>>,
}

impl Budget {
    /// As much as `limits` allow.
    pub fn new(limits: &Limits) -> Self {
        Self {
            value: limits.value_bytes,
            all: limits.expanded_bytes,
            spent: Cell::new(0),
            exceeded: RefCell::default(),
        }
    }

    /// Takes note of `bytes` that are about to be added to a value of `before` bytes; false when that is too much. The
    /// value is at `place`.
    pub fn spend(&self, bytes: u64, before: u64, place: &Place) -> bool {
        if before.saturating_add(bytes) > self.value.most {
            return self.exceed(self.value, "this value is too large", place);
        }
        self.spend_in_all(bytes, place)
    }

    /// Takes note of `bytes` in many values, such as those of an axis; false when that is too much.
    pub fn spend_in_all(&self, bytes: u64, place: &Place) -> bool {
        let all = self.spent.get().saturating_add(bytes);
        self.spent.set(all);
        if all > self.all.most {
            return self.exceed(self.all, "the values of all steps are too large", place);
        }
        !self.is_exceeded()
    }

    /// Remembers the first limit that is exceeded.
    fn exceed(&self, limit: Limit, what: &str, place: &Place) -> bool {
        let mut exceeded = self.exceeded.borrow_mut();
        if exceeded.is_none() {
            let what = format!("with variables and axes filled in, {what}");
            *exceeded = Some(
                reached(limit, what)
                    .at(place, "too much from here on")
                    .into(),
            );
        }
        false
    }

    /// Whether too much was asked for.
    pub fn is_exceeded(&self) -> bool {
        self.exceeded.borrow().is_some()
    }

    /// An error once the budget is exceeded: what was made since is incomplete.
    ///
    /// # Errors
    /// What was too much.
    pub fn check(&self) -> Result<(), Exceeded> {
        match &*self.exceeded.borrow() {
            Some(told) => Err(told.clone()),
            None => Ok(()),
        }
    }
}
