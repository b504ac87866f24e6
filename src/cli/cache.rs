//! `pipe cache`: what it holds, whether it is whole, and what can go.

use pipe_engine::cache::{Cache, PruneOptions, Verified, prune, usage, verify};

use crate::stage::checkpoints;

use super::arguments::{CacheAction, CacheArguments, Common, PruneArguments};
use super::console::print;
use super::context;
use super::error::CliError;
use super::lines::{bytes_text, counted};

/// Does what was asked.
pub fn cache(arguments: &CacheArguments, common: &Common) -> Result<u8, CliError> {
    let cache = context::existing_cache(common)?;
    match &arguments.action {
        CacheAction::Prune(options) => prune_cache(&cache, options, common),
        CacheAction::Du => {
            let parts = usage(&common.cache)?;
            if common.json {
                let text: String = parts
                    .iter()
                    .map(|part| format!("{}\n", serde_json::json!(part)))
                    .collect();
                print(&text)?;
                return Ok(0);
            }
            let would_free = |keep_runs| Ok::<_, CliError>(prune(&cache, &dry(keep_runs))?.bytes());
            let (unused, all_but_latest) = (would_free(None)?, would_free(Some(1))?);
            let total: u64 = parts.iter().map(|part| part.bytes).sum();
            let mut text = String::new();
            for part in parts.iter().filter(|part| part.bytes > 0) {
                text.push_str(&format!(
                    "{:>10}  {:>14}  {}\n",
                    bytes_text(part.bytes),
                    counted(part.files as usize, "file"),
                    part.name
                ));
            }
            text.push_str(&format!(
                "{:>10}  in {}\n",
                bytes_text(total),
                common.cache.display()
            ));
            for (bytes, command, what) in [
                (unused, "pipe cache prune", ""),
                (
                    all_but_latest,
                    "pipe cache prune --keep-runs 1",
                    ": all but the latest runs",
                ),
            ] {
                if bytes > 0 {
                    let bytes = bytes_text(bytes);
                    text.push_str(&format!("{bytes:>10}  can be freed by `{command}`{what}\n"));
                }
            }
            print(&text)?;
            Ok(0)
        }
        CacheAction::Verify(arguments) => {
            let found = verify(&cache, arguments.repair)?;
            print(&match common.json {
                true => format!("{}\n", serde_json::json!(found)),
                false => verified_text(&found),
            })?;
            Ok(u8::from(!found.is_whole()))
        }
    }
}

/// What `pipe cache verify` found, for people.
fn verified_text(found: &Verified) -> String {
    let damaged = found
        .damaged
        .iter()
        .map(|name| format!("damaged: {name}\n"));
    let unreadable = found.unreadable.iter();
    let unreadable = unreadable.map(|name| format!("unreadable: {name}\n"));
    let mut text: String = damaged.chain(unreadable).collect();
    let mut counts: Vec<String> = Vec::new();
    for (names, word) in [
        (&found.damaged, "damaged"),
        (&found.unreadable, "unreadable"),
    ] {
        if !names.is_empty() {
            counts.push(format!("{} {word}", names.len()));
        }
    }
    if counts.is_empty() {
        counts.push("all intact".into());
    }
    text.push_str(&format!(
        "{}, {}, {}, {} read: {}\n",
        counted(found.objects, "object"),
        counted(found.items, "item"),
        counted(found.records, "step record"),
        bytes_text(found.bytes),
        counts.join(", ")
    ));
    match (found.damaged.is_empty(), found.repaired) {
        (true, _) => {}
        (false, true) => text.push_str(
            "the damaged parts were removed; the next run recomputes what it needs\n",
        ),
        (false, false) => text.push_str(
            "nothing was changed; `pipe cache verify --repair` removes what is damaged, and the next run recomputes what it needs\n",
        ),
    }
    if !found.unreadable.is_empty() {
        text.push_str(
            "what cannot be read was left alone and may be intact: check the disk and the permissions\n",
        );
    }
    text
}

fn dry(keep_runs: Option<usize>) -> PruneOptions<'static> {
    PruneOptions {
        keep_runs,
        older_than_days: 0,
        dry_run: true,
        checkpoints: &checkpoints,
    }
}

fn prune_cache(cache: &Cache, arguments: &PruneArguments, common: &Common) -> Result<u8, CliError> {
    let options = PruneOptions {
        older_than_days: arguments.older_than,
        dry_run: arguments.dry_run,
        ..dry(arguments.keep_runs.map(|count| count as usize))
    };
    let pruned = prune(cache, &options)?;
    if common.json {
        print(&format!("{}\n", serde_json::json!(pruned)))?;
        return Ok(0);
    }
    let mut text = String::new();
    for part in &pruned.parts {
        text.push_str(&format!(
            "{:>10}  {:>14}  {}\n",
            bytes_text(part.bytes),
            counted(part.files as usize, "file"),
            part.name
        ));
    }
    let verb = match arguments.dry_run {
        true => "would be removed",
        false => "removed",
    };
    text.push_str(&match pruned.bytes() {
        0 if pruned.parts.is_empty() => "nothing to remove\n".to_string(),
        bytes => format!("{:>10}  {verb}\n", bytes_text(bytes)),
    });
    if pruned.run_goes_on {
        text.push_str("a run is in progress: earlier runs, records and objects were left alone\n");
    }
    print(&text)?;
    Ok(0)
}
