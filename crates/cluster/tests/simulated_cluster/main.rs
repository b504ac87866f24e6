//! A cluster in memory, with machines that fail, jobs that are killed, pre-empted or forgotten, and a scheduler that does not
//! always answer, under the code that hands in work and follows it. No real time passes, and a seed always gives the same.

mod scale;
mod trouble;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pipe_cluster::{Cut, FollowOptions, Follower, Happening, Ledger, Settled, Work};
use pipe_foundation::Digest;
use pipe_foundation::system::RealSystem;

use trouble::Trouble;
use world::World;

/// Seconds between two turns.
const PERIOD: Duration = Duration::from_secs(15);

fn work(name: String, like: &str, after: Vec<usize>) -> Work {
    Work {
        plan_key: Some(Digest::of(name.as_bytes()).hex()),
        name,
        like: like.into(),
        title: like.into(),
        after,
        needs_all: true,
        ..Work::default()
    }
}

/// Features of so many utterances, trainings, a test of each, tables over ten tests each, a report over all tables.
fn study(models: usize, utterances: usize) -> Vec<Work> {
    let mut works = vec![Work {
        items: Some(utterances),
        ..work("features".into(), "items", Vec::new())
    }];
    works.extend((0..models).map(|model| work(format!("train {model}"), "train", vec![0])));
    works
        .extend((0..models).map(|model| work(format!("test {model}"), "test", vec![0, 1 + model])));
    let first = works.len() - models;
    let tables = models / 10;
    works.extend((0..tables).map(|table| {
        let tests = (0..10).map(|test| first + 10 * table + test);
        work(format!("table {table}"), "table", tests.collect())
    }));
    let last = works.len();
    works.push(work(
        "report".into(),
        "report",
        (last - tables..last).collect(),
    ));
    works
}

fn options() -> FollowOptions {
    FollowOptions {
        cut: Cut {
            most_tasks: 1001,
            items_per_task: 2_000,
            units_per_device: 1,
        },
        retries: 1_000,
        setup: Vec::new(),
        command: "pipe step".into(),
        folder: "/".into(),
        late: Duration::from_secs(120),
    }
}

/// What came of a story.
struct Told {
    world: World,
    settled: Vec<Settled>,
    submissions: usize,
    tasks: usize,
    turns: usize,
    again: usize,
    metadata_bytes: u64,
}

/// Plays `works` to the end, on so many machines, with `trouble`.
fn play(works: Vec<Work>, machines: usize, trouble: Trouble) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::at(Arc::new(RealSystem), folder.path().join("jobs/5eed"));
    ledger.create().unwrap();
    let mut world = World::new(works.clone(), ledger.clone(), machines, trouble);
    let units = works.len();
    let mut follower = Follower::new(works, (0..units).collect(), &ledger, options()).unwrap();
    let (mut turns, mut again) = (0, 0);
    let mut now = Duration::ZERO;
    // Whoever starts it hands in all at once, as far as the scheduler answers.
    let submitted = follower.submit(&world, &mut |_| {});
    assert!(submitted.is_ok() || trouble.silent > 0.0, "{submitted:?}");
    loop {
        turns += 1;
        assert!(turns < 100_000, "it does not end: {:?}", follower.open());
        now += PERIOD;
        world.pass_time();
        let mut view = world.results();
        let mut tell =
            |happening| again += usize::from(matches!(happening, Happening::Again { .. }));
        // What is refused is tried in the next turn, as a person would by attaching again.
        if let Ok(true) = follower.turn(&world, &mut view, now, &mut tell, &|| false) {
            break;
        }
        // Another terminal takes over now and then: it knows nothing but the results and the ledger.
        if world.draws(trouble.takes_over) {
            let seen = world.results().0;
            let open = (0..units).filter(|unit| !seen.contains(unit)).collect();
            follower = Follower::new(world.works.clone(), open, &ledger, options()).unwrap();
        }
    }
    let settled = |unit| follower.settled(unit).unwrap_or(Settled::Made);
    let settled: Vec<Settled> = (0..units).map(settled).collect();
    let submissions = follower.submissions();
    let files = (0..submissions).map(|array| std::fs::metadata(ledger.tasks(array)).unwrap().len());
    let metadata_bytes = files.sum();
    let tasks = ledger.arrays().unwrap();
    let tasks = tasks.iter().map(|array| array.tasks.len()).sum();
    drop(follower);
    Told {
        world,
        settled,
        submissions,
        tasks,
        turns,
        again,
        metadata_bytes,
    }
}

/// What each unit must come to: those that fail by themselves, and what needs them.
fn expected(works: &[Work], doomed: &BTreeSet<usize>) -> Vec<Settled> {
    let mut expected: Vec<Settled> = Vec::new();
    for (unit, work) in works.iter().enumerate() {
        let lost = |other: &usize| expected[*other] != Settled::Made;
        expected.push(match doomed.contains(&unit) {
            _ if work.after.iter().any(lost) => Settled::Skipped,
            true => Settled::Failed,
            false => Settled::Made,
        });
    }
    expected
}

#[test]
fn on_a_quiet_cluster_each_step_is_computed_once_and_submissions_and_polls_are_few() {
    let works = study(4_760, 100_000);
    assert!(works.len() > 9_990, "{}", works.len());
    let units = works.len();
    let told = play(works.clone(), 300, Trouble::none(1));
    assert_eq!(told.settled, expected(&works, &BTreeSet::new()));
    assert!(told.world.made.iter().all(|made| *made == 1));
    assert_eq!(told.again, 0);
    // Shares and set of the features, trainings, tests, tables, the report.
    assert_eq!(told.submissions, 6);
    assert_eq!(told.world.polls(), told.turns, "one a period");
    let bytes = told.metadata_bytes / units as u64;
    assert!(bytes < 200, "{bytes} bytes of metadata per step");
}

#[test]
fn what_is_lost_is_done_again_and_nothing_else() {
    for seed in 0..12 {
        let works = study(100, 100_000);
        let trouble = Trouble::plenty(seed);
        let told = play(works.clone(), 20, trouble);
        let World {
            made, lost, doomed, ..
        } = &told.world;
        assert_eq!(told.settled, expected(&works, doomed), "seed {seed}");
        for (unit, settled) in told.settled.iter().enumerate() {
            let times = usize::from(*settled == Settled::Made);
            assert_eq!(made[unit], times, "seed {seed}: {}", works[unit].name);
        }
        assert!(*lost > 0, "seed {seed}");
    }
}

#[test]
fn ten_thousand_steps_survive_a_cluster_that_fails_all_the_time() {
    let works = study(4_760, 100_000);
    let trouble = Trouble {
        doomed: 0.001,
        ..Trouble::plenty(77)
    };
    let told = play(works.clone(), 300, trouble);
    let World {
        made, doomed, lost, ..
    } = &told.world;
    assert_eq!(told.settled, expected(&works, doomed));
    let twice = made.iter().filter(|made| **made > 1).count();
    assert_eq!(twice, 0);
    assert!(*lost > 100, "{lost}");
}
