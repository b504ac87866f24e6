//! What runs that died have left: supervising processes without a run, and folders of work in progress.

use std::path::Path;

use pipe_engine::cache::Scratch;
use pipe_foundation::system::RealSystem;

use pipe_stages::stage::orphaned_supervisors;

use super::Check;

pub fn checks(cache: &Path) -> Vec<Check> {
    vec![programs(&orphaned_supervisors()), folders(cache)]
}

/// A supervisor ends by itself within seconds of its run, so one that stays has a program that cannot be ended.
fn programs(supervisors: &[i32]) -> Check {
    if supervisors.is_empty() {
        return Check::good("leftover programs", "none");
    }
    let numbers: Vec<String> = supervisors.iter().map(ToString::to_string).collect();
    let advice = "they end within five seconds of their run; end those that stay with `kill -KILL`";
    let found = format!(
        "supervising processes without a run: {}",
        numbers.join(", ")
    );
    Check::warning("leftover programs", found, advice)
}

fn folders(cache: &Path) -> Check {
    match Scratch::dead(&RealSystem, &cache.join("tmp")) {
        Ok(0) => Check::good("leftover files", "none"),
        Ok(count) => Check::warning(
            "leftover files",
            format!("{count} folders of runs that were killed"),
            "the next run removes them",
        ),
        Err(error) => Check::warning(
            "leftover files",
            error.to_string(),
            "check the permissions of the cache",
        ),
    }
}
