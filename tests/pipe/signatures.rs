//! Signed bundles: unpacked for the key of whoever signed them, and refused before anything is kept for everything else.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use ct_codecs::{Base64, Decoder, Encoder};
use minisign::KeyPair;
use pipe_foundation::test_support::skipped;

use super::manifests;
use super::workspace::{Workspace, lines_of_json};

const BUNDLE: &str = "run.tar.zst";
const SIGNATURE: &str = "run.tar.zst.minisig";

/// A run of a few recordings, and a key without a password in `me.key` and `me.pub`; gives the public key.
fn space_with_key() -> (Workspace, String) {
    let space = Workspace::with_corpus(3);
    space.write("pipe.toml", manifests::MADE);
    space.run_well("pipe.toml");
    let public = write_keys(
        &space,
        "me",
        &KeyPair::generate_unencrypted_keypair().unwrap(),
    );
    (space, public)
}

/// Writes both keys as minisign does, and gives the public one.
fn write_keys(space: &Workspace, name: &str, keys: &KeyPair) -> String {
    let secret = keys.sk.to_box(None).unwrap().to_string();
    space.write(&format!("{name}.key"), secret);
    space.write(
        &format!("{name}.pub"),
        keys.pk.to_box().unwrap().to_string(),
    );
    keys.pk.to_base64()
}

fn signed() -> (Workspace, String) {
    let (space, public) = space_with_key();
    space.stdout(&[
        "bundle",
        "export",
        "pipe.toml",
        "-o",
        BUNDLE,
        "--sign",
        "me.key",
    ]);
    (space, public)
}

#[test]
fn a_signed_bundle_is_used_for_the_key_of_its_signer() {
    let (space, public) = space_with_key();
    let export = ["bundle", "export", "pipe.toml", "-o", BUNDLE];
    space.stdout(&export);
    let unsigned = fs::read(space.join(BUNDLE)).unwrap();
    assert!(!space.join(SIGNATURE).exists());
    let told = space.stdout(&[&export[..], &["--sign", "me.key"]].concat());
    let said = format!("{SIGNATURE}: checked by `--public-key {public}`\n");
    assert!(told.ends_with(&said), "{told}");
    assert_eq!(fs::read(space.join(BUNDLE)).unwrap(), unsigned);
    let json = space.stdout(&[&export[..], &["--sign", "me.key", "--json"]].concat());
    let line = &lines_of_json(&json)[0];
    assert_eq!(line["signature"], SIGNATURE);
    assert_eq!(line["public_key"], public.as_str());

    // An export that does not sign leaves the signature, and says so.
    let told = space.stdout(&export);
    assert!(
        told.contains(&format!("{SIGNATURE} was made for an earlier export")),
        "{told}"
    );
    let json = space.stdout(&[&export[..], &["--json"]].concat());
    assert_eq!(lines_of_json(&json)[0]["earlier_signature"], SIGNATURE);

    for (folder, key) in [("a", public.as_str()), ("b", "me.pub")] {
        let import = [
            "bundle",
            "import",
            BUNDLE,
            "-o",
            folder,
            "--public-key",
            key,
        ];
        let told = space.stdout(&import);
        let (first, rest) = told.split_once('\n').unwrap();
        let comment = first.strip_prefix(&format!("signed by {public}: timestamp:"));
        let comment = comment.unwrap_or_else(|| panic!("{told}"));
        assert!(comment.ends_with("\tfile:run.tar.zst\thashed"), "{told}");
        assert!(rest.starts_with(folder), "{told}");
        assert!(space.join(folder).join("bundle.json").is_file());
    }

    // A key of `minisign -G -W` has zeros in the place of its checksum.
    let key = space.read("me.key");
    let (comment, line) = key.trim_end().split_once('\n').unwrap();
    let mut bytes = Base64::decode_to_vec(line, None).unwrap();
    bytes[126..].fill(0);
    let line = Base64::encode_to_string(&bytes).unwrap();
    space.write("minisign.key", format!("{comment}\n{line}\n"));
    space.stdout(&[&export[..], &["--sign", "minisign.key"]].concat());
    space.stdout(&[
        "bundle",
        "import",
        BUNDLE,
        "-o",
        "d",
        "--public-key",
        "me.pub",
    ]);
    // One whose halves do not belong together signs nothing.
    bytes[100] ^= 1;
    let line = Base64::encode_to_string(&bytes).unwrap();
    space.write("minisign.key", format!("{comment}\n{line}\n"));
    let told = space.refused(&[&export[..], &["--sign", "minisign.key"]].concat());
    assert!(told.contains("cannot sign with minisign.key"), "{told}");
    space.stdout(&[&export[..], &["--sign", "me.key"]].concat());

    // Elsewhere under another name, told as JSON.
    fs::rename(space.join(SIGNATURE), space.join("signature")).unwrap();
    let more = [
        "--public-key",
        &public,
        "--signature",
        "signature",
        "--json",
    ];
    let json = space.stdout(&[&["reproduce", BUNDLE, "-o", "c"][..], &more].concat());
    let line = lines_of_json(&json).pop().unwrap();
    assert_eq!(line["verdict"], "identical");
    assert_eq!(line["signed"]["public_key"], public.as_str());
    let comment = line["signed"]["trusted_comment"].as_str().unwrap();
    assert!(comment.starts_with("timestamp:"), "{comment}");
}

/// Refuses the bundle, to be imported or reproduced, with a message that has `problem`, and keeps nothing.
fn refuses(space: &Workspace, key: &str, problem: &str) {
    for command in [&["bundle", "import"][..], &["reproduce"]] {
        let more = [BUNDLE, "-o", "out", "--public-key", key];
        let told = space.refused(&[command, &more].concat());
        // Long lines are wrapped.
        let told = told.replace("\n  │ ", " ");
        assert!(told.contains(problem), "{problem}: {told}");
        assert!(!space.join("out").exists(), "{problem}");
    }
}

#[test]
fn what_is_not_signed_as_wanted_is_refused_before_anything_is_unpacked() {
    let (space, public) = signed();
    let whole = space.read(SIGNATURE);
    let lines: Vec<&str> = whole.lines().collect();
    let other = write_keys(
        &space,
        "other",
        &KeyPair::generate_unencrypted_keypair().unwrap(),
    );

    refuses(
        &space,
        &other,
        "run.tar.zst.minisig was made with another key than RW",
    );
    refuses(&space, "other.pub", "signature::other_key");
    // The number of the right key, which is in its first 14 letters, and another key.
    let forged = [&public[..14], &other[14..]].concat();
    refuses(&space, &forged, "signature::mismatch");
    refuses(&space, "RWnokey", "signature::public_key");
    refuses(&space, "absent.pub", "there is no such file");
    refuses(&space, "me.key", "signature::public_key");
    space.write("empty.pub", "");
    refuses(&space, "empty.pub", "the file is empty");

    for (text, problem) in [
        (whole.replace("file:run", "file:sun"), "signature::mismatch"),
        (lines[..2].join("\n"), "signature::malformed"),
        (String::new(), "signature::malformed"),
        (
            [lines[0], lines[1], lines[2], &lines[3][..40]].join("\n"),
            "signature::malformed",
        ),
        (
            [lines[0], &lines[1][..40], lines[2], lines[3]].join("\n"),
            "signature::malformed",
        ),
        // What `minisign -S -l` makes begins with `Ed` in the place of `ED`.
        (whole.replace("\nRU", "\nRW"), "old kind"),
        ("x".repeat(100_000), "more than 65536 bytes"),
    ] {
        space.write(SIGNATURE, text);
        refuses(&space, &public, problem);
    }
    fs::remove_file(space.join(SIGNATURE)).unwrap();
    refuses(&space, &public, &format!("there is no {SIGNATURE}"));
    space.write(SIGNATURE, &whole);

    let bundle = fs::read(space.join(BUNDLE)).unwrap();
    for at in [0, bundle.len() / 2, bundle.len() - 1] {
        let mut flipped = bundle.clone();
        flipped[at] ^= 1;
        fs::write(space.join(BUNDLE), flipped).unwrap();
        refuses(&space, &public, "signature::mismatch");
    }
    fs::write(space.join(BUNDLE), [&bundle[..], b"x"].concat()).unwrap();
    refuses(&space, &public, "signature::mismatch");
    fs::remove_file(space.join(BUNDLE)).unwrap();
    fs::create_dir(space.join(BUNDLE)).unwrap();
    refuses(&space, &public, "not a regular file");
}

#[test]
fn a_key_that_cannot_sign_is_reported_before_the_bundle_is_made() {
    let (space, _) = space_with_key();
    let keys = KeyPair::generate_encrypted_keypair(Some("word".into())).unwrap();
    write_keys(&space, "secret", &keys);
    let key = space.read("me.key");
    space.write("torn.key", &key[..key.len() - 9]);
    space.write("noise.key", "noise");
    for (key, problem) in [
        (
            "secret.key",
            "secret.key has a password, and there is no terminal",
        ),
        ("absent.key", "cannot use absent.key"),
        ("torn.key", "cannot sign with torn.key"),
        ("noise.key", "cannot sign with noise.key"),
        ("me.pub", "cannot sign with me.pub"),
    ] {
        let told = space.refused(&["bundle", "export", "pipe.toml", "-o", BUNDLE, "--sign", key]);
        assert!(told.contains(problem), "{told}");
        assert!(!space.join(BUNDLE).exists(), "{problem}");
    }
    let crate_of = ["bundle", "export", "pipe.toml", "-o", "crate", "--ro-crate"];
    let told = space.refused(&[&crate_of[..], &["--sign", "me.key"]].concat());
    assert!(told.contains("--ro-crate"), "{told}");
}

#[test]
fn a_password_is_asked_on_a_terminal() {
    if !Path::new("/usr/bin/script").exists() {
        return skipped("there is no `script`, which makes a terminal");
    }
    let (space, _) = space_with_key();
    let keys = KeyPair::generate_encrypted_keypair(Some("word".into())).unwrap();
    let public = write_keys(&space, "secret", &keys);
    for (password, said) in [("word\n", "checked by"), ("sword\n", "Wrong password")] {
        let export = "bundle export pipe.toml -o run.tar.zst --sign secret.key";
        let terminal = format!("exec script -qec \"$0 {export}\" /dev/null");
        let mut command = space.script(&terminal, &[]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(password.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("Password of secret.key: "), "{told}");
        assert!(told.contains(said), "{told}");
    }
    space.stdout(&["bundle", "import", BUNDLE, "--public-key", &public]);
}
