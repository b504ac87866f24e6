//! An item on its way through a group of item-wise steps: it is taken through all of them at once.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pipe_foundation::{Digest, machine_fault::MachineFault, progress::Progress};

use crate::artifact::{BadItem, Bytes, Item, ItemData};
use crate::cache::Cache;
use crate::cache::items::{ItemIndex, ItemRecord, StepTag};
use crate::plan::Plan;
use crate::stage::{Blame, ItemContext, ItemCopy, ItemError, Resources, Stage};

use super::declared_files::KeyedFiles;
use super::frame::{Frame, Source, Visit};
use super::gate::Gate;
use super::in_flight::ItemMemory;
use super::internal_error::internal_error;
use super::item_outcome::Outcome;
use super::limit::Limits;
use super::memory_estimate::MemoryEstimate;
use super::observer::MemberProgress;
use super::pass_fault::{PassFault, StageFault};
use super::pass_state::PassState;
use super::width::Width;
use super::writer::ItemResult;

/// Everything one pass needs.
pub struct Walk<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The cache.
    pub cache: &'a Cache,
    /// For each member of the group, the members that take its items.
    pub children: HashMap<usize, Vec<usize>>,
    /// For each member, the digest of what all its items depend on.
    pub prefixes: HashMap<usize, Digest>,
    /// For members that declare files, the contents that their keys name.
    pub files: &'a HashMap<usize, KeyedFiles>,
    /// What is known of item keys.
    pub index: ItemIndex,
    /// Keys whose stored bytes turned out to be damaged.
    pub distrusted: HashSet<Digest>,
    /// A folder for temporary files.
    pub scratch: &'a Path,
    /// Receives the events.
    pub progress: &'a dyn Progress,
    /// Compute nothing, only look.
    pub dry: bool,
    /// How many threads may work.
    pub width: Width<'a>,
    /// What stages take that declare it; none where nothing is computed.
    pub gate: Option<Gate>,
    /// The memory of items in flight.
    pub memory: ItemMemory,
    /// What becomes of a step with too many bad items.
    pub limits: Limits,
}

impl Walk<'_> {
    /// Takes one item of the source `step` through the group. One that begins `within` another item of the same thread
    /// does not wait for memory.
    pub(super) fn source_item(
        &self,
        step: usize,
        item: &Item,
        within: bool,
        shared: &PassState,
        out: &mut Vec<(usize, Outcome)>,
    ) {
        let lost = RefCell::new(HashSet::new());
        let in_flight = self.memory.item(!within);
        let source = Source {
            step,
            item,
            in_flight: &in_flight,
            lost: &lost,
        };
        loop {
            let known = lost.borrow().len();
            self.visit(source, shared, out);
            if lost.borrow().len() == known {
                break;
            }
            // Stored bytes were damaged: once more, making them again. They may come out different, and with them
            // the keys of all that follows.
            out.clear();
        }
        let lost = lost.into_inner().len();
        shared.damaged.fetch_add(lost, Ordering::Relaxed);
    }

    /// Takes an item of a source through its step and all that follows, a branch at a time. What is open is kept in a list,
    /// not in calls of calls: a group may be a chain of any length.
    fn visit(&self, source: Source<'_>, shared: &PassState, out: &mut Vec<(usize, Outcome)>) {
        let copy = ItemCopy {
            facts: source.item.facts.clone(),
            fingerprint: String::new(),
            index: 0,
        };
        let mut open = vec![Visit {
            step: source.step,
            copy,
            input: source.item.digest,
            parent: None,
            last: true,
        }];
        while let Some(visit) = open.pop() {
            let step = visit.step;
            if self.limits.is_closed(step) {
                continue;
            }
            let key = self.item_key(step, &visit.input, &visit.copy.fingerprint);
            let frame = Frame {
                parent: visit.parent,
                step,
                source,
                copy: visit.copy,
                key,
                digest: visit.input,
                location: None,
                data: RefCell::new(None),
            };
            match self.resolve_item(frame, visit.last, shared) {
                Ok((frame, computed)) => {
                    out.push((
                        step,
                        Outcome::Done {
                            item: Item {
                                facts: frame.copy.facts.clone(),
                                digest: frame.digest,
                            },
                            location: frame.location,
                            key,
                            computed,
                        },
                    ));
                    self.follow(&Rc::new(frame), &mut open);
                }
                Err(outcome) => out.push((step, outcome)),
            }
        }
    }

    /// Opens what takes the item of `frame`; the first of it is visited first.
    fn follow<'f>(&self, frame: &Rc<Frame<'f>>, open: &mut Vec<Visit<'f>>) {
        let before = open.len();
        for &step in self.children.get(&frame.step).into_iter().flatten() {
            let copies = match &self.plan.steps[step].stage {
                Stage::Items(stage) => stage.copies(&frame.copy.facts),
                _ => vec![frame.copy.clone()],
            };
            open.extend(copies.into_iter().map(|copy| Visit {
                step,
                copy,
                input: frame.digest,
                parent: Some(frame.clone()),
                last: false,
            }));
        }
        if let Some(last) = open[before..].last_mut() {
            last.last = true;
        }
        open[before..].reverse();
    }

    /// The frame with its result, from the cache or computed; true when computed. A result that is the `last` to be made
    /// of the data of its parent takes their place, before it is stored. One from the cache does not: it may yet have to
    /// be made again for those that take it.
    fn resolve_item<'f>(
        &self,
        mut frame: Frame<'f>,
        last: bool,
        shared: &PassState,
    ) -> Result<(Frame<'f>, bool), Outcome> {
        let stored = self.plan.steps[frame.step].stored;
        let key = frame.key;
        if !self.distrusted.contains(&key) && !frame.source.lost.borrow().contains(&key) {
            match self.index.get(&key) {
                Some(ItemRecord::Done { digest, location }) if !stored || location.is_some() => {
                    frame.digest = *digest;
                    frame.location = *location;
                    return Ok((frame, false));
                }
                Some(ItemRecord::Bad { reason }) => {
                    let item = BadItem {
                        id: frame.copy.facts.id().to_owned(),
                        reason: reason.clone(),
                    };
                    return Err(Outcome::Bad {
                        item,
                        permanent: true,
                    });
                }
                _ => {}
            }
        }
        if self.dry {
            return Err(Outcome::Missing);
        }
        let made = self.compute(&frame, shared).and_then(|data| {
            if let (true, Some(parent)) = (last, &frame.parent) {
                *parent.data.borrow_mut() = None;
            }
            let tag = self.tag(frame.step);
            let (digest, location) = match stored {
                true => {
                    let parts = data.parts().map_err(ItemError::transient)?;
                    let digest = Digest::of_parts(&parts, self.progress);
                    let digest = digest.map_err(ItemError::transient)?;
                    (digest, shared.keep(&key, tag, digest, Some(&parts[..])))
                }
                false => {
                    let digest = data.digest(self.progress)?;
                    (digest, shared.keep(&key, tag, digest, None))
                }
            };
            Ok((data, digest, location))
        });
        match made {
            Ok((data, digest, location)) => {
                frame.digest = digest;
                frame.location = location;
                frame.data = RefCell::new(Some(data));
                Ok((frame, true))
            }
            Err(ItemError {
                reason,
                blame: Blame::Machine,
            }) => {
                let what = frame.copy.facts.id().to_owned();
                let fault = PassFault::Machine(MachineFault { what, reason });
                shared.end_by_fault(frame.step, fault);
                Err(Outcome::Missing)
            }
            Err(ItemError {
                reason,
                blame: Blame::Stage,
            }) => {
                let fault = PassFault::Stage(StageFault { reason });
                shared.end_by_fault(frame.step, fault);
                Err(Outcome::Missing)
            }
            Err(ItemError { reason, blame }) => {
                let permanent = blame == Blame::Item;
                if permanent {
                    let result = ItemResult::Bad {
                        reason: reason.clone(),
                    };
                    let kept = shared.writer.keep(&key, self.tag(frame.step), result);
                    shared.unless_failed(kept);
                }
                let item = BadItem {
                    id: frame.copy.facts.id().to_owned(),
                    reason,
                };
                Err(Outcome::Bad { item, permanent })
            }
        }
    }

    /// Runs the stage of `frame` on the data of its parent.
    fn compute(
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
        let (plan, children) = (self.plan, &self.children);
        self.progress.check().map_err(ItemError::transient)?;
        in_flight.take(|| MemoryEstimate { plan, children }.of(step, item));
        let reads_data = match &plan.steps[frame.step].stage {
            Stage::Items(stage) => stage.reads_data(),
            _ => true,
        };
        let input: Option<Arc<dyn ItemData>> = match &frame.parent {
            Some(_) if !reads_data => Some(Arc::new(Bytes(Vec::new()))),
            Some(parent) => Some(self.data(parent, shared)?),
            None => None,
        };
        let started = self.cache.system.uptime();
        let work = || match (&self.plan.steps[frame.step].stage, &input) {
            (Stage::Source(stage), _) => {
                let loaded = stage.load(item, self.progress);
                let unchanged = stage
                    .file_of(item)
                    .map(|path| self.cache.files.is_unchanged(path));
                match unchanged {
                    None | Some(Ok(true)) => loaded,
                    Some(Ok(false)) => Err(ItemError::transient("the file changed during the run")),
                    Some(Err(error)) => Err(ItemError::of_system(&error, &error)),
                }
            }
            (Stage::Items(stage), Some(input)) => {
                self.check_files(frame.step, shared)?;
                let wanted = stage.resources();
                let declares = wanted != Resources::default();
                let lent = (self.gate.as_ref().filter(|_| declares)).map(|gate| gate.enter(wanted));
                let (step, group) = (self.plan.steps[frame.step].id(), self.progress);
                let context = ItemContext {
                    scratch: self.scratch,
                    progress: &MemberProgress { step, group },
                    threads: lent.as_ref().map_or(1, |lent| lent.threads),
                    devices: lent.as_ref().map_or(&[], |lent| &lent.devices),
                };
                let made = stage.process(&frame.copy, &**input, &context);
                self.check_files(frame.step, shared)?;
                made
            }
            _ => Err(ItemError::transient("the step takes no items")),
        };
        // A defect in a stage costs the item, not the run.
        let made = catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|panic| Err(ItemError::transient(internal_error(&*panic))));
        if let Some(busy) = shared.busy_ns.get(&frame.step) {
            let took = self.cache.system.uptime() - started;
            busy.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
        }
        made.map(Arc::from)
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

    /// The data of a frame: held in memory, read from its pack, or computed again.
    fn data(&self, frame: &Frame<'_>, shared: &PassState) -> Result<Arc<dyn ItemData>, ItemError> {
        // From the nearest frame that has its data on, so that computing one never asks for more than the one before.
        let mut needed = Vec::new();
        let mut at = Some(frame);
        while let Some(frame) = at.filter(|frame| frame.data.borrow().is_none()) {
            needed.push(frame);
            let parent = frame.parent.as_deref();
            at = parent.filter(|_| frame.location.is_none());
        }
        for frame in needed.into_iter().rev() {
            let data = self.make_data(frame, shared)?;
            *frame.data.borrow_mut() = Some(data);
        }
        let data = frame.data.borrow().clone();
        data.ok_or_else(|| ItemError::transient("its data was lost"))
    }

    /// The data of a frame that is read from its pack, or computed from that of the frame before.
    fn make_data(
        &self,
        frame: &Frame<'_>,
        shared: &PassState,
    ) -> Result<Arc<dyn ItemData>, ItemError> {
        let Some(location) = frame.location else {
            return self.compute(frame, shared);
        };
        let kind = self.plan.steps[frame.step].output;
        let read = self.cache.packs.get(location, &frame.digest);
        let blob = read.map_err(|error| {
            let reason = error.to_string();
            shared.fail(error);
            ItemError::transient(reason)
        })?;
        let data = blob.and_then(|blob| kind.decode(&blob).ok());
        data.map(Arc::from).ok_or_else(|| {
            frame.source.lost.borrow_mut().insert(frame.key);
            ItemError::transient("its stored bytes are damaged or missing")
        })
    }

    fn tag(&self, step: usize) -> StepTag {
        StepTag::of(&self.prefixes[&step])
    }

    fn item_key(&self, step: usize, input: &Digest, fingerprint: &str) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"pipe item 1\n");
        hasher.update(&self.prefixes[&step].0);
        hasher.update(&input.0);
        hasher.update(fingerprint.as_bytes());
        Digest(*hasher.finalize().as_bytes())
    }
}
