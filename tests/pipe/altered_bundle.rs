//! Bundles whose digests are right, and whose results are not those of their run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use serde_json::{Value as Json, json};

use super::bundles::{BUNDLE, exported, receiver, reproduced};
use super::strangers_bundle::forged;
use super::workspace::Workspace;

/// The files of a bundle by name.
type Files = BTreeMap<String, Vec<u8>>;

fn unpacked(space: &Workspace) -> Files {
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
    with_files(sender, &|files| {
        let content = change(files.remove(name).unwrap_or_default());
        files.insert(name.into(), content);
    })
}

/// As [`with_change`], where `change` has changed the files.
fn with_files(sender: &Workspace, change: &dyn Fn(&mut Files)) -> Workspace {
    let space = receiver(sender);
    let mut files = unpacked(sender);
    let mut list: Json = serde_json::from_slice(&files.remove("bundle.json").unwrap()).unwrap();
    change(&mut files);
    let described = files.iter().map(|(name, content)| {
        json!({
            "name": name,
            "bytes": content.len(),
            "digest": blake3::hash(content).to_hex().to_string(),
        })
    });
    list["files"] = described.collect();
    let entries: Vec<_> = files
        .iter()
        .map(|(name, content)| (tar::EntryType::Regular, name.as_str(), content.as_slice()))
        .collect();
    forged(&space.join(BUNDLE), &list, &entries);
    space
}

#[test]
fn what_its_run_did_not_make_is_reported() {
    let sender = exported();
    let untouched = with_change(&sender, "results/test/metrics.json", &|content| content);
    assert_eq!(reproduced(&untouched, &[]).0["verdict"], "identical");
    for name in [
        "results/test/metrics.json",
        "results/train/model.safetensors",
        "results/report/report.md",
        "results/speech/split.tsv",
        "results/report/report.html",
        "data/speech.tsv",
        "project/corpora.toml",
        "project/pipelines/study.lock.toml",
        // Some that nothing makes.
        "results/train/better.safetensors",
        "results/notes.txt",
        "data/more.tsv",
        "project/pipelines/other.toml",
        "README",
    ] {
        let space = with_change(&sender, name, &|mut content| {
            content.push(b'\n');
            content
        });
        let (verdict, code) = reproduced(&space, &[]);
        assert_eq!(
            (verdict["verdict"].as_str(), code),
            (Some("altered"), 1),
            "{name}: {verdict}"
        );
        assert_eq!(
            (&verdict["files"], &verdict["missing"]),
            (&json!([name]), &json!([]))
        );
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
    let told = space.stdout_of_exit(&["reproduce", BUNDLE], 1);
    assert!(
        told.contains("altered: the run gives") && told.contains("UA 99.00 %"),
        "{told}"
    );
    assert!(!told.contains("changed:"), "{told}");
}

#[test]
fn what_a_bundle_lacks_is_reported() {
    let sender = exported();
    let results = [
        "results/test/metrics.json",
        "results/report/report.html",
        "results/speech/split.tsv",
    ];
    let space = with_files(&sender, &|files| {
        results.iter().for_each(|name| drop(files.remove(*name)));
    });
    let (verdict, code) = reproduced(&space, &[]);
    assert_eq!((verdict["verdict"].as_str(), code), (Some("altered"), 1));
    let mut missing = results;
    missing.sort_unstable();
    assert_eq!(
        (&verdict["files"], &verdict["missing"]),
        (&json!([]), &json!(missing))
    );
    let told = space.stdout_of_exit(&["reproduce", BUNDLE], 1);
    assert!(
        told.contains("results/test/metrics.json is not there"),
        "{told}"
    );
    let space = with_files(&sender, &|files| {
        files.retain(|name, _| !name.starts_with("results/"));
    });
    assert_eq!(reproduced(&space, &[]).0["verdict"], "altered");
}

/// A page says how long its run took, and nobody else can know that; all else in it can be known.
#[test]
fn a_page_may_only_say_otherwise_how_long_the_run_took() {
    let sender = exported();
    let page = "results/report/report.html";
    let replaced = |from: &'static str, to: &'static str| {
        with_change(&sender, page, &move |content| {
            let text = String::from_utf8(content).unwrap();
            assert!(text.contains(from), "{from}");
            text.replace(from, to).into_bytes()
        })
    };
    let space = replaced("</main>", "</main><script>document.title</script>");
    assert_eq!(reproduced(&space, &[]).0["files"], json!([page]));
    let space = with_change(&sender, page, &|content| {
        let text = String::from_utf8(content).unwrap();
        let start = "total wall time <span class=\"of-run\">";
        let (before, after) = text.split_once(start).unwrap();
        let (_, after) = after.split_once('<').unwrap();
        format!("{before}{start}3 h 2 min<{after}").into_bytes()
    });
    assert_eq!(reproduced(&space, &[]).0["verdict"], "identical");
}

/// What readers warn of, and what they leave out, is another matter with other copies of the same recordings.
#[test]
fn files_that_count_for_nothing_make_no_other_run() {
    let sender = exported();
    let space = receiver(&sender);
    let table = "far/away/recordings/table.csv";
    let text = space.read(table);
    let repeated = text.lines().nth(1).unwrap();
    let row = &format!("{repeated}\n");
    space.write(table, space.read(table) + row);
    let (verdict, code) = reproduced(&space, &[]);
    assert_eq!(
        (verdict["verdict"].as_str(), code),
        (Some("identical"), 0),
        "{verdict}"
    );
    assert_eq!(
        verdict["not_compared"],
        json!(["results/speech/dropped.tsv"])
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
