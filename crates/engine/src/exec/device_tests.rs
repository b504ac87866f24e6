//! What a device changes in a run: keys, who starts together, and what a step continues from.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use miette::Report;

use crate::cache::{Cache, PruneOptions, Run, final_checkpoint_key, prune};
use crate::stage::{
    Accelerator, AggregateContext, AggregateStage, Device, Launch, Stage, StepInput,
};

use super::toy_domain;
use super::{RunOptions, RunSummary, Silent, run};

const KINDS: [Option<&str>; 2] = [None, Some("cuda")];

fn cuda() -> Device {
    Device {
        name: "cuda:1".into(),
        accelerators: vec![Accelerator {
            name: "cuda:1".into(),
            number: 1,
        }],
        key_name: Some("cuda"),
        kinds: &KINDS,
    }
}

fn processor() -> Device {
    Device {
        kinds: &KINDS,
        ..Device::default()
    }
}

/// A run of `count` steps that are all of `stage`, on one core.
fn run_all<S: AggregateStage + 'static>(
    folder: &Path,
    count: usize,
    device: Device,
    stage: impl Fn() -> S,
) -> RunSummary {
    let step = |n| format!("[stage.step{n}]\nkind = \"make\"\nlength = {n}\n");
    let manifest: String = (0..count).map(step).collect();
    let mut plan = toy_domain::plan(folder, &manifest, device);
    for step in &mut plan.steps {
        step.stage = Stage::Aggregate(Box::new(stage()));
    }
    let options = RunOptions {
        jobs: 1,
        keep_going: true,
        memory_bytes: u64::MAX,
        devices: 1,
        checkpoint_bytes: u64::MAX,
        largest_copy_bytes: u64::MAX,
        expected: None,
        runs: &folder.join("runs"),
        ..RunOptions::default()
    };
    run(&plan, &cache(folder), &options, &Silent).unwrap()
}

fn cache(folder: &Path) -> Cache {
    Cache::open(&folder.join("cache"), false).unwrap()
}

fn latest(folder: &Path) -> Run {
    cache(folder).runs.latest("pipe").unwrap().unwrap()
}

/// Waits until `expected` of its kind are at work, or until it has lost its patience.
struct Meeting {
    there: Arc<AtomicUsize>,
    announced: Arc<AtomicUsize>,
    launched: Arc<AtomicUsize>,
    expected: usize,
    patience: Duration,
}

impl AggregateStage for Meeting {
    fn uses_device(&self) -> bool {
        true
    }

    fn waits_for_device(&self) -> bool {
        true
    }

    fn announce(&self, _: usize) -> Option<Launch> {
        self.announced.fetch_add(1, Ordering::SeqCst);
        let launched = self.launched.clone();
        Some(Box::new(move || {
            launched.fetch_add(1, Ordering::SeqCst);
        }))
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        // On the processor nothing is announced.
        let announced = self.announced.load(Ordering::SeqCst);
        assert!([0, self.expected].contains(&announced), "{announced}");
        assert!(context.cores.threads() > 0);
        self.there.fetch_add(1, Ordering::SeqCst);
        let started = Instant::now();
        while self.there.load(Ordering::SeqCst) < self.expected {
            if started.elapsed() > self.patience {
                return Err(Report::msg("nobody came"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

#[test]
fn all_that_wait_for_the_device_are_at_it_together_and_on_the_processor_as_cores_allow() {
    let meet = |device, patience| {
        let folder = tempfile::tempdir().unwrap();
        let [there, announced, launched] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
        let is_accelerator = Device::is_accelerator(&device);
        let meeting = || Meeting {
            there: there.clone(),
            announced: announced.clone(),
            launched: launched.clone(),
            expected: 5,
            patience,
        };
        let counts = run_all(folder.path(), 5, device, meeting).counts;
        let expected = if is_accelerator { 5 } else { 0 };
        assert_eq!(launched.load(Ordering::SeqCst), expected);
        counts
    };
    assert_eq!(meet(cuda(), Duration::from_secs(60)).executed, 5);
    let alone = meet(processor(), Duration::from_millis(20));
    assert_eq!((alone.executed, alone.failed), (1, 4));
}

/// Notes what it finds of earlier work, and leaves work of its own; fails where it is to.
struct Trains {
    device: String,
    seen: Arc<Mutex<Vec<(bool, bool)>>>,
    fails: bool,
}

impl AggregateStage for Trains {
    fn extensible(&self) -> &[&'static str] {
        &["length"]
    }

    fn uses_device(&self) -> bool {
        true
    }

    fn memory_bytes(&self, _inputs: &[StepInput]) -> u64 {
        0
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let has = |folder: &Path| folder.join("work").is_file();
        let seen = (has(context.resume), context.earlier.is_some_and(has));
        self.seen.lock().unwrap().push(seen);
        std::fs::create_dir_all(context.resume).unwrap();
        std::fs::write(context.resume.join("work"), "half").unwrap();
        std::fs::write(context.out.join("device"), &self.device).unwrap();
        match self.fails {
            true => Err(Report::msg("stopped half-way")),
            false => Ok(()),
        }
    }
}

#[test]
fn work_moves_between_devices_and_results_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let train = |device: Device, fails| {
        let stage = || Trains {
            device: device.name.clone(),
            seen: seen.clone(),
            fails,
        };
        let summary = run_all(folder, 1, device.clone(), stage);
        assert_eq!(summary.counts.failed, usize::from(fails));
        summary.counts.executed
    };
    train(cuda(), true);
    // The work belongs to the latest run, though it is not kept under the key of its step.
    let options = PruneOptions {
        keep_runs: None,
        older_than_days: 0,
        locked: &HashSet::new(),
        dry_run: false,
        checkpoints: &|fingerprint| vec![final_checkpoint_key(fingerprint, &["length"])],
    };
    assert!(prune(&cache(folder), &options).unwrap().parts.is_empty());
    assert_eq!(latest(folder).record.device.as_deref(), Some("cuda:1"));
    // Goes on from where the other device stopped.
    assert_eq!(train(processor(), false), 1);
    let by_cpu = latest(folder).record.steps["step0"];
    assert_eq!(
        cache(folder).records.get(&by_cpu).unwrap().unwrap().device,
        None
    );
    // What the processor has finished is not a result of the device, and nothing to take one from.
    assert_eq!(train(cuda(), false), 1);
    let by_cuda = latest(folder).record.steps["step0"];
    assert_ne!(by_cuda, by_cpu);
    let record = cache(folder).records.get(&by_cuda).unwrap().unwrap();
    assert_eq!(record.device.as_deref(), Some("cuda:1"));
    assert_eq!(record.fingerprint.on_device(None).key(), by_cpu);
    assert_eq!(train(cuda(), false), 0);
    assert_eq!(train(processor(), false), 0);
    let seen = seen.lock().unwrap();
    assert_eq!(*seen, [(false, false), (true, false), (false, false)]);
}
