//! What seeds have found, each as the shortest story that shows it.

use std::path::Path;
use std::sync::Arc;

use pipe_foundation::durable;
use pipe_foundation::system::System;
use rustix::io::Errno;

use super::faults::{Fault, Faults};
use super::model::{Expected, Parameters, Texts};
use super::platter::PowerCut;
use super::process::Process;
use super::run::{Ran, run};
use super::story::{CACHE, TEXTS};
use super::world::{Machine, World};
use super::{checks, in_folder};

const PARAMETERS: Parameters = Parameters { salt: 1, rounds: 2 };
/// A run from nothing does fewer operations.
const OPERATIONS: u64 = 700;
/// A power cut that leaves nothing but what was synced.
pub const NOTHING_KEPT: PowerCut = PowerCut {
    names_in_order: false,
    kept_percent: 0,
};

/// A world with three texts.
pub fn world(seed: u64) -> Arc<World> {
    let machine = Machine {
        step_ns: 1,
        ahead_ns: 0,
        two_devices: false,
        switch_percent: 20,
        reuses_inodes: true,
    };
    let world = World::new(seed, machine, false);
    let mut state = world.state();
    let now_ns = state.disk_ns();
    for folder in [TEXTS, "/runs"] {
        state.disk.create_folder(Path::new(folder), now_ns).unwrap();
    }
    for (name, text) in texts() {
        let path = Path::new(TEXTS).join(name);
        let node = state.disk.create_file(&path, now_ns).unwrap();
        state.disk.replace(node, &text, now_ns);
    }
    state.disk.sync_everything();
    state.pass(3_000_000_000);
    drop(state);
    world
}

/// Its texts.
pub fn texts() -> Texts {
    let texts = [("a", "abc"), ("b", "bca"), ("c", "cab")];
    let owned = texts.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    owned.into()
}

/// A run in which `fault` comes with the operation `at`.
fn run_with(world: &Arc<World>, manifest: &Path, fault: Option<(u64, Fault)>) -> Ran {
    world.state().faults = Faults::of(fault);
    let ran = run(&Process::start(world), manifest, PARAMETERS);
    world.state().faults = Faults::default();
    world.state().pass(1_000_000_000);
    ran
}

/// Steps that a run has executed.
pub fn executed(ran: &Ran) -> Vec<&str> {
    let finished = ran
        .heard
        .finished
        .iter()
        .filter(|finished| finished.executed);
    finished.map(|finished| finished.step.as_str()).collect()
}

/// Seeds 2, 8 and 14: folders that the run had made were gone with all that was in them, and so was the item index.
#[test]
fn what_a_run_has_made_outlives_a_power_cut() {
    in_folder(|manifest| {
        let world = world(1);
        assert_eq!(executed(&run_with(&world, manifest, None)).len(), 5);
        world.state().cut_power(NOTHING_KEPT);
        let again = run_with(&world, manifest, None);
        assert_eq!(executed(&again), [""; 0]);
        assert_eq!(again.heard.warnings, [""; 0]);
    });
}

/// Seeds 3743 and 4005: what a killed run had made was found by the next one and never synced; then it was gone, and what
/// had been made from it was made again.
#[test]
fn what_a_killed_run_has_made_outlives_a_power_cut_once_another_has_used_it() {
    in_folder(|manifest| {
        for killed_at in (1..OPERATIONS).step_by(7) {
            let world = world(killed_at);
            run_with(&world, manifest, Some((killed_at, Fault::Kill)));
            run_with(&world, manifest, None);
            world.state().cut_power(NOTHING_KEPT);
            let again = run_with(&world, manifest, None);
            assert_eq!(executed(&again), [""; 0], "killed at {killed_at}");
        }
    });
}

/// Seed 32912: items of a run that was told by the disk that they are not there, or was killed before it asked, were found by
/// the next one, which did not sync them either.
#[test]
fn items_that_another_run_has_used_outlive_a_power_cut() {
    in_folder(|manifest| {
        let (errno, times) = (Errno::IO, 1);
        for fault in [Fault::Kill, Fault::Fail { errno, times }] {
            for at in 1..OPERATIONS {
                let world = world(at);
                run_with(&world, manifest, Some((at, fault.clone())));
                run_with(&world, manifest, None);
                {
                    let mut state = world.state();
                    state.cut_power(NOTHING_KEPT);
                    let now_ns = state.disk_ns();
                    let path = Path::new(TEXTS).join("d");
                    let node = state.disk.create_file(&path, now_ns).unwrap();
                    state.disk.replace(node, b"cc", now_ns);
                    state.pass(3_000_000_000);
                }
                let again = run_with(&world, manifest, None);
                for finished in again.heard.finished {
                    let made = finished.computed;
                    assert!(made <= 1, "{fault:?} at {at}: {made} of {}", finished.step);
                }
            }
        }
    });
}

/// Seed 63232: the record of a step that a killed run had made was found by a run that was about to make it, since that of
/// its input was damaged, and was never synced.
#[test]
fn a_record_that_is_found_in_place_of_a_miss_outlives_a_power_cut() {
    in_folder(|manifest| {
        for killed_at in (1..OPERATIONS).step_by(3) {
            let world = world(killed_at);
            run_with(&world, manifest, Some((killed_at, Fault::Kill)));
            {
                let mut state = world.state();
                let records = state.disk.files(&Path::new(CACHE).join("steps"));
                if let Some((path, node)) = records.get(killed_at as usize % records.len().max(1)) {
                    let mut bytes = state.disk.bytes(*node).unwrap().to_vec();
                    if let Some(first) = bytes.first_mut() {
                        *first ^= 1;
                    }
                    let (node, now_ns) = (*node, state.disk_ns());
                    let shown = path.display().to_string();
                    state.disk.replace(node, &bytes, now_ns);
                    state.remark(|| format!("{shown} is damaged"));
                }
            }
            run_with(&world, manifest, None);
            world.state().cut_power(NOTHING_KEPT);
            let again = run_with(&world, manifest, None);
            assert_eq!(executed(&again), [""; 0], "killed at {killed_at}");
        }
    });
}

/// Seed 294: a copy of a result was remembered as right, and the power cut left zeros of it.
#[test]
fn copies_for_people_are_right_after_a_power_cut() {
    in_folder(|manifest| {
        for seed in 0..40 {
            let world = world(seed);
            (0..3).for_each(|_| drop(run_with(&world, manifest, None)));
            let names_in_order = true;
            world.state().cut_power(PowerCut {
                names_in_order,
                kept_percent: 50,
            });
            run_with(&world, manifest, None);
            let expected = Expected::of(&texts(), PARAMETERS);
            let done = checks::Done::default();
            checks::files_are_right(&world.state(), &expected, &done).unwrap();
        }
    });
}

/// Seeds 4005, 17474, 17957, 53244 and 77350: a copy that a killed run had made was found right by the next one and never
/// synced, while the stat cache vouched for it.
#[test]
fn copies_that_a_killed_run_has_made_are_right_after_a_power_cut() {
    in_folder(|manifest| {
        for killed_at in (1..OPERATIONS).step_by(3) {
            let world = world(killed_at);
            run_with(&world, manifest, Some((killed_at, Fault::Kill)));
            (0..2).for_each(|_| drop(run_with(&world, manifest, None)));
            world.state().cut_power(PowerCut {
                names_in_order: false,
                kept_percent: 80,
            });
            run_with(&world, manifest, None);
            let expected = Expected::of(&texts(), PARAMETERS);
            let done = checks::Done::default();
            let right = checks::files_are_right(&world.state(), &expected, &done);
            assert!(right.is_ok(), "killed at {killed_at}: {right:?}");
        }
    });
}

/// Seeds 510, 522 and 5365: a link to a large result was swept away before it had its name, and so was a file between its
/// making and its lock.
#[test]
fn files_and_links_get_their_names_while_another_process_sweeps() {
    for seed in 0..100 {
        let world = world(seed);
        let (writing, sweeping) = (Process::start(&world), Process::start(&world));
        let folder = Path::new("/runs");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..40).for_each(|_| durable::sweep(&sweeping, folder));
                world.end(sweeping.number);
            });
            for _ in 0..10 {
                let (file, link) = (folder.join("file"), folder.join("link"));
                durable::write(&writing, &file, b"bytes").unwrap();
                durable::link(&writing, &file, &link).unwrap();
                assert_eq!(writing.read_link(&link).unwrap(), file, "seed {seed}");
            }
            world.end(writing.number);
        });
        let names = world.state().disk.entries(folder).unwrap();
        assert_eq!(names.len(), 2, "seed {seed}: {names:?}");
    }
}

/// Seed 1011: a look at a text that failed for the disk's fault counted as a change of the text, which was set aside.
#[test]
fn a_disk_that_fails_for_a_moment_sets_no_text_aside() {
    in_folder(|manifest| {
        for at in 1..OPERATIONS {
            let world = world(at);
            let (errno, times) = (Errno::IO, 1);
            let ran = run_with(&world, manifest, Some((at, Fault::Fail { errno, times })));
            if let Some(Ok(summary)) = &ran.summary {
                assert_eq!(summary.items.bad, 0, "failed at {at}");
            }
        }
    });
}

/// Seed 35421: with no file descriptor left, the folder of a file that had its name already was not synced. Readers found
/// the file, and a power cut took it.
#[test]
fn a_file_that_readers_find_outlives_a_power_cut_where_descriptors_run_out() {
    let path = Path::new("/runs/record");
    let content = |world: &World| {
        let state = world.state();
        let node = state.disk.find(path).unwrap();
        state.disk.bytes(node).unwrap().to_vec()
    };
    let mut failed = 0;
    for at in 1..40 {
        let world = world(at);
        let process = Process::start(&world);
        durable::write(&process, path, b"old").unwrap();
        let (errno, times) = (Errno::MFILE, 1);
        world.state().faults = Faults::of(Some((at, Fault::Fail { errno, times })));
        let written = durable::write(&process, path, b"new");
        world.end(process.number);
        let found = content(&world);
        world.state().cut_power(NOTHING_KEPT);
        assert_eq!(content(&world), found, "no descriptor at {at}");
        let expected = [b"old", b"new"][usize::from(written.is_ok())];
        assert_eq!(found, expected, "no descriptor at {at}");
        failed += u32::from(written.is_err());
    }
    assert!(failed > 0);
}

/// What is no file, in the place of one of the cache, is never waited for, or taken for one: the run ends, or makes again
/// what is missing, and once it is gone the next one comes to the right results.
#[test]
fn a_folder_in_the_place_of_a_file_of_the_cache_breaks_nothing() {
    in_folder(|manifest| {
        let first = world(1);
        run_with(&first, manifest, None);
        let whole = first.state().disk.clone();
        let files = whole.files(Path::new(CACHE));
        assert!(files.len() > 10, "{files:?}");
        for (path, _) in files {
            let world = world(1);
            {
                let mut state = world.state();
                state.disk = whole.clone();
                state.pass(100_000_000_000);
                let now_ns = state.disk_ns();
                state.disk.remove(&path, false, now_ns).unwrap();
                state.disk.create_folder(&path, now_ns).unwrap();
            }
            let ran = run_with(&world, manifest, None);
            let shown = path.display();
            assert!(ran.summary.is_some(), "a run panicked with {shown}");
            {
                let mut state = world.state();
                let now_ns = state.disk_ns();
                // A run may have taken it away.
                let _ = state.disk.remove(&path, true, now_ns);
            }
            let again = run_with(&world, manifest, None);
            assert!(matches!(again.summary, Some(Ok(_))), "after {shown}");
            let expected = Expected::of(&texts(), PARAMETERS);
            let done = checks::Done::default();
            checks::files_are_right(&world.state(), &expected, &done).unwrap();
        }
    });
}
