//! What cannot be read for a moment is neither gone nor damaged: on a cache that is whole, each operation in turn fails
//! once. Whatever the work then says, nothing is lost by it, nothing is made again, and nothing is reported that is not so.

mod maintenance;

use std::path::Path;
use std::sync::Arc;

use pipe_engine::cache::{Cache, CacheError, Pin};
use pipe_engine::exec::RunSummary;
use rustix::io::Errno;

use super::disk::Disk;
use super::faults::{Fault, Faults};
use super::model::{BAD, Expected, Parameters};
use super::process::Process;
use super::regressions::{NOTHING_KEPT, executed, texts, world};
use super::run::{Ran, open, run};
use super::story::{CACHE, RUNS, TEXTS};
use super::world::World;
use super::{checks, in_folder};

/// Of the latest run.
const LATEST: Parameters = Parameters { salt: 1, rounds: 2 };
/// Of the first run, which is pinned.
const PINNED: Parameters = Parameters { salt: 2, rounds: 1 };
/// A disk that fails, and permissions that somebody is changing.
const ERRORS: [Errno; 2] = [Errno::IO, Errno::ACCESS];

/// The disk of a machine whose cache is whole.
fn whole(manifest: &Path) -> Disk {
    let world = world(1);
    for parameters in [PINNED, LATEST] {
        run(&Process::start(&world), manifest, parameters);
        world.state().pass(1_000_000_000);
    }
    on(&world, |cache| cache.pin(&pin())).unwrap();
    world.state().disk.clone()
}

fn pin() -> Pin {
    Pin {
        manifest: "demo".into(),
        number: 1,
    }
}

/// Does something with the cache, in a process of its own.
fn on<T>(
    world: &Arc<World>,
    work: impl FnOnce(&Cache) -> Result<T, CacheError>,
) -> Result<T, CacheError> {
    let process = Process::start(world);
    let done = open(&process).and_then(|cache| work(&cache));
    world.end(process.number);
    done
}

/// Does `work` as often as it has operations, and lets another of them fail each time; what it came to is for `check`,
/// with words for where it failed.
fn each_operation_fails<T>(
    disk: &Disk,
    work: impl Fn(&Arc<World>) -> T,
    mut check: impl FnMut(&Arc<World>, T, &str),
) {
    for errno in ERRORS {
        for at in 1.. {
            let world = world(1);
            world.state().disk = disk.clone();
            // Later than all times of files.
            world.state().pass(100_000_000_000);
            let fault = Fault::Fail { errno, times: 1 };
            world.state().faults = Faults::of(Some((at, fault)));
            let done = work(&world);
            let faults = std::mem::take(&mut world.state().faults);
            if !faults.is_spent() {
                assert!(at > 5, "it does something");
                break;
            }
            check(&world, done, &format!("{errno:?} at operation {at}"));
        }
    }
}

/// The user writes the text `b`.
fn write(world: &Arc<World>, text: &[u8]) {
    let mut state = world.state();
    let node = state.disk.find(&Path::new(TEXTS).join("b")).unwrap();
    let now_ns = state.disk_ns();
    state.disk.replace(node, text, now_ns);
    state.pass(10_000_000_000);
}

/// The latest run and the pinned one still have all their results, and nothing to do.
fn nothing_is_lost(world: &Arc<World>, manifest: &Path, failed: &str) {
    for parameters in [LATEST, PINNED] {
        let ran = run(&Process::start(world), manifest, parameters);
        assert!(is_complete(&ran), "{failed}: {:?}", ran.heard);
        assert_eq!(executed(&ran), [""; 0], "{failed}");
        assert_eq!(ran.heard.warnings, [""; 0], "{failed}");
        let expected = Expected::of(&texts(), parameters);
        let done = checks::Done::default();
        checks::files_are_right(&world.state(), &expected, &done).unwrap();
    }
}

fn is_complete(ran: &Ran) -> bool {
    let is_complete = |summary: &RunSummary| summary.counts.failed + summary.counts.skipped == 0;
    summary(ran).is_some_and(is_complete)
}

fn items_set_aside(ran: &Ran) -> usize {
    summary(ran).map_or(0, |summary| summary.items.bad)
}

fn summary(ran: &Ran) -> Option<&RunSummary> {
    ran.summary.as_ref()?.as_ref().ok()
}

/// No run says that something is damaged.
fn tells_of_no_damage(ran: &Ran, failed: &str) {
    let heard = ran.heard.warnings.iter().chain(&ran.heard.failures);
    let damage: Vec<&String> = heard.filter(|said| said.contains("damaged")).collect();
    assert!(damage.is_empty(), "{failed}: {damage:?}");
}

#[test]
fn a_run_of_which_everything_is_done_makes_nothing() {
    in_folder(|manifest| {
        let known = whole(manifest);
        // Without what is known of files, objects are read.
        let mut unknown = known.clone();
        let log = Path::new(CACHE).join("files.log");
        unknown.remove(&log, false, 0).unwrap();
        for disk in [known, unknown] {
            let work = |world: &Arc<World>| run(&Process::start(world), manifest, LATEST);
            each_operation_fails(&disk, work, |world, ran, failed| {
                assert_eq!(executed(&ran), [""; 0], "{failed}");
                tells_of_no_damage(&ran, failed);
                nothing_is_lost(world, manifest, failed);
            });
        }
    });
}

#[test]
fn a_run_after_an_edit_makes_only_what_the_edit_concerns() {
    in_folder(|manifest| {
        let work = |world: &Arc<World>| {
            write(world, b"bbb");
            let rounds = 4;
            let parameters = Parameters { rounds, ..LATEST };
            run(&Process::start(world), manifest, parameters)
        };
        each_operation_fails(&whole(manifest), work, |world, ran, failed| {
            for step in &ran.heard.finished {
                assert!(step.computed <= 1, "{failed}: {step:?}");
            }
            tells_of_no_damage(&ran, failed);
            write(world, &texts()["b"]);
            nothing_is_lost(world, manifest, failed);
        });
    });
}

/// A step that opens what an earlier one has made, and a copy for people that is made again.
#[test]
fn a_run_that_opens_results_takes_none_for_damaged() {
    in_folder(|manifest| {
        let work = |world: &Arc<World>| {
            let mut state = world.state();
            let now_ns = state.disk_ns();
            let copy = Path::new(RUNS).join("demo/joined/text");
            state.disk.remove(&copy, false, now_ns).unwrap();
            drop(state);
            let rounds = 4;
            let parameters = Parameters { rounds, ..LATEST };
            run(&Process::start(world), manifest, parameters)
        };
        each_operation_fails(&whole(manifest), work, |world, ran, failed| {
            let executed = executed(&ran);
            assert!(executed.iter().all(|step| *step == "fitted"), "{failed}");
            tells_of_no_damage(&ran, failed);
            nothing_is_lost(world, manifest, failed);
        });
    });
}

/// What a run has made, when it has come to its end, is on the disk; a folder or file that could not be opened to sync it
/// is no exception.
#[test]
fn a_run_that_succeeds_has_synced_everything() {
    in_folder(|manifest| {
        let disk = world(1).state().disk.clone();
        let work = |world: &Arc<World>| run(&Process::start(world), manifest, LATEST);
        each_operation_fails(&disk, work, |world, ran, failed| {
            // A text that may not be read is set aside, and is another text when it may.
            if is_complete(&ran) && items_set_aside(&ran) == 0 {
                world.state().cut_power(NOTHING_KEPT);
                let again = run(&Process::start(world), manifest, LATEST);
                assert_eq!(executed(&again), [""; 0], "{failed}");
            }
        });
    });
}

/// A run that warns of nothing has put everything where people look for it, and has taken away what is not so any more.
#[test]
fn a_run_that_warns_of_nothing_has_put_all_results_right() {
    in_folder(|manifest| {
        let world = world(1);
        write(&world, &[BAD]);
        run(&Process::start(&world), manifest, LATEST);
        let mut disk = world.state().disk.clone();
        // As in a new cache, nothing is known of what was put there.
        for (record, _) in disk.files(&Path::new(CACHE).join("published")) {
            disk.remove(&record, false, 0).unwrap();
        }
        let table = Path::new(RUNS).join("demo/turned/set_aside.tsv");
        assert!(disk.find(&table).is_ok());
        let work = |world: &Arc<World>| {
            write(world, &texts()["b"]);
            run(&Process::start(world), manifest, LATEST)
        };
        each_operation_fails(&disk, work, |world, ran, failed| {
            if is_complete(&ran) && items_set_aside(&ran) == 0 && ran.heard.warnings.is_empty() {
                assert!(world.state().disk.find(&table).is_err(), "{failed}");
                let expected = Expected::of(&texts(), LATEST);
                let done = checks::Done::default();
                checks::files_are_right(&world.state(), &expected, &done).unwrap();
            }
        });
    });
}
