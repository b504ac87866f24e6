//! What a stranger's bundle could try: nothing is written elsewhere, and nothing is filled.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::workspace::Workspace;

/// Writes a bundle of entries: type, name in the archive, content. The list names the last of them as the manifest.
pub fn forged(path: &Path, list: &Json, entries: &[(tar::EntryType, &str, &[u8])]) {
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
    let many: Vec<String> = (0..100_001).map(|number| format!("{number:06}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), 1, x)).collect();
    forged(&path, &list(&many), &[]);
    refused("unpacks to 100001 files, and the limit is 100000");
    refused("--max-files");
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

/// The places of corpora are the receiver's to say.
#[test]
fn a_bundle_does_not_decide_what_is_read_outside_of_it() {
    let sender = super::bundles::exported();
    sender.stdout(&["bundle", "import", super::bundles::BUNDLE, "-o", "sent"]);
    let manifest = "sent/project/pipelines/study.toml";
    let file = "sent/project/corpora.toml";
    let before = sender.read(file);
    let elsewhere = sender.join("corpora");
    let elsewhere = elsewhere.display();
    let user = tempfile::tempdir().unwrap();
    let says = |more: &[&str]| {
        let mut command = sender.command(&[&["plan", manifest], more].concat());
        command.env("XDG_CONFIG_HOME", user.path());
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), stderr)
    };
    let folder = format!("folder = \"{elsewhere}\"");
    let root = format!("root = \"{elsewhere}/made\"");
    let set = |key: &str, line: &str| {
        let lines = before.lines().map(|old| match old.starts_with(key) {
            true => line,
            false => old,
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    for text in [
        set("folder = ", &folder),
        set("folder = ", "folder = \"../../corpora\""),
        set("root = ", &root),
    ] {
        sender.write(file, &text);
        let (code, stderr) = says(&[]);
        assert_eq!(code, Some(2), "{text}\n{stderr}");
        assert!(stderr.contains("bundle::place"), "{stderr}");
        let (code, stderr) = says(&["--allow-paths"]);
        assert_eq!(code, Some(0), "{text}\n{stderr}");
        // Nor is it found from inside.
        let mut command = sender.command(&["corpora", "made"]);
        command.env("XDG_CONFIG_HOME", user.path());
        let output = command.current_dir(sender.join("sent/project")).output();
        let output = output.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("bundle::place"), "{stderr}");
        // What the receiver gives is theirs.
        assert_eq!(says(&["--corpora", "corpora.toml"]).0, Some(0));
    }
}
