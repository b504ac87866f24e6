//! A run as one file: made with the same bytes every time, reproduced elsewhere, refused where it is not as it was.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::somebody::Somebody;
use super::workspace::{Workspace, lines_of_json};

/// Recordings, a network that is trained and tested on them, and a report.
fn study(utterances: usize) -> Workspace {
    let space = Workspace::with_corpus(utterances);
    fs::remove_file(space.join("pipe.toml")).unwrap();
    space.write("pipelines/include/front_end.toml", FRONT_END);
    space.write("pipelines/study.toml", STUDY);
    space
}

const FRONT_END: &str = r#"[stage.speech]
kind = "ingest"
corpora = "made"
split = { train = 0.5, validation = 0.25, test = 0.25 }
[stage.audio]
kind = "resample"
input = "speech"
rate_hz = 8000
[stage.fbank]
kind = "fbank"
input = "audio"
sample_rate_hz = 8000
bins = 23
"#;

const STUDY: &str = r#"include = "include/front_end.toml"
[stage.train]
kind = "train"
input = "fbank"
epochs = 2
batch = 4
encoder = [{ layer = "conv", channels = 4, width = 3, padding = 1 }, { layer = "time_pool", how = "mean" }]
[stage.test]
kind = "evaluate"
model = "train"
input = "fbank"
[stage.report]
kind = "report"
input = "test"
"#;

const BUNDLE: &str = "run.tar.zst";

/// A study that was run and exported.
fn exported() -> Workspace {
    let space = study(12);
    space.run_well("pipelines/study.toml");
    space.told(&["bundle", "export", "pipelines/study.toml", "-o", BUNDLE]);
    space
}

/// Another clone: the recordings elsewhere under another name, and the bundle.
fn receiver(sender: &Workspace) -> Workspace {
    let space = Workspace::new();
    let there = space.join("far/away/recordings");
    fs::create_dir_all(&there).unwrap();
    for (name, content) in sender.files("corpora/made") {
        space.write(&format!("far/away/recordings/{name}"), content);
    }
    let corpora = sender.read("corpora.toml");
    let corpora = corpora.replace("folder = \"corpora\"", "folder = \"far\"");
    let corpora = corpora.replace("root = \"made\"", "root = \"away/recordings\"");
    space.write("corpora.toml", corpora);
    fs::copy(sender.join(BUNDLE), space.join(BUNDLE)).unwrap();
    space
}

/// The last line of `pipe reproduce --json`, and the exit code.
fn reproduced(space: &Workspace, more: &[&str]) -> (Json, i32) {
    let arguments = [&["reproduce", BUNDLE, "--json"], more].concat();
    let output = space.pipe(&arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let last = lines_of_json(&text).pop();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = last.unwrap_or_else(|| panic!("{stderr}"));
    (last, output.status.code().unwrap())
}

#[test]
fn the_same_run_gives_the_same_bytes_and_holds_no_recordings() {
    let space = exported();
    let first = fs::read(space.join(BUNDLE)).unwrap();
    space.told(&[
        "bundle",
        "export",
        "pipelines/study.toml",
        "-o",
        "again/b.tar.zst",
    ]);
    assert_eq!(fs::read(space.join("again/b.tar.zst")).unwrap(), first);

    space.told(&["bundle", "import", BUNDLE]);
    let files = space.files("run");
    for name in [
        "bundle.json",
        "project/corpora.toml",
        "project/pipelines/study.toml",
        "project/pipelines/study.lock.toml",
        "project/pipelines/include/front_end.toml",
        "data/speech.tsv",
        "results/speech/split.tsv",
        "results/train/model.safetensors",
        "results/train/history.jsonl",
        "results/test/predictions.csv",
        "results/report/report.html",
    ] {
        assert!(files.contains_key(name), "{name} of {:?}", files.keys());
    }
    let is_recording = |name: &&String| name.ends_with(".wav") || name.starts_with("features");
    assert_eq!(files.keys().find(is_recording), None);
    let home = space.path().canonicalize().unwrap();
    let home = home.display().to_string();
    for (name, content) in &files {
        let text = String::from_utf8_lossy(content);
        assert!(!text.contains(&home), "{name} says where it was made");
    }
    let table = String::from_utf8_lossy(&files["data/speech.tsv"]);
    assert_eq!(table.lines().count(), 13);
}

#[test]
fn another_folder_another_user_and_another_path_reproduce_it_as_identical() {
    let sender = exported();
    let space = receiver(&sender);
    let user = Somebody::new(&space);
    let mut command = user.command("./program");
    command.args(["reproduce", BUNDLE, "--cache", "my/cache"]);
    let output = command.env("HOME", space.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{stderr}");
    assert!(said.starts_with("identical: all 6 steps"), "{said}");
    assert!(
        space
            .join("run/runs/reproduced/study/report/report.html")
            .exists()
    );

    // Again from the cache, by the same user.
    let (verdict, code) = reproduced(&space, &["--cache", "my/cache"]);
    assert_eq!((&verdict["verdict"], code), (&json!("identical"), 0));
    // The sender too, beside the manifest of the same name.
    let (verdict, code) = reproduced(&sender, &[]);
    assert_eq!((&verdict["verdict"], code), (&json!("identical"), 0));
}

#[test]
fn a_recording_a_label_and_a_missing_row_make_other_data_with_counts() {
    let sender = exported();
    let space = receiver(&sender);
    let wav = "far/away/recordings/audio/0005.wav";
    let table = "far/away/recordings/table.csv";
    let data = |space: &Workspace| {
        let (verdict, code) = reproduced(space, &[]);
        assert_eq!(
            (&verdict["verdict"], code),
            (&json!("different_data"), 1),
            "{verdict}"
        );
        let changes = verdict["data"].as_array().unwrap().clone();
        let sum = |what: &str| {
            changes
                .iter()
                .map(|change| change[what].as_u64().unwrap())
                .sum::<u64>()
        };
        ["missing", "added", "other_recording", "other_facts"].map(sum)
    };
    let before = fs::read(space.join(wav)).unwrap();
    space.tone(wav, 16_000, 0.3, 777.0);
    assert_eq!(data(&space), [0u64, 0, 1, 0]);
    assert!(
        !space
            .join("cache/steps")
            .read_dir()
            .is_ok_and(|mut all| all.next().is_some())
    );
    fs::write(space.join(wav), before).unwrap();

    let rows = space.read(table);
    space.edit(
        table,
        "audio/0001.wav,s1,male,en,neutral",
        "audio/0001.wav,s1,male,en,sad",
    );
    assert_eq!(data(&space), [0, 0, 0, 1]);
    space.write(table, rows);
    assert_eq!(reproduced(&space, &[]).0["verdict"], "identical");
}

#[test]
fn a_parameter_gives_the_same_data_and_different_numbers() {
    let space = receiver(&exported());
    let (verdict, code) = reproduced(&space, &["--set", "train.seed=7"]);
    assert_eq!(code, 1);
    assert_eq!(verdict["verdict"], "different_numbers", "{verdict}");
    let steps = verdict["steps"].as_array().unwrap();
    assert_eq!(steps, &[json!("train"), json!("test"), json!("report")]);
    assert_eq!(verdict["predictions"][0]["step"], "test");
    let told = space.told_with(&["reproduce", BUNDLE, "--set", "train.seed=7"], 1);
    assert!(
        told.starts_with("changed:\ntrain\n  seed: 0 -> 7\n"),
        "{told}"
    );
    assert!(
        told.contains("\nsame data, different numbers: 3 steps are"),
        "{told}"
    );
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_nothing_is_kept() {
    let space = exported();
    let whole = fs::read(space.join(BUNDLE)).unwrap();
    let places = (0..whole.len()).step_by(whole.len() / 60);
    for at in places {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(space.join("bad.tar.zst"), bytes).unwrap();
        let told = space.refused(&["bundle", "import", "bad.tar.zst"]);
        assert!(told.contains("bundle::damaged"), "bit at {at}: {told}");
    }
    for length in [0, 1, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(space.join("bad.tar.zst"), &whole[..length]).unwrap();
        let told = space.refused(&["bundle", "import", "bad.tar.zst"]);
        assert!(told.contains("bundle::damaged"), "cut at {length}: {told}");
    }
    assert!(!space.join("bad").exists());
    let left = fs::read_dir(space.path()).unwrap().flatten();
    let left: Vec<_> = left
        .filter(|entry| entry.file_name().to_string_lossy().contains("new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Writes a bundle of entries: type, name in the archive, content. The list names the last of them as the manifest.
fn forged(path: &Path, list: &Json, entries: &[(tar::EntryType, &str, &[u8])]) {
    let zstd = zstd::Encoder::new(fs::File::create(path).unwrap(), 1).unwrap();
    let mut tar = tar::Builder::new(zstd);
    let list = list.to_string();
    let first = [(tar::EntryType::Regular, "bundle.json", list.as_bytes())];
    for (kind, name, content) in first.iter().chain(entries) {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        if !kind.is_file() {
            header.set_link_name("/etc/passwd").unwrap();
            header.set_size(0);
        }
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

fn list(files: &[(&str, u64, &[u8])]) -> Json {
    let digest = |content: &[u8]| blake3::hash(content).to_hex().to_string();
    let files: Vec<Json> = files
        .iter()
        .map(|(name, bytes, content)| json!({ "name": name, "bytes": bytes, "digest": digest(content) }))
        .collect();
    json!({
        "format": "pipe bundle 1",
        "name": "x",
        "manifest": files.last().unwrap()["name"],
        "set": [],
        "made_by": { "pipe": "0.1.0", "processor": "x86_64", "device": "cpu" },
        "files": files,
    })
}

#[test]
fn what_a_stranger_sends_writes_nothing_elsewhere_and_fills_nothing() {
    use tar::EntryType::{Char, Directory, Link, Regular, Symlink};
    let space = Workspace::new();
    let path = space.join("evil.tar.zst");
    let refused = |problem: &str| {
        let told = space.refused(&["bundle", "import", "evil.tar.zst", "-o", "out/in"]);
        // Long lines are wrapped.
        let told = told.replace("\n  │ ", " ");
        assert!(told.contains(problem), "{problem}: {told}");
        assert!(!space.join("out/in").exists(), "{problem}");
    };
    let x: &[u8] = b"x";
    for name in ["../x", "/tmp/x", "a/../../x", "./x", "a//x", ""] {
        forged(&path, &list(&[(name, 1, x)]), &[(Regular, name, x)]);
        refused("leads out of its folder");
    }
    for kind in [Symlink, Link, Directory, Char] {
        forged(&path, &list(&[("x", 0, b"")]), &[(kind, "x", b"")]);
        refused("is not as bundle.json lists it");
    }
    forged(&path, &list(&[("x", 1, x)]), &[(Regular, "y", x)]);
    refused("x is not as bundle.json lists it");
    forged(&path, &list(&[("x", 1, x)]), &[(Regular, "x", b"yy")]);
    refused("x is not as bundle.json lists it");
    forged(&path, &list(&[("x", 1, x)]), &[(Regular, "x", b"y")]);
    refused("the content of x is not what it was");
    forged(
        &path,
        &list(&[("x", 1, x)]),
        &[(Regular, "x", x), (Regular, "z", x)],
    );
    refused("it holds more than bundle.json lists");
    forged(&path, &list(&[("x", 1, x)]), &[]);
    refused("x is missing");
    let both = [("x", 1, x), ("x-y", 1, x), ("x/y", 1, x)];
    forged(
        &path,
        &list(&both),
        &[(Regular, "x", x), (Regular, "x-y", x), (Regular, "x/y", x)],
    );
    refused("a file that is also a folder");
    forged(
        &path,
        &list(&[("x", 1, x), ("x", 1, x)]),
        &[(Regular, "x", x)],
    );
    refused("in order, each once");
    forged(&path, &list(&[("x", 1 << 40, x)]), &[(Regular, "x", x)]);
    refused("bundle::too_large");
    let mut newer = list(&[("x", 1, x)]);
    newer["format"] = json!("pipe bundle 9");
    forged(&path, &newer, &[(Regular, "x", x)]);
    refused("pipe bundle 9");
    fs::write(&path, b"not a bundle at all").unwrap();
    refused("bundle::damaged");

    // A name longer than memory, as the extension of GNU tar for long names could have it.
    let zstd = zstd::Encoder::new(fs::File::create(&path).unwrap(), 1).unwrap();
    let mut zstd = zstd;
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_path("././@LongLink").unwrap();
    header.set_size(1 << 34);
    header.set_cksum();
    std::io::Write::write_all(&mut zstd, header.as_bytes()).unwrap();
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(0), 1 << 30),
        &mut zstd,
    )
    .unwrap();
    zstd.finish().unwrap();
    refused("bundle.json does not come first");
    let told = space.refused(&["bundle", "import", "evil.tar.zst", "-o", "."]);
    assert!(told.contains("it exists"), "{told}");
}

#[test]
fn a_bundle_grants_no_programs_and_its_results_count_for_nothing() {
    let manifest =
        "[stage.one]\nkind = \"command\"\nrun = \"echo 1 > {out}/a\"\noutputs = [\"a\"]\n";
    let space = Workspace::with_manifest("pipe.toml", manifest);
    space.run_well("pipe.toml");
    space.told(&["bundle", "export", "pipe.toml", "-o", BUNDLE]);
    // Even where everything is trusted, as in these tests.
    let told = space.refused(&["reproduce", BUNDLE]);
    assert!(
        told.contains("trust::commands") && told.contains("echo 1"),
        "{told}"
    );
    let (verdict, _) = reproduced(&space, &["--allow-commands", "--cache", "other"]);
    assert_eq!(verdict["verdict"], "identical");
    let told = space.refused(&["run", "run/project/pipe.toml"]);
    assert!(told.contains("trust::commands"), "{told}");
    // Nothing of it is in a cache.
    space.told(&[
        "bundle",
        "import",
        BUNDLE,
        "-o",
        "fresh",
        "--cache",
        "untouched",
    ]);
    assert!(!space.join("untouched").exists());
}

#[test]
fn recordings_go_along_only_where_they_are_asked_for_and_may() {
    let space = exported();
    let export = [
        "bundle",
        "export",
        "pipelines/study.toml",
        "-o",
        "a.tar.zst",
        "--audio",
        "--features",
    ];
    let told = space.refused(&export);
    assert!(
        told.contains("bundle::licence") && told.contains("made"),
        "{told}"
    );
    space.edit(
        "corpora.toml",
        "licence = \"none\"",
        "licence = \"CC BY 4.0\"",
    );
    space.told(&export);
    space.told(&["bundle", "import", "a.tar.zst"]);
    let files = space.files("a");
    let count = |start: &str| files.keys().filter(|name| name.starts_with(start)).count();
    assert_eq!(
        (count("audio/made/audio/"), count("features/fbank/")),
        (12, 12)
    );
}

#[test]
fn what_is_not_run_or_not_in_the_project_cannot_be_exported() {
    let space = study(12);
    let export = ["bundle", "export", "pipelines/study.toml", "-o", BUNDLE];
    let told = space.refused(&export);
    assert!(told.contains("6 steps are not up to date"), "{told}");
    space.write("elsewhere/front_end.toml", FRONT_END);
    space.write(
        "project/corpora.toml",
        space
            .read("corpora.toml")
            .replace("\"corpora\"", "\"../corpora\""),
    );
    let manifest = STUDY.replace("include/", "../elsewhere/");
    space.write("project/study.toml", manifest);
    space.run_well("project/study.toml");
    let told = space.refused(&["bundle", "export", "project/study.toml", "-o", BUNDLE]);
    assert!(told.contains("bundle::outside"), "{told}");
    assert!(!space.join(BUNDLE).exists());
}

/// The files that a page holds, by name.
fn files_of(page: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#39;", "'"),
            ("&amp;", "&"),
        ]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let parts = page.split("data-file=\"").skip(1);
    parts
        .map(|part| {
            let (name, rest) = part.split_once("\">\n").unwrap();
            let (text, _) = rest.split_once("</pre>").unwrap();
            (plain(name), plain(text))
        })
        .collect()
}

#[test]
fn what_a_page_holds_runs_again_and_gives_its_results() {
    let space = super::learning::study();
    let arguments = ["run", "study.toml", "--set", "train.epochs=2"];
    space.told(&arguments);
    let page = space.read("runs/study/report/report.html");
    let files = files_of(&page);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["corpora.toml", "study.lock.toml", "study.toml"]);
    assert!(page.contains("<code>pipe run study.toml --set train.epochs=2 --locked</code>"));

    let other = Workspace::new();
    for (name, text) in &files {
        other.write(name, text);
    }
    assert_eq!(
        other
            .run("study.toml", &["--set", "train.epochs=2", "--locked"])
            .code,
        Some(0)
    );
    let told = other.refused(&["run", "study.toml", "--locked"]);
    assert!(told.contains("epochs: 2 -> 3"), "{told}");
}

#[test]
fn a_crate_is_what_validators_and_other_tools_expect() {
    let space = exported();
    space.told(&[
        "bundle",
        "export",
        "pipelines/study.toml",
        "-o",
        "crate",
        "--ro-crate",
    ]);
    let text = space.read("crate/ro-crate-metadata.json");
    let metadata: Json = serde_json::from_str(&text).unwrap();
    let graph = metadata["@graph"].as_array().unwrap();
    let find = |id: &str| graph.iter().find(|entity| entity["@id"] == id).unwrap();
    let root = find("./");
    assert_eq!(root["mainEntity"]["@id"], "project/pipelines/study.toml");
    let parts = root["hasPart"].as_array().unwrap();
    for part in parts {
        let id = part["@id"].as_str().unwrap();
        assert!(space.join("crate").join(id).is_file(), "{id}");
        assert_eq!(find(id)["@type"].is_null(), false);
    }
    let run = find("#run");
    assert_eq!(run["@type"], "CreateAction");
    assert_eq!(run["instrument"], root["mainEntity"]);
    assert!(run["endTime"].as_str().unwrap() >= run["startTime"].as_str().unwrap());
    let told = space.refused(&[
        "bundle",
        "export",
        "pipelines/study.toml",
        "-o",
        "crate",
        "--ro-crate",
    ]);
    assert!(told.contains("it exists"), "{told}");
}
