//! Real plans on a simulated machine: processes are killed, the power is cut, disks are full, fail, lie and rot, clocks
//! are set, and several processes share a cache, all of it from one seed.
//!
//! `PIPE_SIMULATION_SEEDS=100000` plays so many seeds, `PIPE_SIMULATION_SEED=12345` plays one and tells of every operation.

mod checks;
mod disk;
mod domain;
mod faults;
mod maintenance;
mod model;
mod open_file;
mod platter;
mod process;
mod regressions;
mod run;
mod story;
mod unreadable;
mod user;
mod world;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use pipe_foundation::sync::lock;

use story::play;

/// Seeds that are played where nothing else is asked for.
const SEEDS: u64 = 3000;

/// Of so many seeds, one is played twice, to see that it comes to the same.
const TWICE: u64 = 50;
/// So many seeds may fail before no others are played.
const SHOWN: usize = 10;

#[expect(
    clippy::disallowed_methods,
    reason = "which seeds are played is asked for so"
)]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Does `work` with the manifest, which is on the real disk.
fn in_folder(work: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.toml");
    std::fs::write(&path, domain::MANIFEST).unwrap();
    work(&path);
}

/// What broke in the seed; what it came to must not depend on anything else.
fn failure(seed: u64, manifest: &Path) -> Option<String> {
    let played = play(seed, manifest, false);
    if let Err(broken) = played.broken {
        return Some(broken.0);
    }
    if seed.is_multiple_of(TWICE) {
        let again = play(seed, manifest, false);
        if again.fingerprint != played.fingerprint {
            let (first, second) = (played.fingerprint, again.fingerprint);
            return Some(format!(
                "a seed is always the same: {first:?}, then {second:?}"
            ));
        }
    }
    None
}

#[test]
fn every_seed_keeps_every_promise() {
    in_folder(play_all);
}

fn play_all(manifest: &Path) {
    pipe_foundation::panics::remember_places();
    if let Some(seed) = asked("PIPE_SIMULATION_SEED") {
        let played = play(seed, manifest, true);
        played.told.iter().for_each(|line| println!("{line}"));
        println!("seed {seed}: {:?} {:?}", played.fingerprint, played.broken);
        assert!(played.broken.is_ok(), "seed {seed}: {:?}", played.broken);
        return;
    }
    let first = asked("PIPE_SIMULATION_FIRST").unwrap_or(0);
    let end = first + asked("PIPE_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || lock(&failed).len() >= SHOWN {
                        break;
                    }
                    if let Some(broken) = failure(seed, manifest) {
                        lock(&failed).push((seed, broken));
                    }
                }
            });
        }
    });
    let mut failed = lock(&failed);
    failed.sort();
    for (seed, broken) in failed.iter() {
        println!(
            "seed {seed}: {broken}\n  PIPE_SIMULATION_SEED={seed} cargo test --release -p pipe-engine --test simulation -- --nocapture"
        );
    }
    assert!(failed.is_empty(), "seeds failed: {}", failed.len());
}
