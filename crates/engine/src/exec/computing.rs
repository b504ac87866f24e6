//! The work of a pass itself: a stage on the data of one item, or of several at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::artifact::{Bytes, ItemData};
use crate::stage::{Blame, ItemContext, ItemError, ItemStage, Resources, Stage};

use super::batches::{Made, Waiting, nothing_made};
use super::frame::{Frame, Source};
use super::internal_error::internal_error;
use super::memory_estimate::MemoryEstimate;
use super::observer::MemberProgress;
use super::pass_fault::PassFault;
use super::pass_state::PassState;
use super::walk::Walk;

impl Walk<'_> {
    /// Runs the stage of `frame` on the data of its parent.
    pub(super) fn compute(
        &self,
        frame: &Frame<'_>,
        shared: &PassState,
    ) -> Result<Arc<dyn ItemData>, ItemError> {
        let Source {
            step,
            item,
            in_flight,
            ..
        } = frame.source;
        let plan = self.plan;
        // Between copies: even to begin one takes a moment where the item is long.
        self.progress.check().map_err(ItemError::transient)?;
        let estimate = MemoryEstimate {
            plan,
            children: &self.children,
            long_bytes: self.cache.packs.long_bytes(),
        };
        in_flight.take(|| estimate.of(step, item));
        let reads_data = match &plan.steps[frame.step].stage {
            Stage::Items(stage) => stage.reads_data(),
            _ => true,
        };
        let input: Option<Arc<dyn ItemData>> = match &frame.parent {
            Some(_) if !reads_data => Some(Arc::new(Bytes(Vec::new()))),
            Some(parent) => Some(self.data(parent, shared)?),
            None => None,
        };
        let work = || match (&self.plan.steps[frame.step].stage, input) {
            (Stage::Source(stage), _) => self.timed(frame.step, shared, || {
                let loaded = stage.load(item, self.progress);
                let unchanged = stage
                    .file_of(item)
                    .map(|path| self.cache.files.is_unchanged(path));
                match unchanged {
                    None | Some(Ok(true)) => loaded,
                    Some(Ok(false)) => Err(ItemError::transient("the file changed during the run")),
                    Some(Err(error)) => Err(ItemError::of_system(&error, &error)),
                }
            }),
            (Stage::Items(stage), Some(input)) => {
                let most = stage.batch();
                let copy = frame.copy.clone();
                let waiting = Waiting { copy, input };
                let make = |batch: &[Waiting]| self.process(&**stage, frame.step, batch, shared);
                match most > 1 {
                    true => shared.batches.make(frame.step, most, waiting, &make),
                    false => make(&[waiting]).pop().unwrap_or_else(nothing_made),
                }
            }
            _ => Err(ItemError::transient("the step takes no items")),
        };
        // A defect in a stage costs the item, not the run.
        let made = catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|panic| Err(ItemError::transient(internal_error(&*panic))));
        made.map(Arc::from)
    }

    /// Runs an item-wise stage on items that it takes at once.
    fn process(
        &self,
        stage: &dyn ItemStage,
        step: usize,
        batch: &[Waiting],
        shared: &PassState,
    ) -> Vec<Made> {
        let refused = |error: ItemError| {
            let each = batch.iter().map(|_| Err(error.clone()));
            each.collect::<Vec<Made>>()
        };
        if let Err(error) = self.check_files(step, shared) {
            return refused(error);
        }
        let wanted = stage.resources();
        let declares = wanted != Resources::default();
        let lent = (self.gate.as_ref().filter(|_| declares)).map(|gate| gate.enter(wanted));
        let (id, group) = (self.plan.steps[step].id(), self.progress);
        let context = ItemContext {
            scratch: self.scratch,
            progress: &MemberProgress { step: id, group },
            threads: lent.as_ref().map_or(1, |lent| lent.threads),
            devices: lent.as_ref().map_or(&[], |lent| &lent.devices),
        };
        let made = self.timed(step, shared, || match batch {
            [one] => vec![stage.process(&one.copy, &*one.input, &context)],
            several => {
                let items = several.iter().map(|one| (&one.copy, &*one.input));
                stage.process_batch(&items.collect::<Vec<_>>(), &context)
            }
        });
        match self.check_files(step, shared) {
            Ok(()) => made,
            Err(error) => refused(error),
        }
    }

    /// Does work of a step and counts how long it takes.
    fn timed<T>(&self, step: usize, shared: &PassState, work: impl FnOnce() -> T) -> T {
        let started = self.cache.system.uptime();
        let made = work();
        if let Some(busy) = shared.busy_ns.get(&step) {
            let took = self.cache.system.uptime() - started;
            busy.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
        }
        made
    }

    /// Makes sure that the files that `step` declares are those of its key. Where one is not, the pass ends: no item is to
    /// blame, and what would be made of the others is not that of the key either.
    fn check_files(&self, step: usize, shared: &PassState) -> Result<(), ItemError> {
        let files = self.files.get(&step);
        let checked = files.map_or(Ok(()), |files| files.check(&self.cache.files));
        checked.map_err(|error| {
            let reason = error.to_string();
            shared.end_by_fault(step, PassFault::DeclaredFile(error));
            ItemError {
                reason,
                blame: Blame::Machine,
            }
        })
    }
}
