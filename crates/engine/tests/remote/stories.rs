//! Machines that share a store which cannot be trusted in anything, for many seeds: no run fails for its sake, none gives
//! another result than without it, and once it behaves, everything is as if it always had.

use std::collections::HashMap;
use std::sync::Arc;

use pipe_engine::cache::remote::{MemoryStore, NoSignatures, RemoteOptions};
use pipe_engine::cache::{VerifyOptions, verify};
use pipe_foundation::random::{stream, uniform, whole};

use super::hostile::{Hostile, Mood};
use super::machine::{Machine, options};
use super::quick_system::QuickSystem;

/// Seeds that are played.
const SEEDS: u64 = 12;
/// Items and results of all of them.
type Size = (usize, usize);
/// Files for people, by name.
type Results = Vec<(String, String)>;

/// What each size comes to without a store.
#[derive(Default)]
struct Model(HashMap<Size, Results>);

impl Model {
    fn of(&mut self, size: Size) -> &Results {
        self.0.entry(size).or_insert_with(|| {
            let alone = Machine::new();
            let nothing = Arc::new(MemoryStore::default());
            let never = RemoteOptions {
                pulls: false,
                pushes: false,
                ..options(Box::new(NoSignatures))
            };
            alone.run_with(&nothing, size, never);
            alone.results()
        })
    }
}

/// A run with the store; its results must be those of the model.
fn run(machine: &Machine, store: &Arc<Hostile>, size: Size, expected: &Results, about: &str) {
    machine.forget_results();
    machine.run(store, size);
    assert_eq!(&machine.results(), expected, "{about}");
}

fn play(seed: u64, model: &mut Model) {
    let system = QuickSystem::default();
    let store = Hostile::new(seed, system.clone());
    let machines: Vec<Machine> = (0..3)
        .map(|_| Machine::on(Arc::new(system.clone())))
        .collect();
    let mut random = stream("stories of a hostile store", &[&seed.to_le_bytes()]);
    for act in 0..6 {
        let mood = Mood::drawn(&mut random);
        store.set_mood(mood);
        let mut size = || (3 + whole(&mut random, 4), 1 + whole(&mut random, 2));
        let sizes = [size(), size()];
        for size in sizes {
            model.of(size);
        }
        let first = whole(&mut random, 2);
        let about = format!("seed {seed}, act {act}: {mood:?}");
        match uniform(&mut random) < 0.4 {
            // Two at once, which send the same or other things.
            true => std::thread::scope(|scope| {
                for (machine, size) in [first, (first + 1) % 3].into_iter().zip(sizes) {
                    let (machine, store, about) = (&machines[machine], &store, &about);
                    let expected = &model.0[&size];
                    scope.spawn(move || run(machine, store, size, expected, about));
                }
            }),
            false => run(
                &machines[first],
                &store,
                sizes[0],
                model.of(sizes[0]),
                &about,
            ),
        }
    }
    // It behaves again: every machine, and somebody new, comes to the results, and has a whole cache.
    store.set_mood(Mood::default());
    let size = (7, 3);
    let somebody = Machine::on(Arc::new(system.clone()));
    for (number, machine) in machines.iter().chain([&somebody]).enumerate() {
        let about = format!("seed {seed}, machine {number} at the end");
        run(machine, &store, size, model.of(size), &about);
        let before = machine.work.counts();
        run(machine, &store, size, model.of(size), &about);
        assert_eq!(machine.work.counts(), before, "{about}: all is here");
        let cache = machine.cache(&store, options(Box::new(NoSignatures)));
        let options = VerifyOptions {
            repair: false,
            is_checkpoint_whole: &|_, _| true,
        };
        let found = verify(&cache, options).unwrap();
        assert!(found.damaged.is_empty(), "{about}: {:?}", found.damaged);
    }
}

#[test]
fn whatever_a_store_does_results_are_right_and_runs_end_well() {
    let mut model = Model::default();
    for seed in 0..SEEDS {
        play(seed, &mut model);
    }
}
