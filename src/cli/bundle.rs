//! `pipe bundle`: a run as one file for others, and back.

use std::path::{Path, PathBuf};

use pipe_engine::cache::Cache;
use pipe_engine::exec::{MissingInputs, Resolver, runs_folder};
use pipe_engine::plan::Plan;
use serde_json::json;

use crate::bundle::{Content, RunTimes, add_features, collect, unpack, write, write_crate};
use crate::byte_size::bytes_text;

use super::arguments::Common;
use super::bundle_arguments::{
    BundleAction, BundleArguments, ExportBundleArguments, ImportBundleArguments,
};
use super::console::print;
use super::date::iso_date;
use super::error::CliError;
use super::lines::counted;
use super::{context, lock, own_name, report};

/// Makes or unpacks a bundle.
pub fn bundle(arguments: &BundleArguments, common: &Common) -> Result<u8, CliError> {
    match &arguments.action {
        BundleAction::Export(arguments) => export(arguments, common),
        BundleAction::Import(arguments) => import(arguments, common),
    }
}

fn export(arguments: &ExportBundleArguments, common: &Common) -> Result<u8, CliError> {
    let device = context::device_of_results(&arguments.device)?;
    let plan = context::plan(&arguments.manifest, device, common)?;
    let cache = context::cache(common, arguments.manifest.rehash)?;
    own_name::check(&plan, &cache, &common.limits())?;
    let lock = lock::current(&plan, &cache)?;
    let resolver = Resolver::new(&plan, &cache, &|| false);
    let statuses = resolver.all(MissingInputs::Refused)?;
    let results = resolver.results(&statuses);
    let (contents, mut files) = collect(&plan, &cache, &results, &lock, arguments.audio)?;
    for (step, page) in report::pages(&plan, &cache, &results)? {
        let name = format!("results/{}/report.html", runs_folder(&plan, step).display());
        files.insert(name, Content::Bytes(page.into_bytes()));
    }
    if arguments.features {
        add_features(&resolver, &cache, &results, &mut files).map_err(CliError::Step)?;
    }
    let path = &arguments.out;
    let contents = match arguments.ro_crate {
        true => write_crate(path, contents, files, &lock, &times(&plan, &cache)?)?,
        false => write(path, contents, files)?,
    };
    let bytes = match arguments.ro_crate {
        true => contents.files.iter().map(|file| file.bytes).sum(),
        false => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
    };
    print(&match common.json {
        true => format!(
            "{}\n",
            json!({ "event": "bundled", "file": path, "bytes": bytes, "files": contents.files.len() })
        ),
        false => format!(
            "{}: {}, {}{}\n",
            path.display(),
            counted(contents.files.len(), "file"),
            bytes_text(bytes),
            match arguments.ro_crate {
                true => "",
                false => "; `pipe reproduce` runs it elsewhere",
            }
        ),
    })?;
    Ok(0)
}

/// When the latest run of the manifest was.
fn times(plan: &Plan, cache: &Cache) -> Result<RunTimes, CliError> {
    let latest = cache.runs.latest(&plan.name)?;
    let record = latest.map(|run| run.record).unwrap_or_default();
    let seconds = record.seconds.map(|seconds| seconds.ceil() as u64);
    Ok(RunTimes {
        started: iso_date(record.started_s),
        ended: seconds.map(|seconds| iso_date(record.started_s + seconds)),
    })
}

fn import(arguments: &ImportBundleArguments, common: &Common) -> Result<u8, CliError> {
    let folder = folder_of(arguments);
    let contents = unpack(&arguments.bundle, &folder, arguments.max_size)?;
    print(&match common.json {
        true => format!(
            "{}\n",
            json!({ "event": "unpacked", "folder": folder, "files": contents.files.len(), "manifest": contents.manifest })
        ),
        false => format!(
            "{}: {}, all as they were sent; the manifest is {}\n",
            folder.display(),
            counted(contents.files.len(), "file"),
            folder.join(&contents.manifest).display()
        ),
    })?;
    Ok(0)
}

/// The folder that a bundle is unpacked into.
pub fn folder_of(arguments: &ImportBundleArguments) -> PathBuf {
    arguments.out.clone().unwrap_or_else(|| {
        let name = arguments.bundle.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let stem = [".tar.zst", ".zst"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending));
        match stem.filter(|stem| !stem.is_empty()) {
            Some(stem) => PathBuf::from(stem),
            None => Path::new(&format!("{name}.unpacked")).to_path_buf(),
        }
    })
}
