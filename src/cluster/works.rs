//! The units of a plan as work for a cluster.

use pipe_cluster::{Resources, Work};
use pipe_engine::exec::{PlanUnit, Watch};
use pipe_engine::plan::{Plan, Step};
use pipe_engine::stage::Stage;
use pipe_foundation::Digest;
use pipe_stages::stage::COMMAND;

/// What item-wise steps that are computed together are an example of.
const ITEMS: &str = "items";

/// The units as work. `items` says how many items the sources of a unit list, `plan_keys` are those of the steps. With
/// `keep_going`, steps that can do without some of their inputs start once these have failed.
pub fn works(
    plan: &Plan,
    units: &[PlanUnit],
    watch: &Watch<'_>,
    plan_keys: &[Option<Digest>],
    items: impl Fn(&PlanUnit) -> usize,
    keep_going: bool,
) -> Vec<Work> {
    let work = |unit: &PlanUnit| {
        let first = unit.steps[0];
        let step = &plan.steps[first];
        let (like, title) = match unit.is_group {
            true => (ITEMS, ITEMS),
            false => (step.declaration.kind.name, step.declaration.stage.as_str()),
        };
        let needs_all = match &step.stage {
            Stage::Aggregate(stage) => !(keep_going && stage.allows_missing_inputs()),
            _ => true,
        };
        let steps = unit.steps.iter().map(|&step| &plan.steps[step]);
        Work {
            name: step.id().into(),
            like: like.into(),
            title: title.into(),
            after: unit.after.clone(),
            needs_all,
            resources: steps
                .map(|step| asked(plan, step))
                .fold(Resources::default(), most),
            items: unit.is_group.then(|| items(unit)),
            shares_device: waits_for_device(plan, step),
            key: watch
                .key(first)
                .filter(|_| !unit.is_group)
                .map(|key| key.hex()),
            plan_key: plan_key_of(&unit.steps, plan_keys).map(|key| key.hex()),
        }
    };
    units.iter().map(work).collect()
}

/// All that the keys of the steps of a unit depend on but results.
pub fn plan_key_of(steps: &[usize], plan_keys: &[Option<Digest>]) -> Option<Digest> {
    if let [step] = steps {
        return plan_keys[*step];
    }
    let keys: Option<Vec<Digest>> = steps.iter().map(|&step| plan_keys[step]).collect();
    let bytes: Vec<u8> = keys?.iter().flat_map(|key| key.0).collect();
    Some(Digest::of(&bytes))
}

/// What one step asks for: what its stage declares in the manifest, or what it says itself.
fn asked(plan: &Plan, step: &Step) -> Resources {
    let declared = step.declaration.resources;
    // Only what the manifest declares is asked for: trainings could use as many threads as there are.
    let is_declared = step.declaration.kind.name == COMMAND;
    let (own, on_device) = match &step.stage {
        Stage::Items(stage) if is_declared => (stage.resources(), false),
        Stage::Aggregate(stage) if is_declared => (stage.resources(), false),
        Stage::Aggregate(stage) => {
            let on_device = stage.uses_device() && plan.device.is_accelerator();
            (Default::default(), on_device)
        }
        Stage::Items(_) | Stage::Source(_) => (Default::default(), false),
    };
    // One thread is what a command counts as that declares none.
    let threads = own.threads;
    Resources {
        cores: declared
            .cores
            .unwrap_or(if threads > 1 { threads } else { 0 }),
        memory_bytes: declared.memory_bytes.unwrap_or(own.memory_bytes),
        devices: (declared.devices).unwrap_or(own.devices.max(usize::from(on_device))),
        minutes: declared.minutes.unwrap_or(0),
    }
}

fn waits_for_device(plan: &Plan, step: &Step) -> bool {
    match &step.stage {
        Stage::Aggregate(stage) => plan.device.is_accelerator() && stage.waits_for_device(),
        _ => false,
    }
}

/// Enough for both.
fn most(one: Resources, other: Resources) -> Resources {
    Resources {
        cores: one.cores.max(other.cores),
        memory_bytes: one.memory_bytes.max(other.memory_bytes),
        devices: one.devices.max(other.devices),
        minutes: one.minutes.max(other.minutes),
    }
}
