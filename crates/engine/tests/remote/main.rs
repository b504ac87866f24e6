//! Two caches that share a remote one: what one has made the other fetches, whatever becomes of the bytes in between.

mod hostile;
mod machine;
mod names;
mod quick_system;
mod slow_index;
mod stories;
mod troubled;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pipe_engine::cache::remote::{MemoryStore, NoSignatures, RemoteOptions, StoreError};
use pipe_engine::exec::{Event, pull, push};

use machine::{Listener, Machine, options};
use names::Names;
use troubled::Troubled;

#[test]
fn another_machine_computes_nothing_and_then_only_what_is_new() {
    let store = Arc::new(MemoryStore::default());
    let (first, second) = (Machine::new(), Machine::new());
    first.run(&store, (50, 3));
    assert_eq!(first.work.counts(), [50, 50, 3]);
    let (summary, listener) = second.run(&store, (50, 3));
    assert_eq!(second.work.counts(), [0, 0, 0]);
    assert_eq!((summary.counts.hit, summary.counts.fetched), (5, 5));
    assert_eq!(second.results(), first.results());
    assert!(listener.has(|event| matches!(event, Event::RemoteFetched { results: 5, .. })));
    // One more item, and one more file of all of them: the items of before come.
    let third = Machine::new();
    third.run(&store, (51, 4));
    assert_eq!(third.work.counts(), [1, 1, 4]);
    // What that one has made is there for the first.
    first.run(&store, (51, 4));
    assert_eq!(first.work.counts(), [50, 50, 3]);
    // Where everything is here, nobody is asked.
    let before = store.requests();
    let (summary, _) = first.run(&store, (51, 4));
    assert_eq!(summary.counts.fetched, 0);
    assert_eq!(store.requests(), before);
}

#[test]
fn items_alone_come_where_only_a_whole_set_is_new() {
    let store = Arc::new(MemoryStore::default());
    let (first, second) = (Machine::new(), Machine::new());
    first.run(&store, (30, 1));
    // The sets are known there, and the files of the first; the others are made of items that come.
    second.run(&store, (30, 5));
    assert_eq!(second.work.counts(), [0, 0, 4]);
}

#[test]
fn nothing_is_pushed_or_pulled_that_is_not_wanted() {
    let store = Arc::new(MemoryStore::default());
    let only = |pulls, pushes| RemoteOptions {
        pulls,
        pushes,
        ..options(Box::new(NoSignatures))
    };
    let (first, second) = (Machine::new(), Machine::new());
    first.run_with(&store, (5, 1), only(true, false));
    assert!(store.objects().is_empty());
    first.run_with(&store, (5, 1), only(false, true));
    assert!(!store.objects().is_empty());
    assert_eq!(first.work.counts(), [5, 5, 1]);
    second.run_with(&store, (5, 1), only(false, true));
    assert_eq!(second.work.counts(), [5, 5, 1]);
}

#[test]
fn a_push_and_a_pull_move_a_plan_without_a_run() {
    let store = Arc::new(MemoryStore::default());
    let (first, second) = (Machine::new(), Machine::new());
    let offline = Arc::new(MemoryStore::default());
    first.run(&offline, (20, 2));
    let cache = first.cache(&store, options(Box::new(NoSignatures)));
    let all = push(&first.plan(20, 2), &cache, &Listener::default()).unwrap();
    assert_eq!(all, (4, 0));
    let cache = second.cache(&store, options(Box::new(NoSignatures)));
    let pulled = pull(&second.plan(20, 2), &cache, &Listener::default()).unwrap();
    assert_eq!(pulled, (4, 0));
    drop(cache);
    // Without the store, everything is here.
    let nothing = Arc::new(MemoryStore::default());
    second.run(&nothing, (20, 3));
    assert_eq!(second.work.counts(), [0, 0, 1]);
}

/// What becomes of an object.
type Damage<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

#[test]
fn every_damaged_object_is_noticed_and_what_it_held_is_computed() {
    let whole = Arc::new(MemoryStore::default());
    let first = Machine::new();
    first.run(&whole, (20, 2));
    let results = first.results();
    let cut = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let flip = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    let empty = |_: &[u8]| Vec::new();
    let damages: [Damage; 3] = [&cut, &flip, &empty];
    for name in whole.objects().keys() {
        for damage in damages {
            let store = Arc::new(MemoryStore::default());
            for (name, bytes) in whole.objects() {
                store.replace(&name, bytes.to_vec());
            }
            store.replace(name, damage(&whole.objects()[name]));
            let machine = Machine::new();
            machine.run(&store, (20, 2));
            assert_eq!(machine.results(), results, "{name}");
        }
    }
}

#[test]
fn a_store_in_trouble_is_given_up_and_told_of_once() {
    let troubles: [fn(usize) -> Option<StoreError>; 2] = [
        |_| Some(StoreError::Failed("no connection".into())),
        |_| Some(StoreError::Refused("access is denied".into())),
    ];
    for trouble in troubles {
        let store = Troubled::new(trouble);
        let machine = Machine::new();
        let (summary, listener) = machine.run(&store, (20, 2));
        assert_eq!(summary.counts.executed, 4);
        let off = |event: &&Event| matches!(event, Event::RemoteOff { .. });
        assert_eq!(listener.0.lock().unwrap().iter().filter(off).count(), 1);
        assert!(store.asked.load(Ordering::Relaxed) <= 16);
    }
}

#[test]
fn a_request_that_fails_now_and_then_is_made_again() {
    let store = Troubled::new(|asked| {
        (asked % 3 == 1).then(|| StoreError::Failed("the server is busy".into()))
    });
    let (first, second) = (Machine::new(), Machine::new());
    first.run(&store, (20, 2));
    second.run(&store, (20, 2));
    assert_eq!(second.work.counts(), [0, 0, 0]);
}

#[test]
fn entries_of_strangers_are_refused_told_of_and_computed() {
    let signed = |own, trusted| options(Box::new(Names { own, trusted }));
    for (own, is_trusted) in [
        (Some("friend"), true),
        (Some("stranger"), false),
        (None, false),
    ] {
        let store = Arc::new(MemoryStore::default());
        let (first, second) = (Machine::new(), Machine::new());
        first.run_with(&store, (10, 2), signed(own, &["friend", "stranger"]));
        let (_, listener) = second.run_with(&store, (10, 2), signed(None, &["friend"]));
        let is_refusal = |event: &Event| matches!(event, Event::RemoteRefused { .. });
        assert_eq!(listener.has(is_refusal), !is_trusted);
        let counts = if is_trusted { [0, 0, 0] } else { [10, 10, 2] };
        assert_eq!(second.work.counts(), counts);
    }
}

#[test]
fn many_segments_are_covered_by_one_for_whoever_is_new() {
    let store = Arc::new(MemoryStore::default());
    let machine = Machine::new();
    for joins in 1..=70 {
        machine.run(&store, (3, joins));
    }
    let names = store.objects().into_keys();
    let merged = names
        .filter(|name| name.starts_with("index/merged-"))
        .count();
    assert_eq!(merged, 1);
    let before = store.requests();
    let new = Machine::new();
    new.run(&store, (3, 70));
    assert_eq!(new.work.counts(), [0, 0, 0]);
    // Those that came after it, and the packs, which are as small as the runs.
    assert!(
        store.requests() - before < 90,
        "{}",
        store.requests() - before
    );
}

#[test]
fn a_large_plan_takes_few_requests_and_little_for_each_step() {
    const ITEMS: usize = 3_000;
    const JOINS: usize = 400;
    let store = Arc::new(MemoryStore::default());
    let (first, second) = (Machine::new(), Machine::new());
    first.run(&store, (ITEMS, JOINS));
    let pushed = store.requests();
    second.run(&store, (ITEMS, JOINS));
    assert_eq!(second.work.counts(), [0, 0, 0]);
    let pulled = store.requests() - pushed;
    assert!(
        pushed <= 12 && pulled <= 12,
        "{pushed} and {pulled} requests"
    );
    let objects = store.objects();
    let bytes_below = |prefix: &str| -> usize {
        let own = objects.iter().filter(|(name, _)| name.starts_with(prefix));
        own.map(|(_, bytes)| bytes.len()).sum()
    };
    assert!(
        bytes_below("index/") < 400 * JOINS,
        "{}",
        bytes_below("index/")
    );
    assert!(
        bytes_below("items/") < 2 * 100 * ITEMS,
        "{}",
        bytes_below("items/")
    );
}
