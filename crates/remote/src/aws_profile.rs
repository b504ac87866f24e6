//! What a profile in `~/.aws` says of an S3 store, for what the environment does not say: keys that are written down there,
//! the region, and the endpoint.
//!
//! The files, their sections and their names are those of the
//! [shared configuration](https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html) of Amazon's own programs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use pipe_foundation::regular_file;
use thiserror::Error;

use crate::ini::sections;

const KEY: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
const TOKEN: &str = "aws_session_token";
/// What is written down of credentials that have to be asked for, which needs the programs that ask.
const ASKED_FOR: [&str; 4] = [
    "role_arn",
    "sso_session",
    "sso_start_url",
    "credential_process",
];
/// Variables with which the environment says by itself who asks.
const OWN_CREDENTIALS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"];

/// What a profile says that the environment does not. It has no `Debug`: keys are shown nowhere.
#[derive(Default)]
pub struct AwsProfile {
    /// The credentials.
    pub keys: Option<AwsKeys>,
    /// The region.
    pub region: Option<String>,
    /// The address of the server, where it is not Amazon's.
    pub endpoint_url: Option<String>,
}

/// Credentials as they are written down.
pub struct AwsKeys {
    /// The name of the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// What goes with a key that holds for a while.
    pub session_token: Option<String>,
}

/// Why a profile cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum ProfileError {
    /// A file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(
        code(remote::profile),
        help(
            "mend the file, or say what the store needs in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// There is no such profile.
    #[error("there is no profile `{name}` in {files}")]
    #[diagnostic(
        code(remote::profile),
        help("AWS_PROFILE names it; the files have: {known}")
    )]
    Unknown {
        /// Its name.
        name: String,
        /// Where it was looked for.
        files: String,
        /// Those that there are.
        known: String,
    },
    /// One of two keys is missing.
    #[error("the profile `{name}` in {files} has no {missing}")]
    #[diagnostic(code(remote::profile), help("{KEY} and {SECRET} belong together"))]
    Half {
        /// Its name.
        name: String,
        /// Where it is.
        files: String,
        /// What is missing.
        missing: &'static str,
    },
    /// Its credentials have to be asked for.
    #[error(
        "the profile `{name}` in {files} has its credentials asked for, by {by}, which only Amazon's own programs do"
    )]
    #[diagnostic(
        code(remote::profile),
        help(
            "put them into the environment: eval \"$(aws configure export-credentials --profile {name} --format env)\"; or --remote none"
        )
    )]
    AskedFor {
        /// Its name.
        name: String,
        /// Where it is.
        files: String,
        /// What says so.
        by: &'static str,
    },
}

type Section = BTreeMap<String, String>;

impl AwsProfile {
    /// What the profile says that `environment` chooses, for what it does not say itself.
    ///
    /// # Errors
    /// Where it names one that does not exist, or whose credentials are not written down and needed; and where a file cannot
    /// be read.
    pub fn chosen(environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ProfileError> {
        let text = |name: &str| {
            let value = environment(name).filter(|value| !value.is_empty())?;
            value.into_string().ok()
        };
        let file = |name: &str, usual: &str| {
            let given = environment(name).filter(|value| !value.is_empty());
            let home = || environment("HOME").map(PathBuf::from);
            let home = || home().filter(|home| home.is_absolute());
            given
                .map(PathBuf::from)
                .or_else(|| Some(home()?.join(".aws").join(usual)))
        };
        let paths = [
            file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            file("AWS_CONFIG_FILE", "config"),
        ];
        let files: Vec<String> = (paths.iter().flatten())
            .map(|path| path.display().to_string())
            .collect();
        let files = files.join(" and ");
        let [credentials, config] = paths.map(|path| match path {
            Some(path) => read(&path),
            None => Ok(BTreeMap::new()),
        });
        let (mut credentials, mut config) = (credentials?, config?);
        let given = text("AWS_PROFILE").or_else(|| text("AWS_DEFAULT_PROFILE"));
        let name = given.clone().unwrap_or_else(|| "default".into());
        let own = credentials.remove(&name);
        let of_config = config.remove(&format!("profile {name}"));
        let of_config = of_config.or_else(|| config.remove(&name).filter(|_| name == "default"));
        if given.is_some() && own.is_none() && of_config.is_none() {
            let of_config = (config.into_keys()).filter_map(|section| {
                let name = section.strip_prefix("profile ");
                name.map(str::to_owned)
            });
            let known: BTreeSet<String> = credentials.into_keys().chain(of_config).collect();
            let known: Vec<String> = known.into_iter().collect();
            return Err(ProfileError::Unknown {
                name,
                files,
                known: match known.is_empty() {
                    true => "none".into(),
                    false => known.join(", "),
                },
            });
        }
        let (own, of_config) = (own.unwrap_or_default(), of_config.unwrap_or_default());
        let says = |names: &[&str]| names.iter().any(|name| environment(name).is_some());
        let value = |name: &str| {
            let value = own.get(name).or_else(|| of_config.get(name));
            value.filter(|value| !value.is_empty()).cloned()
        };
        let keys = match says(&OWN_CREDENTIALS) || says(&["AWS_SKIP_SIGNATURE"]) {
            true => None,
            false => keys(&value, &name, &files)?,
        };
        let endpoints = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
        Ok(Self {
            keys,
            region: value("region").filter(|_| !says(&["AWS_REGION", "AWS_DEFAULT_REGION"])),
            endpoint_url: value("endpoint_url").filter(|_| !says(&endpoints)),
        })
    }

    /// What must never be shown.
    pub fn secrets(&self) -> impl Iterator<Item = String> {
        let all = self.keys.iter().flat_map(|keys| {
            let token = keys.session_token.clone();
            [keys.access_key_id.clone(), keys.secret_access_key.clone()]
                .into_iter()
                .chain(token)
        });
        all.collect::<Vec<String>>().into_iter()
    }
}

/// The keys of the profile `name`, whose values are found by their names; none where it has none.
fn keys(
    value: &dyn Fn(&str) -> Option<String>,
    name: &str,
    files: &str,
) -> Result<Option<AwsKeys>, ProfileError> {
    let asked_for = |by: &&&'static str| value(by).is_some();
    let (key, secret) = (value(KEY), value(SECRET));
    let is_written_down = key.is_some() && secret.is_some();
    let by = ASKED_FOR.iter().find(asked_for).copied();
    // A program is asked only for what is not written down.
    if let Some(by) = by.filter(|by| !is_written_down || *by != "credential_process") {
        return Err(ProfileError::AskedFor {
            name: name.into(),
            files: files.into(),
            by,
        });
    }
    let half = |missing| ProfileError::Half {
        name: name.into(),
        files: files.into(),
        missing,
    };
    match (key, secret) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(half(KEY)),
        (Some(_), None) => Err(half(SECRET)),
        (Some(access_key_id), Some(secret_access_key)) => Ok(Some(AwsKeys {
            access_key_id,
            secret_access_key,
            session_token: value(TOKEN),
        })),
    }
}

/// The sections of a file; none where there is no file.
fn read(path: &Path) -> Result<BTreeMap<String, Section>, ProfileError> {
    match regular_file::read_whole_text(path) {
        Ok(text) => Ok(sections(&text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(reason) => Err(ProfileError::Unreadable {
            path: path.to_path_buf(),
            reason,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is chosen with these two files, and these variables.
    fn chosen(
        credentials: &str,
        config: &str,
        variables: &[(&str, &str)],
    ) -> Result<AwsProfile, ProfileError> {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".aws");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("credentials"), credentials).unwrap();
        std::fs::write(folder.join("config"), config).unwrap();
        AwsProfile::chosen(&|name| match name {
            "HOME" => Some(home.path().into()),
            _ => {
                let mut variables = variables.iter();
                let found = variables.find(|(known, _)| *known == name);
                found.map(|(_, value)| value.into())
            }
        })
    }

    const CREDENTIALS: &str = "[default]\naws_access_key_id = one\naws_secret_access_key = hidden-one\n\
        [lab]\naws_access_key_id = two\naws_secret_access_key = hidden-two\naws_session_token = for-a-while\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile lab]\nregion = eu-west-2\n\
        endpoint_url = https://s3.lab.example\n[profile only]\naws_access_key_id = three\naws_secret_access_key = x\n";

    #[test]
    fn the_profile_that_is_named_is_used_and_else_the_default_one() {
        let default = chosen(CREDENTIALS, CONFIG, &[]).ok().unwrap();
        let keys = default.keys.unwrap();
        assert_eq!(
            (&*keys.access_key_id, &*keys.secret_access_key),
            ("one", "hidden-one")
        );
        assert_eq!(
            (keys.session_token, default.region.as_deref()),
            (None, Some("eu-west-1"))
        );
        assert_eq!(default.endpoint_url, None);
        let lab = chosen(CREDENTIALS, CONFIG, &[("AWS_PROFILE", "lab")])
            .ok()
            .unwrap();
        assert_eq!(
            lab.secrets().collect::<Vec<_>>(),
            ["two", "hidden-two", "for-a-while"]
        );
        assert_eq!(lab.region.as_deref(), Some("eu-west-2"));
        assert_eq!(lab.endpoint_url.as_deref(), Some("https://s3.lab.example"));
        let only = chosen(CREDENTIALS, CONFIG, &[("AWS_PROFILE", "only")])
            .ok()
            .unwrap();
        assert_eq!(only.keys.unwrap().access_key_id, "three");
        // Where there is nothing, nothing is said.
        let nothing = chosen("", "", &[]).ok().unwrap();
        assert!(nothing.keys.is_none() && nothing.region.is_none());
    }

    #[test]
    fn what_the_environment_says_counts_first() {
        let variables = [
            ("AWS_PROFILE", "lab"),
            ("AWS_ACCESS_KEY_ID", "mine"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ];
        let said = chosen(CREDENTIALS, CONFIG, &variables).ok().unwrap();
        assert!(said.keys.is_none() && said.region.is_none() && said.endpoint_url.is_none());
        // Nor does it matter how the profile would come to credentials that nobody asks for.
        let by_role = "[default]\nrole_arn = arn\nregion = eu-west-1\n";
        let said = chosen("", by_role, &[("AWS_ACCESS_KEY_ID", "mine")]);
        assert_eq!(said.ok().unwrap().region.as_deref(), Some("eu-west-1"));
    }

    #[test]
    fn what_cannot_be_used_is_told_without_the_keys() {
        let half = CREDENTIALS.replace("aws_access_key_id = two\n", "");
        let lab = [("AWS_PROFILE", "lab")];
        let cases = [
            (
                CREDENTIALS,
                CONFIG,
                [("AWS_PROFILE", "lap")],
                "no profile `lap`",
            ),
            (&half, CONFIG, lab, "has no aws_access_key_id"),
            (
                "",
                "[profile lab]\nsso_session = s\n",
                lab,
                "by sso_session",
            ),
            (
                "",
                "[profile lab]\ncredential_process = p\n",
                lab,
                "by credential_process",
            ),
            (
                CREDENTIALS,
                "[profile lab]\nrole_arn = a\n",
                lab,
                "by role_arn",
            ),
        ];
        for (credentials, config, variables, expected) in cases {
            let error = chosen(credentials, config, &variables).err().unwrap();
            let told = format!("{error} {}", Diagnostic::help(&error).unwrap());
            assert!(told.contains(expected), "{told}");
            assert!(!told.contains("hidden"), "{told}");
        }
        // What is written down needs no program.
        let both = "[profile lab]\ncredential_process = p\n";
        assert!(chosen(CREDENTIALS, both, &lab).ok().unwrap().keys.is_some());
    }
}
