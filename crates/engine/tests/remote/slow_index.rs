//! A store whose index takes its time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pipe_engine::cache::remote::{MemoryStore, NoSignatures, Patience, RemoteStore, StoreError};
use pipe_engine::exec::{Event, Observer, Status};

use super::machine::{Machine, options};

/// The longest that it is waited for what is to happen meanwhile.
const LONGEST: Duration = Duration::from_secs(20);

/// A store that lists nothing before something has happened.
#[derive(Debug, Default)]
struct SlowIndex {
    store: MemoryStore,
    has_happened: Arc<AtomicBool>,
    in_vain: AtomicBool,
}

impl RemoteStore for SlowIndex {
    fn url(&self) -> &str {
        "slow://"
    }

    fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        patience: &Patience<'_>,
    ) -> Result<Vec<u8>, StoreError> {
        self.store.get(name, range, patience)
    }

    fn put_if_absent(
        &self,
        name: &str,
        bytes: &Arc<[u8]>,
        patience: &Patience<'_>,
    ) -> Result<bool, StoreError> {
        self.store.put_if_absent(name, bytes, patience)
    }

    fn list(&self, prefix: &str, patience: &Patience<'_>) -> Result<Vec<String>, StoreError> {
        let started = Instant::now();
        while !self.has_happened.load(Ordering::SeqCst) {
            if started.elapsed() > LONGEST {
                self.in_vain.store(true, Ordering::SeqCst);
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.store.list(prefix, patience)
    }
}

/// Hears that a step is a hit.
struct Hit(&'static str, Arc<AtomicBool>);

impl Observer for Hit {
    fn event(&self, event: &Event) {
        if let Event::StepFinished { step, status, .. } = event
            && step == self.0
            && *status == Status::Hit
        {
            self.1.store(true, Ordering::SeqCst);
        }
    }
}

#[test]
fn what_is_here_does_not_wait_for_the_index_that_says_what_is_there() {
    let machine = Machine::new();
    let store = Arc::new(SlowIndex::default());
    store.has_happened.store(true, Ordering::SeqCst);
    machine.run(&store, (5, 2));
    // The first of the two is looked for at the store, which still has it, and the second one is here.
    machine.forget("joined[n=1]");
    store.has_happened.store(false, Ordering::SeqCst);
    let hears = Hit("joined[n=2]", store.has_happened.clone());
    let options = options(Box::new(NoSignatures));
    let summary = machine.run_heard(&store, (5, 2), options, &hears);
    assert!(!store.in_vain.load(Ordering::SeqCst), "it was waited for");
    assert_eq!((summary.counts.hit, summary.counts.fetched), (4, 1));
    assert_eq!(machine.work.counts(), [5, 5, 2]);
}
