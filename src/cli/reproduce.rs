//! `pipe reproduce`: a bundle run again with the reader's own recordings, and how the results compare.

use std::path::{Path, PathBuf};

use pipe_engine::exec::{MissingInputs, Resolver, RunOptions, run as execute};
use pipe_engine::manifest::{Diagnostics, Manifest, ReadOptions, location};
use pipe_foundation::regular_file;
use pipe_speech::corpus::{Confinement, Corpora};
use serde_json::json;

use crate::bundle::{
    Comparison, DataChange, OpenedBundle, PROJECT, PlacesGiven, Signed, Verdict, corpora_at,
    data_changes, places_outside, unpack_or_reuse,
};
use crate::lock::{LockFile, changes, lock_path};
use pipe_stages::domain::{CORPORA, PlanOptions, SpeechPlan};
use pipe_stages::shell_words;
use pipe_stages::visible_devices;

use super::arguments::Common;
use super::bundle::{folder_of, signed, signed_line};
use super::bundle_arguments::ReproduceArguments;
use super::bundle_files::{BundledRun, Extras, NOTES, bundle_files};
use super::console::{print, print_error};
use super::error::CliError;
use super::lines::counted;
use super::local_run::{exit_code, listening, tell_failures};
use super::number_line::number_line;
use super::report::Notes;
use super::signals::Signals;
use super::telling::TellingArguments;
use super::{context, lock, own_name, permission, report};

/// How many numbers, and evaluations with other predictions, are shown.
const SHOWN: usize = 12;

/// Where results of reproductions go, in the cache's history.
const NAME: &str = "reproduced";

/// Runs a bundle again and compares.
pub fn reproduce(arguments: &ReproduceArguments, common: &Common) -> Result<u8, CliError> {
    let devices = arguments.device.device.resolve(arguments.device.tf32)?;
    permission::check_sandbox(arguments.sandbox)?;
    let folder = folder_of(&arguments.bundle);
    let bundle = OpenedBundle::open(&arguments.bundle.bundle)?;
    let signed = signed(&bundle, &arguments.bundle)?;
    if let (Some(signed), false) = (&signed, common.json) {
        print(&signed_line(signed))?;
    }
    let contents = unpack_or_reuse(&bundle, &folder, arguments.bundle.limits())?;
    let manifest = folder.join(&contents.manifest);
    let bundled = LockFile::read(&lock_path(&manifest), common.limits().file_bytes)?;
    accept_limits(&bundled, arguments, common)?;
    let set: Vec<String> = contents
        .set
        .iter()
        .chain(&arguments.overrides)
        .cloned()
        .collect();
    let corpora = |read: &Manifest| corpora(read, &folder, common);
    let mut plan = SpeechPlan::read(
        &manifest,
        &PlanOptions {
            read: ReadOptions {
                root: Some(&common.root),
                overrides: &set,
                limits: common.limits(),
                confined_to: Some(&folder),
                project: Some(&folder),
            },
            present_only: bundled.present,
            devices,
            sandbox: arguments.sandbox,
            corpora: &corpora,
        },
    )?;
    if !arguments.allow_commands {
        permission::refuse_commands(&plan, &folder)?;
    }
    // Next to the reader's own manifests, which may have the same name.
    plan.plan.name = format!("{NAME}/{}", bundled.manifest);
    // Nothing else is in their folder.
    plan.plan.changes = None;
    let cache = context::cache(common, false)?;
    own_name::claim(&plan, &cache, &common.limits())?;

    let resolver = Resolver::new(&plan, &cache, &|| false);
    let listed = resolver.into_listings();
    let data = data_changes(&plan, &listed, &folder);
    if !data.is_empty() {
        let verdict = Verdict::DifferentData { data };
        return show(&verdict, &folder, signed.as_ref(), common);
    }
    let signals = Signals::listen_for(&cache);
    let (observer, _) = listening(common, &TellingArguments::default(), &signals);
    let runs = folder.join("runs");
    let mut options = RunOptions {
        runs: &runs,
        devices: visible_devices::count(),
        ..RunOptions::default()
    };
    options.jobs = arguments.jobs.map_or(options.jobs, usize::from);
    let summary = execute(&plan, &cache, &options, observer.as_ref())?;
    drop(observer);
    let code = exit_code(&summary, &signals);
    if code != 0 {
        if summary.interrupted {
            print_error("stopped; the same command continues from here");
        } else if !common.json {
            tell_failures(&summary, summary.counts.skipped, false);
        }
        return Ok(code);
    }
    report::write_pages(&plan, &cache, &summary.results, &runs)?;
    let here = lock::current(&plan, &cache)?;
    // From here on as in the bundle, which its pages and its lock file say.
    plan.plan.name.clone_from(&bundled.manifest);
    plan.overrides.clone_from(&bundled.set);
    plan.raised_limits.clone_from(&bundled.limits);
    let resolver = Resolver::new(&plan, &cache, &|| signals.asked());
    let notes = regular_file::read(&folder.join(NOTES), common.limits().file_bytes).ok();
    let notes = notes.and_then(|notes| serde_json::from_slice(&notes).ok());
    let run = BundledRun {
        project: &location(&folder.join(PROJECT)),
        lock: &bundled,
        notes: notes.unwrap_or_else(|| Notes::of(&plan, &summary.results)),
    };
    let has = |start: &str| {
        let mut files = contents.files.iter();
        files.any(|file| file.name.starts_with(start))
    };
    let extras = Extras {
        audio: has("audio/"),
        features: has("features/"),
    };
    let made = bundle_files(&plan, &cache, &resolver, &summary.results, run, extras)?;
    let comparison = Comparison {
        plan: &plan,
        cache: &cache,
        bundled: &bundled,
        here: &here,
        contents: &contents,
        folder: &folder,
        made: &made,
    };
    let verdict = match comparison.verdict(&|| signals.asked()) {
        Err(_) if signals.asked() => {
            print_error("stopped; the same command continues from here");
            return Ok(signals.exit_code());
        }
        verdict => verdict?,
    };
    if !common.json && !matches!(verdict, Verdict::Identical { .. }) {
        let statuses = resolver.all(MissingInputs::Refused)?;
        let changes = changes(&bundled, &cache, &resolver, &statuses)?;
        if !changes.is_empty() {
            print(&format!("changed:\n{}\n", lock::change_lines(&changes)))?;
        }
    }
    show(&verdict, &folder, signed.as_ref(), common)
}

/// The run of the bundle was made with limits that were raised; the reader has to raise them too, since they keep manifests
/// of strangers from taking the machine.
fn accept_limits(
    bundled: &LockFile,
    arguments: &ReproduceArguments,
    common: &Common,
) -> Result<(), CliError> {
    let here = common.limits().all();
    let is_lower = |name: &str, most: u64| {
        let mut own = here.iter();
        own.any(|own| own.name == name && own.most < most)
    };
    let raised = bundled.limits.iter();
    let lower = raised.filter(|(name, most)| is_lower(name, **most));
    let lower: Vec<String> = lower.map(|(name, most)| format!("{name}={most}")).collect();
    if lower.is_empty() {
        return Ok(());
    }
    let bundle = arguments.bundle.bundle.to_string_lossy();
    let words = ["pipe", "reproduce", &bundle].into_iter();
    let options = lower.iter().flat_map(|limit| ["--limit", limit]);
    Err(CliError::Usage {
        message: format!(
            "the run in this bundle was made with higher limits than yours: {}",
            lower.join(", ")
        ),
        help: format!(
            "if you know who made it, or that it may take so much: `{}`, with whatever else you gave",
            shell_words::line(words.chain(options))
        ),
    })
}

/// The corpora that the manifest of the bundle in `unpacked` uses, where the reader has them.
fn corpora(manifest: &Manifest, unpacked: &Path, common: &Common) -> Result<Corpora, Diagnostics> {
    let folder = manifest.path.parent().unwrap_or(Path::new(""));
    let named = manifest.files.get(CORPORA);
    let bundled = context::corpora(None, named, folder, common)?;
    let outside = |corpora: &Corpora, given: PlacesGiven<'_>| -> Result<(), Diagnostics> {
        places_outside(corpora, unpacked, given).map_or(Ok(()), |outside| Err(outside.into()))
    };
    if let Some(given) = common.corpora.as_ref().filter(|given| given.is_dir()) {
        outside(&bundled, PlacesGiven::Folder)?;
        return Ok(Corpora {
            confinement: Confinement::to(unpacked, &[], std::slice::from_ref(given)),
            folder: given.clone(),
            ..bundled
        });
    }
    if common.corpora.is_none() && context::search(Path::new(".")).is_none() {
        outside(&bundled, PlacesGiven::None)?;
        return Ok(Corpora {
            confinement: Confinement::to(unpacked, &[], &[]),
            ..bundled
        });
    }
    let own = context::corpora_here(common)?.corpora;
    outside(&bundled, PlacesGiven::Own(&own))?;
    // What the bundle says of them, such as the name of a table, may not lead out of the reader's corpora.
    let roots = own
        .corpora
        .values()
        .map(|entry| own.folder.join(&entry.root));
    let roots: Vec<PathBuf> = roots.filter(|root| own.confinement.allows(root)).collect();
    Ok(Corpora {
        confinement: Confinement::to(unpacked, &[], &roots),
        ..corpora_at(bundled, &own)
    })
}

/// Prints the verdict; 0 only where everything is identical.
fn show(
    verdict: &Verdict,
    folder: &Path,
    signed: Option<&Signed>,
    common: &Common,
) -> Result<u8, CliError> {
    let code = u8::from(!matches!(verdict, Verdict::Identical { .. }));
    if common.json {
        let mut line = serde_json::to_value(verdict).unwrap_or_default();
        line["event"] = "reproduced".into();
        line["folder"] = folder.display().to_string().into();
        if let Some(signed) = signed {
            line["signed"] = json!(signed);
        }
        print(&format!("{line}\n"))?;
        return Ok(code);
    }
    print(&text(verdict))?;
    Ok(code)
}

fn text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Identical {
            steps,
            not_compared,
        } => {
            let mut text = format!(
                "identical: all {} have the same keys and the same results, bit for bit\n",
                counted(*steps, "step")
            );
            text.push_str(&file_lines(
                not_compared,
                "is not compared: another version of pipe wrote it, or it says which files of the corpora were left out",
            ));
            text
        }
        Verdict::Altered {
            files,
            missing,
            numbers,
        } => {
            let mut text = String::from(
                "altered: the run gives what the lock file of the bundle says, but the bundle has other files or numbers\n",
            );
            text.push_str(&file_lines(files, "is not what the run makes"));
            text.push_str(&file_lines(missing, "is not there"));
            numbers
                .iter()
                .take(SHOWN)
                .for_each(|change| text.push_str(&number_line(change)));
            text
        }
        Verdict::DifferentData { data } => {
            let mut text = String::from("different data; nothing was run\n");
            data.iter()
                .for_each(|change| text.push_str(&data_line(change)));
            text
        }
        Verdict::DifferentNumbers {
            steps,
            numbers,
            predictions,
        } => {
            let mut text = format!(
                "same data, different numbers: {} {} not as in the bundle\n",
                counted(steps.len(), "step"),
                if steps.len() == 1 { "is" } else { "are" }
            );
            numbers
                .iter()
                .take(SHOWN)
                .for_each(|change| text.push_str(&number_line(change)));
            if let Some(more) = numbers.len().checked_sub(SHOWN).filter(|&more| more > 0) {
                let more = counted(more, "more number");
                text.push_str(&format!("  and {more}, which --json lists\n"));
            }
            for change in predictions.iter().take(SHOWN) {
                text.push_str(&format!(
                    "  {}: {} of {} predictions changed\n",
                    change.step, change.changed, change.shared
                ));
            }
            if numbers.is_empty() && predictions.iter().all(|change| change.changed == 0) {
                text.push_str("  every metric and every predicted class is the same\n");
            }
            text.push_str(&format!(
                "  first: {}\n",
                steps[..steps.len().min(4)].join(", ")
            ));
            text
        }
    }
}

/// A line for each of the first `files`.
fn file_lines(files: &[String], what: &str) -> String {
    let shown = files.iter().take(SHOWN);
    let mut text: String = shown.map(|file| format!("  {file} {what}\n")).collect();
    if let Some(more) = files.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        text.push_str(&format!("  and {}\n", counted(more, "more file")));
    }
    text
}

fn data_line(change: &DataChange) -> String {
    let mut parts = vec![format!(
        "{} utterances, here {}",
        change.bundle, change.here
    )];
    for (count, what) in [
        (change.missing, "missing here"),
        (change.added, "only here"),
        (change.moved_out, "in another split or corpus here"),
        (change.moved_in, "in another split or corpus in the bundle"),
        (change.other_recording, "with another recording"),
        (change.other_facts, "with another label or speaker"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    format!(
        "  {}, {}, {}: {}\n",
        change.source,
        change.corpus,
        change.split,
        parts.join("; ")
    )
}
