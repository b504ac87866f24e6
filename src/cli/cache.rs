//! `pipe cache`: what it holds, whether it is whole, and what can go.

use std::collections::HashSet;
use std::time::Duration;

use pipe_engine::cache::{
    Cache, CacheError, Collected, GcOptions, Pin, PruneOptions, Pruned, Verified, VerifyOptions,
    gc, prune, usage, verify,
};
use pipe_foundation::Digest;
use pipe_foundation::system::RealSystem;
use pipe_nn::train::is_checkpoint_whole;

use crate::inspect::find_run;
use crate::lock::{LockFile, lock_path};
use pipe_stages::byte_size::bytes_text;
use pipe_stages::stage::checkpoints;

use super::arguments::Common;
use super::cache_arguments::{CacheAction, CacheArguments, GcArguments, PruneArguments};
use super::cache_exchange;
use super::console::print;
use super::context;
use super::error::CliError;
use super::lines::counted;

const DAY_S: u64 = 24 * 60 * 60;

/// Does what was asked.
pub fn cache(arguments: &CacheArguments, common: &Common) -> Result<u8, CliError> {
    match &arguments.action {
        CacheAction::Push(options) => return cache_exchange::push(options, common),
        CacheAction::Pull(options) => return cache_exchange::pull(options, common),
        _ => {}
    }
    let writes = match &arguments.action {
        CacheAction::Du => false,
        CacheAction::Prune(options) => !options.dry_run,
        CacheAction::Verify(options) => options.repair,
        CacheAction::Gc(options) => !options.dry_run,
        CacheAction::Pin(options) => options.run.is_some(),
        CacheAction::Unpin(_) | CacheAction::Push(_) | CacheAction::Pull(_) => true,
    };
    let cache = match writes {
        true => {
            let cache = context::existing_cache(common)?;
            // What a run may do beside a cache that it cannot write to would look at nothing here.
            if let Some(reason) = cache.why_not_stored() {
                return Err(CliError::Cache(CacheError::Write {
                    path: common.cache.clone(),
                    reason: std::io::Error::new(reason.kind(), reason.to_string()),
                }));
            }
            cache
        }
        false => context::existing_cache_to_read(common)?,
    };
    match &arguments.action {
        CacheAction::Prune(options) => prune_cache(&cache, options, common),
        CacheAction::Gc(options) => collect_garbage(&cache, options, common),
        CacheAction::Pin(options) => pin(&cache, options.run.as_deref(), common),
        CacheAction::Unpin(options) => unpin(&cache, &options.run, common),
        CacheAction::Push(_) | CacheAction::Pull(_) => Ok(0),
        CacheAction::Du => {
            let parts = usage(&RealSystem, &common.cache)?;
            if common.json {
                let text: String = parts
                    .iter()
                    .map(|part| format!("{}\n", serde_json::json!(part)))
                    .collect();
                print(&text)?;
                return Ok(0);
            }
            let locked = locked(&cache, common)?;
            let would_free =
                |keep_runs| Ok::<_, CliError>(prune(&cache, &dry(keep_runs, &locked))?.bytes());
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
            let options = VerifyOptions {
                repair: arguments.repair,
                is_checkpoint_whole: &is_checkpoint_whole,
            };
            let found = verify(&cache, options)?;
            print(&match common.json {
                true => format!("{}\n", serde_json::json!(found)),
                false => verified_text(&found),
            })?;
            Ok(u8::from(!found.leaves_whole()))
        }
    }
}

/// What `pipe cache verify` found, for people.
fn verified_text(found: &Verified) -> String {
    let damaged = found
        .damaged
        .iter()
        .map(|name| format!("damaged: {name}\n"));
    let made_from = found.made_from_damaged.iter();
    let made_from = made_from.map(|name| format!("made from what is damaged: {name}\n"));
    let unreadable = found.unreadable.iter();
    let unreadable = unreadable.map(|name| format!("unreadable: {name}\n"));
    let mut text: String = damaged.chain(made_from).chain(unreadable).collect();
    let mut counts: Vec<String> = Vec::new();
    for (names, word) in [
        (&found.damaged, "damaged"),
        (&found.made_from_damaged, "made from what is damaged"),
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
        "{}, {}, {}, {}, {}, {} read: {}\n",
        counted(found.objects, "object"),
        counted(found.items, "item"),
        counted(found.records, "step record"),
        counted(found.checkpoints, "checkpoint"),
        counted(found.run_logs, "run log"),
        bytes_text(found.bytes),
        counts.join(", ")
    ));
    match (found.damaged.is_empty(), found.repaired) {
        (true, _) => {}
        (false, true) => text.push_str(
            "the damaged parts were removed, with what was made from them; the next run recomputes what it needs\n",
        ),
        (false, false) => text.push_str(
            "nothing was changed; `pipe cache verify --repair` removes what is damaged or was made from it, and the next run recomputes what it needs\n",
        ),
    }
    if !found.unreadable.is_empty() {
        text.push_str(
            "what cannot be read was left alone and may be intact: check the disk and the permissions\n",
        );
    }
    text
}

fn dry(keep_runs: Option<usize>, locked: &HashSet<Digest>) -> PruneOptions<'_> {
    PruneOptions {
        keep_runs,
        locked,
        older_than_days: 0,
        dry_run: true,
        checkpoints: &checkpoints,
    }
}

fn prune_cache(cache: &Cache, arguments: &PruneArguments, common: &Common) -> Result<u8, CliError> {
    let locked = locked(cache, common)?;
    let options = PruneOptions {
        older_than_days: arguments.older_than,
        dry_run: arguments.dry_run,
        ..dry(arguments.keep_runs.map(|count| count as usize), &locked)
    };
    let pruned = prune(cache, &options)?;
    print(&match common.json {
        true => format!("{}\n", serde_json::json!(pruned)),
        false => pruned_text(cache, &pruned, arguments.dry_run),
    })?;
    Ok(0)
}

/// What was removed, for people.
fn pruned_text(cache: &Cache, pruned: &Pruned, dry_run: bool) -> String {
    let mut text = String::new();
    for part in &pruned.parts {
        text.push_str(&format!(
            "{:>10}  {:>14}  {}\n",
            bytes_text(part.bytes),
            counted(part.files as usize, "file"),
            part.name
        ));
    }
    let verb = match dry_run {
        true => "would be removed",
        false => "removed",
    };
    text.push_str(&match pruned.bytes() {
        0 if pruned.parts.is_empty() => "nothing to remove\n".to_string(),
        bytes => format!("{:>10}  {verb}\n", bytes_text(bytes)),
    });
    if pruned.run_in_progress {
        let by = at_work(cache);
        text.push_str(&format!(
            "a run is in progress{by}: earlier runs, records and objects were left alone\n"
        ));
    }
    text
}

/// Who is at work on the cache, as far as that can be told: ` (process 4711 of anna on node7, since 14:05 UTC)`.
fn at_work(cache: &Cache) -> String {
    let holders = cache.at_work().unwrap_or_default();
    let known: Vec<String> = holders
        .iter()
        .filter(|holder| holder.is_known())
        .map(ToString::to_string)
        .collect();
    match known.is_empty() {
        true => String::new(),
        false => format!(" ({})", known.join("; ")),
    }
}

/// The keys in the lock files beside all manifests that have run, and in those that `pipe lock` wrote elsewhere, which keep
/// their results.
fn locked(cache: &Cache, common: &Common) -> Result<HashSet<Digest>, CliError> {
    let mut keys = HashSet::new();
    let mut paths = cache.lock_files()?;
    for manifest in cache.runs.manifests()? {
        paths.extend(cache.owner(&manifest)?.map(|owner| lock_path(&owner)));
    }
    // One that was removed keeps nothing.
    for path in paths
        .into_iter()
        .filter(|path| path.symlink_metadata().is_ok())
    {
        let lock = LockFile::read(&path, common.limits().file_bytes)?;
        keys.extend(lock.steps.iter().map(|step| step.key));
    }
    Ok(keys)
}

fn collect_garbage(
    cache: &Cache,
    arguments: &GcArguments,
    common: &Common,
) -> Result<u8, CliError> {
    let locked = locked(cache, common)?;
    let options = GcOptions {
        locked: &locked,
        max_bytes: arguments.max_size,
        max_age: arguments
            .max_age
            .map(|days| Duration::from_secs(days.saturating_mul(DAY_S))),
        keep_runs: arguments.keep_runs as usize,
        dry_run: arguments.dry_run,
    };
    let collected = gc(cache, &options)?;
    if common.json {
        print(&format!("{}\n", serde_json::json!(collected)))?;
    } else {
        let mut text = pruned_text(cache, &collected.pruned, arguments.dry_run);
        let (left, root) = (bytes_text(collected.bytes_left), common.cache.display());
        let verb = match arguments.dry_run {
            true => "would stay",
            false => "stays",
        };
        text.push_str(&format!("{left:>10}  {verb} in {root}\n"));
        if !collected.within_size {
            text.push_str(&too_large(cache, arguments, &collected)?);
        }
        print(&text)?;
    }
    Ok(u8::from(!collected.within_size))
}

/// Why the cache is still larger than asked, and what to do.
fn too_large(
    cache: &Cache,
    arguments: &GcArguments,
    collected: &Collected,
) -> Result<String, CliError> {
    let wanted = bytes_text(arguments.max_size.unwrap_or_default());
    if collected.pruned.run_in_progress {
        return Ok(format!(
            "that is more than {wanted}; try again when no run is in progress\n"
        ));
    }
    let runs = match arguments.keep_runs {
        1 => "the latest run of each manifest".to_owned(),
        count => format!("the latest {count} runs of each manifest"),
    };
    let pins = cache.pins()?.len();
    let pinned = match pins {
        0 => String::new(),
        _ => format!(" and {}", counted(pins, "pinned run")),
    };
    let mut text = format!("that is more than {wanted}, but it is needed by {runs}{pinned}\n");
    if arguments.keep_runs > 1 {
        text.push_str("a smaller --keep-runs lets earlier runs go\n");
    }
    if pins > 0 {
        text.push_str("`pipe cache unpin` lets a pinned run go\n");
    }
    Ok(text)
}

fn pin(cache: &Cache, name: Option<&str>, common: &Common) -> Result<u8, CliError> {
    if let Some(name) = name {
        let pin = Pin::of(&find_run(cache, name)?);
        cache.pin(&pin)?;
        print(&match common.json {
            true => format!("{}\n", pin_json("pinned", &pin)),
            false => format!("pinned {}\n", pin_name(&pin)),
        })?;
        return Ok(0);
    }
    let pins = cache.pins()?;
    let lines = pins.iter().map(|pin| match common.json {
        true => format!("{}\n", pin_json("pin", pin)),
        false => format!("{}\n", pin_name(pin)),
    });
    let lines: String = lines.collect();
    print(&match lines.is_empty() && !common.json {
        true => "no run is pinned; `pipe cache pin RUN` pins one\n".to_owned(),
        false => lines,
    })?;
    Ok(0)
}

fn unpin(cache: &Cache, name: &str, common: &Common) -> Result<u8, CliError> {
    let pins = cache.pins()?;
    // A run that can no longer be found may still be pinned.
    let listed = pins.iter().find(|pin| pin_name(pin) == name).cloned();
    let pin = match listed {
        Some(pin) => pin,
        None => Pin::of(&find_run(cache, name)?),
    };
    if !cache.unpin(&pin)? {
        return Err(CliError::Usage {
            message: format!("{} is not pinned", pin_name(&pin)),
            help: "`pipe cache pin` lists pinned runs".into(),
        });
    }
    print(&match common.json {
        true => format!("{}\n", pin_json("unpinned", &pin)),
        false => format!("unpinned {}\n", pin_name(&pin)),
    })?;
    Ok(0)
}

/// A pin as programs read it, with what became of it.
fn pin_json(event: &str, pin: &Pin) -> serde_json::Value {
    serde_json::json!({ "event": event, "manifest": pin.manifest, "number": pin.number, "run": pin_name(pin) })
}

/// The name of a pinned run as people write it.
fn pin_name(pin: &Pin) -> String {
    format!("{}:{}", pin.manifest, pin.number)
}
