//! Runs that are about some steps, that make a share of the items, or that end with what was made elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pipe_foundation::Digest;
use pipe_foundation::system::{RealSystem, System};

use crate::cache::Cache;
use crate::plan::Plan;
use crate::stage::Device;

use super::toy_domain::{self, NAMES};
use super::{
    Elsewhere, FailedElsewhere, ItemShare, MissingInputs, Resolver, RunOptions, RunSummary,
    Selection, Silent, Status, Watch, run, units,
};

const MANIFEST: &str = r#"
[stage.listed]
kind = "list"

[stage.passed]
kind = "pass"
input = "listed"

[stage.apart]
kind = "make"
"#;

struct Toys {
    _folder: tempfile::TempDir,
    runs: PathBuf,
    cache: Cache,
    plan: Plan,
}

impl Toys {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            runs: folder.path().join("runs"),
            cache: Cache::open(&folder.path().join("cache"), false).unwrap(),
            plan: toy_domain::plan(folder.path(), MANIFEST, Device::default()),
            _folder: folder,
        }
    }

    fn options(&self) -> RunOptions<'_> {
        RunOptions {
            runs: &self.runs,
            ..RunOptions::default()
        }
    }

    fn run(&self, options: &RunOptions<'_>) -> RunSummary {
        run(&self.plan, &self.cache, options, &Silent).unwrap()
    }

    fn statuses(summary: &RunSummary) -> Vec<Status> {
        summary.steps.iter().map(|step| step.status).collect()
    }

    fn leaves_no_trace(&self) -> bool {
        let has_run = self.cache.runs.latest(&self.plan.name).unwrap().is_some();
        !has_run && !Path::exists(&self.runs)
    }
}

#[test]
fn shares_are_made_apart_and_the_set_of_them_computes_nothing() {
    use Status::{Executed, Skipped};
    let toys = Toys::new();
    let group = Selection::alone(&toys.plan, [0, 1]);
    for number in 0..3 {
        let summary = toys.run(&RunOptions {
            selection: Some(&group),
            share: Some(ItemShare { number, of: 3 }),
            for_another_run: true,
            ..toys.options()
        });
        assert_eq!(Toys::statuses(&summary), [Skipped, Skipped, Skipped]);
        assert!(toys.leaves_no_trace());
    }
    let summary = toys.run(&RunOptions {
        selection: Some(&group),
        for_another_run: true,
        ..toys.options()
    });
    assert_eq!(Toys::statuses(&summary), [Executed, Executed, Skipped]);
    assert_eq!(
        (summary.items.computed, summary.items.reused),
        (0, 2 * NAMES.len())
    );
    assert!(toys.leaves_no_trace());
}

#[test]
fn what_a_run_is_not_about_does_not_run_and_another_key_is_refused() {
    use Status::{Executed, Failed, Skipped};
    let toys = Toys::new();
    let apart = Selection::alone(&toys.plan, [2]);
    let wrong = BTreeMap::from([(2, Digest::of(b"another"))]);
    let options = RunOptions {
        selection: Some(&apart),
        keys: Some(&wrong),
        for_another_run: true,
        ..toys.options()
    };
    let refused = toys.run(&options);
    assert_eq!(Toys::statuses(&refused), [Skipped, Skipped, Failed]);
    let told = refused.steps[2].error.as_deref().unwrap();
    assert!(told.contains("has the key"), "{told}");
    let right = BTreeMap::from([(2, refused.results.steps[2].key.unwrap())]);
    let made = toys.run(&RunOptions {
        keys: Some(&right),
        ..options
    });
    assert_eq!(Toys::statuses(&made), [Skipped, Skipped, Executed]);
    let up_to = Selection::up_to(&toys.plan, [1]);
    let made = toys.run(&RunOptions {
        selection: Some(&up_to),
        ..toys.options()
    });
    assert_eq!(Toys::statuses(&made), [Executed, Executed, Skipped]);
}

#[test]
fn results_are_seen_to_appear_and_a_run_ends_with_what_others_made() {
    use Status::{Executed, Failed, Hit};
    let toys = Toys::new();
    let resolver = Resolver::new(&toys.plan, &toys.cache, &|| false);
    let mut watch = Watch::new(&resolver, MissingInputs::Refused).unwrap();
    assert!(watch.look().unwrap().is_empty());
    let group = Selection::alone(&toys.plan, [0, 1]);
    toys.run(&RunOptions {
        selection: Some(&group),
        for_another_run: true,
        ..toys.options()
    });
    assert_eq!(watch.look().unwrap(), [0, 1]);
    assert!(watch.look().unwrap().is_empty());
    let nothing = Selection::only_looked_up(&toys.plan);
    let failed = FailedElsewhere {
        reason: "its machine burnt down".into(),
        code: None,
        help: None,
    };
    let an_hour = Duration::from_secs(3600);
    let elsewhere = Elsewhere {
        began: RealSystem.uptime().checked_sub(an_hour),
        made: [1].into(),
        failed: [(2, failed)].into(),
    };
    let summary = toys.run(&RunOptions {
        selection: Some(&nothing),
        elsewhere: Some(&elsewhere),
        ..toys.options()
    });
    assert_eq!(Toys::statuses(&summary), [Hit, Executed, Failed]);
    assert_eq!(summary.seconds >= 3600.0, elsewhere.began.is_some());
    assert_eq!(
        summary.steps[2].error.as_deref(),
        Some("its machine burnt down")
    );
    assert!(!toys.leaves_no_trace());
}

#[test]
fn a_plan_key_knows_all_that_a_key_depends_on_but_results() {
    let toys = Toys::new();
    let resolver = Resolver::new(&toys.plan, &toys.cache, &|| false);
    let keys = resolver.plan_keys(None);
    assert!(keys.iter().all(Option::is_some));
    let apart = Selection::alone(&toys.plan, [2]);
    let only = Resolver::of(&toys.plan, &toys.cache, Some(&apart), &|| false);
    assert_eq!(only.plan_keys(Some(&apart)), [None, None, keys[2]]);
    let folder = tempfile::tempdir().unwrap();
    let longer = MANIFEST.replace("input = \"listed\"", "input = \"listed\"\nlength = 2");
    let plan = toy_domain::plan(folder.path(), &longer, Device::default());
    let changed = Resolver::new(&plan, &toys.cache, &|| false).plan_keys(None);
    let same: Vec<bool> = keys
        .iter()
        .zip(&changed)
        .map(|(one, other)| one == other)
        .collect();
    assert_eq!(same, [true, false, true]);
    assert_eq!(units(&plan).len(), 2);
}
