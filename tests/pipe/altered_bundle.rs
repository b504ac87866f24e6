//! Bundles whose digests are right, and whose results are not those of their run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use serde_json::{Value as Json, json};

use super::bundles::{BUNDLE, exported, receiver, reproduced};
use super::strangers_bundle::forged;
use super::workspace::Workspace;

/// The files of a bundle by name.
fn unpacked(space: &Workspace) -> BTreeMap<String, Vec<u8>> {
    let zstd = zstd::Decoder::new(File::open(space.join(BUNDLE)).unwrap()).unwrap();
    let mut tar = tar::Archive::new(zstd);
    let entries = tar.entries().unwrap().map(Result::unwrap);
    entries
        .map(|mut entry| {
            let name = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (name, content)
        })
        .collect()
}

/// Somebody else's clone with the bundle, in which `change` has changed a file and then all digests are right again.
fn with_change(sender: &Workspace, name: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>) -> Workspace {
    let space = receiver(sender);
    let mut files = unpacked(sender);
    let mut list: Json = serde_json::from_slice(&files.remove("bundle.json").unwrap()).unwrap();
    let content = change(files.remove(name).unwrap_or_default());
    let described = json!({
        "name": name,
        "bytes": content.len(),
        "digest": blake3::hash(&content).to_hex().to_string(),
    });
    let described_files = list["files"].as_array_mut().unwrap();
    match described_files.iter_mut().find(|file| file["name"] == name) {
        Some(file) => *file = described,
        None => described_files.push(described),
    }
    described_files.sort_by_key(|file| file["name"].as_str().unwrap().to_owned());
    files.insert(name.into(), content);
    let entries: Vec<_> = files
        .iter()
        .map(|(name, content)| (tar::EntryType::Regular, name.as_str(), content.as_slice()))
        .collect();
    forged(&space.join(BUNDLE), &list, &entries);
    space
}

#[test]
fn what_its_run_did_not_make_is_told() {
    let sender = exported();
    let untouched = with_change(&sender, "results/test/metrics.json", &|content| content);
    assert_eq!(reproduced(&untouched, &[]).0["verdict"], "identical");
    for name in [
        "results/test/metrics.json",
        "results/train/model.safetensors",
        "results/report/report.md",
        "results/speech/split.tsv",
        // One that no step makes.
        "results/train/better.safetensors",
    ] {
        let space = with_change(&sender, name, &|mut content| {
            content.push(b' ');
            content
        });
        let (verdict, code) = reproduced(&space, &[]);
        assert_eq!(
            (verdict["verdict"].as_str(), code),
            (Some("altered"), 1),
            "{name}: {verdict}"
        );
        assert_eq!(verdict["files"], json!([name]));
    }
    let lock = "project/pipelines/study.lock.toml";
    let space = with_change(&sender, lock, &|content| {
        let text = String::from_utf8(content).unwrap();
        let start = text.find("\nua = ").unwrap() + 1;
        let end = start + text[start..].find('\n').unwrap();
        format!("{}ua = 0.99{}", &text[..start], &text[end..]).into_bytes()
    });
    let (verdict, code) = reproduced(&space, &[]);
    assert_eq!(
        (verdict["verdict"].as_str(), code),
        (Some("altered"), 1),
        "{verdict}"
    );
    assert_eq!(verdict["numbers"][0]["bundle"], 0.99);
    let told = space.told_with(&["reproduce", BUNDLE], 1);
    assert!(
        told.contains("altered: the run gives") && told.contains("UA 99.00 %"),
        "{told}"
    );
}

#[test]
fn a_lock_that_names_no_manifest_is_refused_before_anything_is_written() {
    let sender = exported();
    let files = unpacked(&sender);
    let lock = files
        .keys()
        .find(|name| name.ends_with(".lock.toml"))
        .unwrap()
        .clone();
    let name = {
        let text = String::from_utf8(files[&lock].clone()).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("manifest = "))
            .unwrap();
        line.to_owned()
    };
    for wrong in ["../../../runs/other", "/tmp", "a/../b", ""] {
        let line = format!("manifest = \"{wrong}\"");
        let space = with_change(&sender, &lock, &|content| {
            let text = String::from_utf8(content).unwrap();
            text.replace(&name, &line).into_bytes()
        });
        let before = space.files("");
        let output = space.pipe(&["reproduce", BUNDLE]);
        assert!(!output.status.success(), "{wrong}: {output:?}");
        let told = String::from_utf8_lossy(&output.stderr).replace('│', " ");
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains("is not the name of a manifest"),
            "{wrong}: {told}"
        );
        let new: Vec<_> = space
            .files("")
            .into_keys()
            .filter(|name| !before.contains_key(name))
            .collect();
        let inside = |name: &String| name.starts_with("run/");
        assert!(new.iter().all(inside), "{new:?}");
    }
}
