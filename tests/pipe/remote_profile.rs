//! Credentials of a remote cache in a profile of `~/.aws`, at a real S3 server.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::remote::{Person, ended_well, fetched, results};
use super::remote_s3::{ACCESS_KEY, S3Server, SECRET_KEY};

const WRONG_KEY: &str = "wrong-secret-of-the-profile-43210";

/// A command of theirs, with the profile `lab` of the files in `home` and nothing else.
fn command(person: &Person, arguments: &[&str], home: &Path) -> Command {
    let mut command = person.command(arguments);
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in variables.filter(|name| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("HOME", home).env("AWS_PROFILE", "lab");
    command
}

/// Writes the two files: the credentials, and the profile in the configuration.
fn write(home: &Path, credentials: &str, profile: &str) {
    let folder = home.join(".aws");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("credentials"), credentials).unwrap();
    fs::write(folder.join("config"), format!("[profile lab]\n{profile}")).unwrap();
}

fn keys(secret: &str) -> String {
    format!("[lab]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {secret}\n")
}

#[test]
fn a_profile_says_where_the_store_is_and_who_asks_and_is_shown_nowhere() {
    let Some(server) = S3Server::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let place = format!(
        "region = us-east-1\nendpoint_url = http://{}\n",
        server.address
    );
    write(home, &keys(SECRET_KEY), &place);
    let person = || Person::new(3, "remote = \"s3://lab/team\"\npatience_s = 2\n");
    let (first, second, third) = (person(), person(), person());
    let arguments = ["run", "pipe.toml", "--json"];
    let run = ended_well(&mut command(&first, &arguments, home));
    assert_eq!(run.warnings(), Vec::<&str>::new());
    let run = ended_well(&mut command(&second, &arguments, home));
    assert_eq!((run.steps(), fetched(&run)), ((0, 4, 0), 4));
    assert_eq!(results(&second), results(&first));

    write(home, &keys(WRONG_KEY), &place);
    let run = ended_well(&mut command(&third, &arguments, home));
    let warnings = run.warnings().join("\n");
    assert!(warnings.contains("goes on without it"), "{warnings}");
    let mut said = vec![warnings.into_bytes(), run.stderr.into_bytes()];
    let doctor = command(&third, &["doctor"], home).output().unwrap();
    said.extend([doctor.stdout, doctor.stderr]);
    for person in [&first, &second, &third] {
        said.extend(person.space.files("").into_values());
    }
    for secret in [SECRET_KEY, WRONG_KEY, ACCESS_KEY] {
        let mut texts = said.iter().map(|text| String::from_utf8_lossy(text));
        assert!(!texts.any(|text| text.contains(secret)), "{secret}");
    }
}

#[test]
fn a_profile_that_asks_for_its_credentials_is_refused_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let person = Person::new(1, "remote = \"s3://lab/team\"\n");
    for (profile, by) in [
        ("sso_session = lab\n", "sso_session"),
        (
            "role_arn = arn:aws:iam::1:role/a\nsource_profile = b\n",
            "role_arn",
        ),
        ("credential_process = /bin/false\n", "credential_process"),
    ] {
        write(home.path(), "", profile);
        let mut run = command(&person, &["run", "pipe.toml"], home.path());
        let output = run.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(2), "{told}");
        for part in [
            "remote::profile",
            by,
            "eval \"$(aws configure export-",
            "--profile lab --format env",
        ] {
            assert!(told.contains(part), "{part:?} is not in {told}");
        }
    }
}
