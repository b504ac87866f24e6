//! One pass over the items of a group of item-wise steps, on all threads.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use pipe_foundation::sync::into_inner;
use rayon::prelude::*;

use crate::artifact::Item;
use crate::cache::CacheError;
use crate::stage::Stage;

use super::batches::Batches;
use super::item_outcome::Outcome;
use super::pass_fault::PassFault;
use super::pass_state::PassState;
use super::walk::Walk;
use super::writer::ItemWriter;

/// What a pass found, per step and in no order.
pub struct Walked {
    /// Outcomes per step.
    pub outcomes: HashMap<usize, Vec<Outcome>>,
    /// Seconds of work per step, over all threads.
    pub busy_s: HashMap<usize, f64>,
    /// True when the user stopped it; what was done is kept.
    pub interrupted: bool,
    /// What ended it though no item is to blame, and the step that met it.
    pub fault: Option<(usize, PassFault)>,
    /// Steps that are past their limits, with the most items that each would have come to. Neither they nor what
    /// follows from them are complete.
    pub past_limit: HashMap<usize, usize>,
    /// True when no step is complete, since one is past its limit.
    pub ended_early: bool,
}

impl Walk<'_> {
    /// Takes every item of every source through the group.
    ///
    /// # Errors
    /// When the cache cannot be read or written; results so far are kept where that was possible.
    pub fn run(&self, sources: &[(usize, &[Item])]) -> Result<Walked, CacheError> {
        let shared = PassState {
            writer: ItemWriter::new(self.cache),
            failed: Mutex::new(None),
            fault: Mutex::new(None),
            interrupted: AtomicBool::new(false),
            stop: AtomicBool::new(self.limits.ends_pass()),
            damaged: AtomicUsize::new(0),
            batches: Batches::default(),
            busy_ns: self
                .prefixes
                .keys()
                .map(|&step| (step, AtomicU64::new(0)))
                .collect(),
        };
        let interrupted = || !self.dry && self.progress.interrupted();
        let total: u64 = sources.iter().map(|(_, items)| items.len() as u64).sum();
        let done = AtomicU64::new(0);
        let mut outcomes: HashMap<usize, Vec<Outcome>> = HashMap::new();
        for (step, items) in sources {
            let found: Vec<Vec<(usize, Outcome)>> = items
                .par_iter()
                // A thread whose item waits for others takes the next one, and not a row of them.
                .with_max_len(1)
                .map(|item| {
                    let mut out = Vec::new();
                    let at_work = self.width.enter();
                    if !shared.stop.load(Ordering::Relaxed) {
                        if interrupted() {
                            shared.interrupted.store(true, Ordering::Relaxed);
                            shared.stop.store(true, Ordering::Relaxed);
                        } else {
                            let within = at_work.is_within();
                            self.source_item(*step, item, within, &shared, &mut out);
                            self.count_bad(&out, &shared);
                        }
                    }
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if !self.dry && (done.is_multiple_of(16) || done == total) {
                        self.progress.advance(done, total);
                    }
                    out
                })
                .collect();
            for (step, outcome) in found.into_iter().flatten() {
                outcomes.entry(step).or_default().push(outcome);
            }
        }
        if !self.dry {
            for &step in self.prefixes.keys() {
                if let Stage::Items(stage) = &self.plan.steps[step].stage {
                    stage.finish(self.progress);
                }
            }
        }
        let failed = into_inner(shared.failed);
        let synced = shared.writer.finish();
        failed.map_or(Ok(()), Err)?;
        synced?;
        let damaged = shared.damaged.into_inner();
        if damaged > 0 {
            self.progress.damaged(damaged);
        }
        // A stage that stopped in the middle of an item has made no result and no failure of it.
        let interrupted = interrupted() || shared.interrupted.into_inner();
        let fault = into_inner(shared.fault);
        let busy_s = shared
            .busy_ns
            .into_iter()
            .map(|(step, ns)| (step, ns.into_inner() as f64 * 1e-9))
            .collect();
        Ok(Walked {
            outcomes,
            busy_s,
            interrupted,
            fault,
            past_limit: self.limits.past(),
            ended_early: self.limits.ends_pass(),
        })
    }

    /// Counts what became of one item against the limits.
    fn count_bad(&self, out: &[(usize, Outcome)], shared: &PassState) {
        for (step, outcome) in out {
            if matches!(outcome, Outcome::Bad { .. }) {
                self.limits.count(*step, 1);
            }
        }
        if self.limits.ends_pass() {
            shared.stop.store(true, Ordering::Relaxed);
        }
    }
}
