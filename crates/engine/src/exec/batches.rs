//! Items of a pass that wait for one another, to be made together.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use pipe_foundation::sync::lock;

use crate::artifact::ItemData;
use crate::stage::{ItemCopy, ItemError};

use super::internal_error::internal_error;

/// Items that one thread keeps waiting at most, whatever stages say: each lies on its stack, below the next.
const MOST_WAITING: usize = 64;

/// An item for a stage that takes several at once.
#[derive(Clone)]
pub struct Waiting {
    /// What is to be made.
    pub copy: ItemCopy,
    /// Of what.
    pub input: Arc<dyn ItemData>,
}

/// What became of an item.
pub type Made = Result<Box<dyn ItemData>, ItemError>;

/// What became of one that the stage passed over.
pub fn nothing_made() -> Made {
    Err(ItemError::transient("the stage made nothing of it"))
}

/// An item, and the place where its thread looks for what became of it.
type Asked = (Waiting, Arc<Mutex<Option<Made>>>);

/// Collects items for each step and thread. The threads do not share batches, so that none waits for an item of another.
#[derive(Default)]
pub struct Batches(Mutex<HashMap<ThreadId, OfThread>>);

/// What one thread has taken up.
#[derive(Default)]
struct OfThread {
    /// Items whose making it is in, one within the other.
    depth: usize,
    /// Those of each step that are not being made yet.
    asked: HashMap<usize, Vec<Asked>>,
}

impl Batches {
    /// Has `make` make an item of `step` together with others, `most` at once. Until so many are there, this thread takes
    /// further items of the pass from their source up to here, one within the other; when there are none left, what is
    /// there is made.
    pub fn make(
        &self,
        step: usize,
        most: usize,
        waiting: Waiting,
        make: &dyn Fn(&[Waiting]) -> Vec<Made>,
    ) -> Made {
        let place = Arc::new(Mutex::new(None));
        let is_enough = {
            let mut threads = lock(&self.0);
            let thread = threads.entry(thread::current().id()).or_default();
            thread.depth += 1;
            let own = thread.asked.entry(step).or_default();
            own.push((waiting, place.clone()));
            own.len() >= most || thread.depth >= MOST_WAITING
        };
        if is_enough {
            self.make_all(step, make);
        }
        loop {
            if let Some(made) = lock(&place).take() {
                if let Some(thread) = lock(&self.0).get_mut(&thread::current().id()) {
                    thread.depth -= 1;
                }
                return made;
            }
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                self.make_all(step, make);
            }
        }
    }

    /// Makes all that waits on this thread for `step`.
    fn make_all(&self, step: usize, make: &dyn Fn(&[Waiting]) -> Vec<Made>) {
        let asked = {
            let mut threads = lock(&self.0);
            let thread = threads.get_mut(&thread::current().id());
            thread.and_then(|thread| thread.asked.remove(&step))
        };
        let (waiting, places): (Vec<Waiting>, Vec<_>) =
            asked.unwrap_or_default().into_iter().unzip();
        // A defect in a stage costs the items, not the run, and leaves none waiting.
        let made = catch_unwind(AssertUnwindSafe(|| make(&waiting)));
        let mut made = match made {
            Ok(made) => made.into_iter(),
            Err(panic) => {
                let reason = internal_error(&*panic).to_string();
                let each = |_| Err(ItemError::transient(reason.clone()));
                waiting.iter().map(each).collect::<Vec<Made>>().into_iter()
            }
        };
        for place in places {
            *lock(&place) = Some(made.next().unwrap_or_else(nothing_made));
        }
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;
    use crate::artifact::{Bytes, ItemId};
    use crate::exec::toy_domain::passed_on;

    fn waiting(number: usize) -> Waiting {
        let copy = ItemCopy {
            facts: Arc::new(ItemId(number.to_string())),
            fingerprint: String::new(),
            index: 0,
        };
        let input = Arc::new(Bytes(number.to_le_bytes().to_vec()));
        Waiting { copy, input }
    }

    fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(work)
    }

    /// What each of `count` items becomes where two steps after one another make it in batches, and how many each had. The
    /// second gets fewer at once: items of the first that are made lie below others on the stack.
    fn made(threads: usize, count: usize, most: usize) -> (Vec<String>, Vec<usize>) {
        let (batches, sizes) = (Batches::default(), Mutex::new(Vec::new()));
        let make = |batch: &[Waiting]| {
            lock(&sizes).push(batch.len());
            let made = batch.iter().map(|one| passed_on(&*one.input));
            made.collect()
        };
        let of = |number: usize| {
            let first = batches.make(0, most, waiting(number), &make).unwrap();
            let second = Waiting {
                input: Arc::from(first),
                ..waiting(number)
            };
            let last = batches.make(1, most, second, &make).unwrap();
            let Bytes(bytes) = last.downcast_ref().unwrap();
            usize::from_le_bytes(bytes[..].try_into().unwrap()).to_string()
        };
        let work = || (0..count).into_par_iter().with_max_len(1).map(of).collect();
        let made = on_threads(threads, work);
        (made, sizes.into_inner().unwrap())
    }

    #[test]
    fn items_are_made_together_and_each_gets_its_own() {
        let expected: Vec<String> = (0..300).map(|number| number.to_string()).collect();
        for (threads, most) in [(1, 8), (3, 8), (1, 64), (2, 500)] {
            let (made, sizes) = self::made(threads, 300, most);
            assert_eq!(made, expected);
            assert_eq!(sizes.iter().sum::<usize>(), 600);
            assert!(
                sizes.iter().all(|size| *size <= most.min(MOST_WAITING)),
                "{sizes:?}"
            );
            // The first are as many as may be.
            let most = most.min(MOST_WAITING);
            assert!(threads > 1 || sizes.starts_with(&[most]), "{sizes:?}");
        }
    }

    #[test]
    fn a_defect_leaves_no_item_waiting() {
        let batches = Batches::default();
        let make = |batch: &[Waiting]| -> Vec<Made> { panic!("a defect with {}", batch.len()) };
        let of = |number: usize| {
            let made = batches.make(0, 4, waiting(number), &make);
            made.err().unwrap().reason
        };
        let work = || (0..8).into_par_iter().with_max_len(1).map(of).collect();
        let told: Vec<String> = on_threads(1, work);
        assert!(
            told.iter().all(|told| told.contains("a defect with 4")),
            "{told:?}"
        );
        // A stage that gives too few results has made nothing of the others.
        let none = batches.make(0, 1, waiting(0), &|_| Vec::new());
        assert!(none.is_err());
    }
}
