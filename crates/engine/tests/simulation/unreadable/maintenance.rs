//! Maintenance of a cache and questions to it while operations fail: nothing that runs need is removed, what succeeds has
//! done everything, and every answer is right.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_engine::cache::{Cache, CacheError, PruneOptions, prune, usage};
use pipe_foundation::{Digest, durable};

use crate::disk::Disk;
use crate::in_folder;
use crate::maintenance::{Maintenance, maintain};
use crate::process::Process;
use crate::regressions::world;
use crate::story::CACHE;
use crate::world::World;

use super::{each_operation_fails, nothing_is_lost, on, pin, whole};

#[test]
fn maintenance_removes_nothing_that_runs_need() {
    in_folder(|manifest| {
        let disk = whole(manifest);
        let keep_runs = Some(1);
        let (max_bytes, max_age_s) = (Some(0), Some(0));
        for what in [
            Maintenance::Prune { keep_runs },
            Maintenance::Collect {
                max_bytes,
                max_age_s,
            },
            Maintenance::Verify { repair: true },
        ] {
            let work = |world: &Arc<World>| maintain(&Process::start(world), what);
            each_operation_fails(&disk, work, |world, maintained, failed| {
                if let Ok(Some(verified)) = maintained {
                    assert_eq!(verified.damaged, [""; 0], "{failed}");
                    assert_eq!(verified.made_from_damaged, [""; 0], "{failed}");
                }
                nothing_is_lost(world, manifest, &format!("{what:?}, {failed}"));
            });
        }
    });
}

/// Runs that another name takes over are all there under it, or it is reported that they are not.
#[test]
fn all_runs_are_taken_over() {
    in_folder(|manifest| {
        let work =
            |world: &Arc<World>| on(world, |cache| cache.runs.adopt("new", "demo", |_| true));
        each_operation_fails(&whole(manifest), work, |world, taken, failed| {
            let runs = |name| on(world, |cache| Ok(cache.runs.all(name)?.len())).unwrap();
            assert_eq!(runs("new") + runs("demo"), 2, "{failed}");
            if taken.is_ok() {
                assert_eq!(runs("new"), 2, "{failed}");
            }
        });
    });
}

/// Pruning, collecting and repairing do all of it, or say that they have not.
#[test]
fn maintenance_that_succeeds_has_done_everything() {
    in_folder(|manifest| {
        let disk = with_something_to_remove(manifest);
        for what in [
            Maintenance::Prune { keep_runs: Some(1) },
            Maintenance::Collect {
                max_bytes: Some(0),
                max_age_s: Some(0),
            },
            Maintenance::Verify { repair: true },
        ] {
            let world = world(1);
            world.state().disk = disk.clone();
            maintain(&Process::start(&world), what).unwrap();
            let left = names(&world.state().disk);
            assert!(
                left.len() < names(&disk).len(),
                "{what:?} removes something"
            );
            let work = |world: &Arc<World>| maintain(&Process::start(world), what);
            each_operation_fails(&disk, work, |world, maintained, failed| {
                let done = match maintained {
                    Ok(Some(verified)) => verified.unreadable.is_empty(),
                    Ok(None) => true,
                    Err(_) => false,
                };
                if done {
                    let names = names(&world.state().disk);
                    assert_eq!(names, left, "{what:?}, {failed}");
                }
            });
        }
    });
}

/// The disk of a machine with results that nothing needs, of which some are damaged.
fn with_something_to_remove(manifest: &Path) -> Disk {
    let world = world(1);
    world.state().disk = whole(manifest);
    on(&world, |cache| {
        let unfinished = Path::new(CACHE).join("unfinished");
        let work = unfinished.join(Digest::of(b"step").hex()).join("work");
        durable::write(&*cache.system, &work, b"work")
            .map_err(|error| CacheError::write(&work, error))?;
        cache.unpin(&pin())
    })
    .unwrap();
    let mut state = world.state();
    for name in ["steps", "objects"] {
        let files = state.disk.files(&Path::new(CACHE).join(name));
        let mut random = state.random.clone();
        files
            .iter()
            .for_each(|(_, node)| state.disk.flip(*node, &mut random));
    }
    state.disk.clone()
}

/// Names of all files of results in the cache.
fn names(disk: &Disk) -> BTreeSet<PathBuf> {
    let of = |name| disk.files(&Path::new(CACHE).join(name));
    let files = ["steps", "objects", "runs", "checkpoints", "unfinished"]
        .into_iter()
        .flat_map(of);
    files.map(|(path, _)| path).collect()
}

/// What nobody can look at is not left for being new.
#[test]
fn a_pruning_of_what_is_old_removes_it_or_fails() {
    in_folder(|manifest| {
        let old = |world: &Arc<World>| {
            let three_days = 3 * 24 * 3600 * 1_000_000_000;
            world.state().pass(three_days);
            let options = PruneOptions {
                keep_runs: None,
                locked: &HashSet::new(),
                older_than_days: 1,
                dry_run: false,
                checkpoints: &|_| Vec::new(),
            };
            on(world, |cache| prune(cache, &options).map(drop))
        };
        let disk = with_something_to_remove(manifest);
        let world = world(1);
        world.state().disk = disk.clone();
        old(&world).unwrap();
        let left = names(&world.state().disk);
        assert!(left.len() < names(&disk).len());
        each_operation_fails(&disk, old, |world, pruned, failed| {
            if pruned.is_ok() {
                assert_eq!(names(&world.state().disk), left, "{failed}");
            }
        });
    });
}

/// What a question to the cache is answered with, in words.
type Answer = Result<String, CacheError>;

fn told(answer: &impl Debug) -> String {
    format!("{answer:?}")
}

/// What is asked of a cache is answered as if nothing failed, or not at all.
#[test]
fn answers_are_right_or_errors() {
    in_folder(|manifest| {
        let disk = whole(manifest);
        let answers: [fn(&Cache) -> Answer; 6] = [
            |cache| Ok(told(&usage(&*cache.system, Path::new(CACHE))?)),
            |cache| Ok(told(&cache.runs.manifests()?)),
            |cache| Ok(told(&cache.runs.all("demo")?)),
            |cache| Ok(told(&cache.pins()?)),
            |cache| Ok(told(&cache.unpin(&pin())?)),
            |cache| {
                let latest = cache.runs.latest("demo")?;
                let decisions = latest.map(|run| cache.runs.decisions(&run)).transpose();
                Ok(told(&decisions?))
            },
        ];
        for answer in answers {
            let world = world(1);
            world.state().disk = disk.clone();
            let right = on(&world, answer).unwrap();
            let work = |world: &Arc<World>| on(world, answer);
            each_operation_fails(&disk, work, |_, answered, failed| {
                if let Ok(answered) = answered {
                    assert_eq!(answered, right, "{failed}");
                }
            });
        }
    });
}

/// A cache of a later version stays as it is, also where its VERSION cannot be read for a moment.
#[test]
fn a_cache_of_another_format_is_never_taken_for_a_new_one() {
    in_folder(|manifest| {
        let mut disk = whole(manifest);
        let version = Path::new(CACHE).join("VERSION");
        let node = disk.find(&version).unwrap();
        disk.replace(node, b"pipe cache 2\n", 0);
        let work = |world: &Arc<World>| on(world, |_| Ok(()));
        each_operation_fails(&disk, work, |world, opened, failed| {
            assert!(opened.is_err(), "{failed}");
            let state = world.state();
            let found = state.disk.bytes(state.disk.find(&version).unwrap());
            assert_eq!(found.unwrap(), b"pipe cache 2\n", "{failed}");
        });
    });
}
