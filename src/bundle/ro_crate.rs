//! A bundle as a Workflow Run RO-Crate: a folder that other tools read.
//!
//! Profiles: RO-Crate 1.1, Workflow RO-Crate 1.0, Process Run Crate 0.5, Workflow Run Crate 0.5
//! (Leo et al. 2024, doi:10.1371/journal.pone.0309210).

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use pipe_foundation::durable;
use pipe_foundation::regular_file::{self, FileError};
use serde_json::{Value as Json, json};

use crate::lock::LockFile;

use super::contents::{BundledFile, Content, Contents};
use super::error::BundleError;
use super::list::list_of;

/// The file that describes the others.
const METADATA: &str = "ro-crate-metadata.json";

/// What the description of the manifest keeps to.
const WORKFLOW_PROFILE: &str = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE";

/// For people who open the folder.
const README: &str = "README.md";

/// What is known of the run besides its bundle.
#[derive(Clone, Debug)]
pub struct RunTimes {
    /// When it started, as ISO 8601 in UTC.
    pub started: String,
    /// When it ended, as ISO 8601 in UTC; none where that was not recorded.
    pub ended: Option<String>,
}

/// Writes the files of a bundle and their description into `folder`, which must not exist.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write_crate(
    folder: &Path,
    mut contents: Contents,
    mut files: BTreeMap<String, Content>,
    lock: &LockFile,
    times: &RunTimes,
) -> Result<Contents, BundleError> {
    let failed = |reason| BundleError::file(folder, reason);
    if folder.symlink_metadata().is_ok() {
        return Err(failed(std::io::Error::other("it exists")));
    }
    files.insert(
        README.into(),
        Content::Bytes(readme(&contents).into_bytes()),
    );
    contents.files = list_of(&files, &|| false)?;
    let parent = durable::folder_of(folder);
    std::fs::create_dir_all(parent).map_err(failed)?;
    // Removed again unless everything goes well.
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(parent);
    let new = new.map_err(failed)?;
    for (name, content) in &files {
        let path = new.path().join(name);
        let placed = (|| {
            std::fs::create_dir_all(path.parent().unwrap_or(new.path()))?;
            match content {
                Content::Bytes(bytes) => std::fs::write(&path, bytes),
                Content::File(file) => {
                    let mut file = regular_file::open(file).map_err(FileError::into_io)?;
                    std::io::copy(&mut file, &mut File::create_new(&path)?).map(drop)
                }
            }
        })();
        placed.map_err(|reason| BundleError::file(name, reason))?;
    }
    let text = format!("{:#}\n", metadata(&contents, lock, times));
    std::fs::write(new.path().join(METADATA), text).map_err(failed)?;
    std::fs::rename(new.path(), folder).map_err(failed)?;
    // What is under its name now is not temporary any more.
    let _ = new.keep();
    Ok(contents)
}

/// What people who open the folder should know.
fn readme(contents: &Contents) -> String {
    format!(
        "# Run of {}\n\nA Workflow Run RO-Crate, written by `pipe bundle export --ro-crate`: `{METADATA}` describes the files.\n\n\
         - `project/`: the manifest `{}`, what it includes and names, its lock file, and the corpora that it uses\n\
         - `data/`: the utterances, with their splits, labels and digests\n\
         - `results/`: what each step made\n\n\
         In `project/`, and with the recordings at hand, `pipe run --locked` gives the same results or says what is \
         different.\n",
        contents.name, contents.manifest
    )
}

/// The description of a crate.
fn metadata(contents: &Contents, lock: &LockFile, times: &RunTimes) -> Json {
    let id = |name: &str| json!({ "@id": encoded(name) });
    let ids =
        |files: &[&BundledFile]| -> Vec<Json> { files.iter().map(|file| id(&file.name)).collect() };
    let of = |start: &str| -> Vec<&BundledFile> {
        let files = contents.files.iter();
        files.filter(|file| file.name.starts_with(start)).collect()
    };
    let all: Vec<&BundledFile> = contents.files.iter().collect();
    let published = times.ended.as_ref().unwrap_or(&times.started);
    let profiles = [
        "https://w3id.org/ro/wfrun/process/0.5",
        "https://w3id.org/ro/wfrun/workflow/0.5",
        "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    ];
    let mut graph = vec![
        json!({
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": [
                { "@id": "https://w3id.org/ro/crate/1.1" },
                { "@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0" },
            ],
            "about": { "@id": "./" },
        }),
        json!({
            "@id": "./",
            "@type": "Dataset",
            "name": format!("Run of {}", contents.name),
            "description": format!(
                "The manifest {} for pipe, what it was run on, and what it gave.",
                contents.name
            ),
            "datePublished": published,
            "license": { "@id": "#licence" },
            "conformsTo": profiles.map(|profile| json!({ "@id": profile })),
            "hasPart": ids(&all),
            "mainEntity": id(&contents.manifest),
            "mentions": { "@id": "#run" },
        }),
        json!({
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "As the makers of this run and the licences of its corpora say",
            "description": "No licence was stated when this crate was made; project/corpora.toml has the licences of the recordings that the results were made from.",
        }),
        json!({
            "@id": "#pipe",
            "@type": "ComputerLanguage",
            "name": "pipe",
            "description": "Declarative, content-cached pipelines for speech emotion recognition",
            "alternateName": "pipe manifest",
            "version": version(lock),
            "url": "https://toml.io",
        }),
        json!({
            "@id": "#run",
            "@type": "CreateAction",
            "name": format!("pipe run {}", contents.name),
            "description": format!("{} steps on {}", lock.steps.len(), lock.made_by.processor),
            "instrument": id(&contents.manifest),
            "startTime": times.started,
            "endTime": times.ended,
            "object": ids(&of("data/")),
            "result": ids(&of("results/")),
            "actionStatus": { "@id": "http://schema.org/CompletedActionStatus" },
        }),
    ];
    graph.extend(
        profiles
            .into_iter()
            .chain([WORKFLOW_PROFILE])
            .map(|profile| {
                let (name, version) = profile.rsplit_once('/').unwrap_or((profile, ""));
                json!({
                    "@id": profile,
                    "@type": "CreativeWork",
                    "name": name.rsplit('/').next().unwrap_or(name),
                    "version": version,
                })
            }),
    );
    graph.extend(contents.files.iter().map(|file| {
        let mut entity = json!({
            "@id": encoded(&file.name),
            "@type": "File",
            "name": file.name,
            "contentSize": file.bytes.to_string(),
            "identifier": format!("blake3:{}", file.digest.hex()),
            "encodingFormat": media_type(&file.name),
        });
        if file.name == README {
            entity["about"] = json!({ "@id": "./" });
        }
        if file.name == contents.manifest {
            entity["@type"] = json!(["File", "SoftwareSourceCode", "ComputationalWorkflow"]);
            entity["programmingLanguage"] = json!({ "@id": "#pipe" });
            entity["version"] = file.digest.short().into();
            entity["conformsTo"] = json!({ "@id": WORKFLOW_PROFILE });
        }
        entity
    }));
    json!({
        "@context": [
            "https://w3id.org/ro/crate/1.1/context",
            "https://w3id.org/ro/terms/workflow-run/context",
        ],
        "@graph": graph,
    })
}

/// The version of the program, with its commit where that is known.
fn version(lock: &LockFile) -> String {
    let made_by = &lock.made_by;
    match &made_by.commit {
        Some(commit) => format!("{} ({commit})", made_by.pipe),
        None => made_by.pipe.clone(),
    }
}

/// A path as a relative reference of a URL (RFC 3986).
fn encoded(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// The media type of a file, by its ending.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("toml") => "application/toml",
        Some("tsv") => "text/tab-separated-values",
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        Some("jsonl") => "application/jsonl",
        Some("html") => "text/html",
        Some("md") => "text/markdown",
        Some("txt" | "log") => "text/plain",
        Some("wav") => "audio/wav",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_references() {
        assert_eq!(encoded("a/b-c_1.txt"), "a/b-c_1.txt");
        assert_eq!(encoded("train/seed=1 ä"), "train/seed%3D1%20%C3%A4");
    }
}
