//! `pipe bundle`: a run as one file for others, and back.

use std::path::{Path, PathBuf};

use pipe_engine::cache::Cache;
use pipe_engine::exec::{MissingInputs, Resolver};
use pipe_engine::plan::Plan;
use serde_json::json;

use crate::bundle::{
    Collected, OpenedBundle, RunTimes, Signed, SigningKey, check_signature, signature_path, unpack,
    write, write_crate,
};
use crate::trust::Project;
use pipe_stages::byte_size::bytes_text;

use super::arguments::Common;
use super::bundle_arguments::{
    BundleAction, BundleArguments, ExportBundleArguments, ImportBundleArguments,
};
use super::bundle_files::{BundledRun, Extras, bundle_files};
use super::console::print;
use super::date::iso_date;
use super::error::CliError;
use super::lines::counted;
use super::output_file::{BUNDLE, check_replaceable};
use super::report::Notes;
use super::{context, lock, own_name, permission};

/// Makes or unpacks a bundle.
pub fn bundle(arguments: &BundleArguments, common: &Common) -> Result<u8, CliError> {
    match &arguments.action {
        BundleAction::Export(arguments) => export(arguments, common),
        BundleAction::Import(arguments) => import(arguments, common),
    }
}

fn export(arguments: &ExportBundleArguments, common: &Common) -> Result<u8, CliError> {
    if !arguments.ro_crate {
        check_replaceable(&arguments.out, &BUNDLE)?;
    }
    let key = arguments.sign.as_deref();
    let key = key.map(|path| signing_key(path, common)).transpose()?;
    let device = context::device_of_results(&arguments.device)?;
    let plan = context::plan(&arguments.manifest, device, common)?;
    let cache = context::cache(common, arguments.manifest.rehash)?;
    own_name::check(&plan, &cache, &common.limits())?;
    let lock = lock::current(&plan, &cache)?;
    let resolver = Resolver::new(&plan, &cache, &|| false);
    let statuses = resolver.all(MissingInputs::Refused)?;
    let results = resolver.results(&statuses);
    let run = BundledRun {
        project: &Project::of(&arguments.manifest.manifest).folder,
        lock: &lock,
        notes: Notes::of(&plan, &results),
    };
    let extras = Extras {
        audio: arguments.audio,
        features: arguments.features,
    };
    let Collected {
        contents, files, ..
    } = bundle_files(&plan, &cache, &resolver, &results, run, extras)?;
    let path = &arguments.out;
    let contents = match arguments.ro_crate {
        true => write_crate(path, contents, files, &lock, &times(&plan, &cache)?)?,
        false => write(path, contents, files)?,
    };
    let bytes = match arguments.ro_crate {
        true => contents.files.iter().map(|file| file.bytes).sum(),
        false => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
    };
    let signature = key.as_ref().map(|key| key.sign(path)).transpose()?;
    let public_key = key.as_ref().map(SigningKey::public_key);
    let earlier = signature_path(path);
    let earlier = (signature.is_none() && earlier.exists()).then_some(earlier);
    if common.json {
        let mut line = json!({ "event": "bundled", "file": path, "bytes": bytes, "files": contents.files.len() });
        if signature.is_some() {
            line["signature"] = json!(signature);
            line["public_key"] = json!(public_key);
        }
        if earlier.is_some() {
            line["earlier_signature"] = json!(earlier);
        }
        print(&format!("{line}\n"))?;
        return Ok(0);
    }
    let mut text = format!(
        "{}: {}, {}{}\n",
        path.display(),
        counted(contents.files.len(), "file"),
        bytes_text(bytes),
        match arguments.ro_crate {
            true => "",
            false => "; `pipe reproduce` runs it elsewhere",
        }
    );
    if let (Some(signature), Some(key)) = (signature, public_key) {
        text.push_str(&format!(
            "{}: checked by `--public-key {key}`\n",
            signature.display()
        ));
    }
    if let Some(earlier) = earlier {
        text.push_str(&format!(
            "{} was made for an earlier export, and fits this one only if both are the same: sign again with `--sign`, or remove it\n",
            earlier.display()
        ));
    }
    print(&text)?;
    Ok(0)
}

/// The key in the file `path`, for which a password is asked on a terminal.
fn signing_key(path: &Path, common: &Common) -> Result<SigningKey, CliError> {
    Ok(SigningKey::read(path, || {
        permission::ask_password(path, common)
    })?)
}

/// Makes sure that `bundle` is signed as the user wants it; none where they do not.
pub fn signed(
    bundle: &OpenedBundle,
    arguments: &ImportBundleArguments,
) -> Result<Option<Signed>, CliError> {
    let Some(key) = &arguments.public_key else {
        return Ok(None);
    };
    let signature = arguments.signature.as_deref();
    Ok(Some(check_signature(bundle, signature, key)?))
}

/// What is printed of a good signature.
pub fn signed_line(signed: &Signed) -> String {
    format!(
        "signed by {}: {}\n",
        signed.public_key, signed.trusted_comment
    )
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
    let bundle = OpenedBundle::open(&arguments.bundle)?;
    let signed = signed(&bundle, arguments)?;
    let contents = unpack(&bundle, &folder, arguments.limits())?;
    if common.json {
        let mut line = json!({ "event": "unpacked", "folder": folder, "files": contents.files.len(), "manifest": contents.manifest });
        if let Some(signed) = signed {
            line["signed"] = json!(signed);
        }
        print(&format!("{line}\n"))?;
        return Ok(0);
    }
    print(&format!(
        "{}{}: {}, all as they were sent; the manifest is {}\n",
        signed.as_ref().map(signed_line).unwrap_or_default(),
        folder.display(),
        counted(contents.files.len(), "file"),
        folder.join(&contents.manifest).display()
    ))?;
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
