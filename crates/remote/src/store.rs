//! A store of `object_store` as the engine asks it: one request at a time for each thread, with a limit on its time.

use std::future::Future;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, ObjectStore, ObjectStoreExt as _, ObjectStoreScheme, PutMode, PutOptions,
};
use pipe_engine::cache::remote::{Patience, RemoteStore, StoreError};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::aws_profile::AwsProfile;
use crate::error::OpenError;
use crate::object_stores::built;
use crate::redaction::{clean, secrets, shown};

/// How often a request looks whether anybody still waits for it.
const LOOK: Duration = Duration::from_millis(50);

/// The store at an address; a path that begins with `/` is a folder.
///
/// # Errors
/// Where the address is none, or what is needed to reach it is missing.
pub fn open(address: &str) -> Result<Arc<dyn RemoteStore>, OpenError> {
    let wrong = |reason: &dyn ToString| OpenError::Address {
        given: match Url::parse(address) {
            Ok(url) => shown(&url),
            Err(_) => address
                .split('@')
                .next_back()
                .unwrap_or_default()
                .to_owned(),
        },
        reason: reason.to_string(),
    };
    let url = match FilePath::new(address).is_absolute() {
        true => Url::from_file_path(address).map_err(|()| wrong(&"it is no path"))?,
        false => Url::parse(address).map_err(|error| wrong(&error))?,
    };
    let (scheme, prefix) = ObjectStoreScheme::parse(&url).map_err(|error| {
        let _ = error;
        wrong(&"no store is reached in this way")
    })?;
    let profile = match scheme {
        ObjectStoreScheme::AmazonS3 => AwsProfile::chosen(&|name| std::env::var_os(name))?,
        _ => AwsProfile::default(),
    };
    let (mut secrets, shown) = (secrets(&url), shown(&url));
    secrets.extend(profile.secrets());
    let store = built(&url, scheme, profile).map_err(|error| OpenError::Settings {
        url: shown.clone(),
        reason: clean(&error.to_string(), &secrets),
    })?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| OpenError::Settings {
            url: shown.clone(),
            reason: error.to_string(),
        })?;
    Ok(Arc::new(Store {
        store,
        prefix,
        secrets,
        shown,
        runtime: Some(runtime),
    }))
}

/// A store, and what is needed to ask it.
#[derive(Debug)]
struct Store {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    secrets: Vec<String>,
    shown: String,
    /// None once it is dropped.
    runtime: Option<Runtime>,
}

impl Store {
    fn path(&self, name: &str) -> Result<Path, StoreError> {
        let path = match self.prefix.as_ref() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        };
        Path::parse(path.trim_end_matches('/'))
            .map_err(|error| StoreError::Refused(error.to_string()))
    }

    /// Waits for an answer as long as the patience lasts.
    fn wait<T>(
        &self,
        patience: &Patience<'_>,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Answer> {
        let Some(runtime) = &self.runtime else {
            return Err(StoreError::Interrupted.into());
        };
        runtime.block_on(async {
            let mut answer = Box::pin(answer);
            let until = tokio::time::Instant::now() + patience.time;
            loop {
                match tokio::time::timeout(LOOK, answer.as_mut()).await {
                    Ok(answer) => return answer.map_err(|error| self.refused(&error)),
                    Err(_) if (patience.given_up)() => return Err(StoreError::Interrupted.into()),
                    Err(_) if tokio::time::Instant::now() >= until => {
                        let waited = patience.time.as_secs_f64();
                        let reason = format!("no answer within {waited:.0} s");
                        return Err(StoreError::Failed(reason).into());
                    }
                    Err(_) => {}
                }
            }
        })
    }

    fn refused(&self, error: &Error) -> Answer {
        let text = clean(&error.to_string(), &self.secrets);
        Answer::Error(match error {
            Error::NotFound { .. } if text.contains("NoSuchBucket") => StoreError::Refused(text),
            Error::NotFound { path, .. } => StoreError::Absent(clean(path, &self.secrets)),
            Error::AlreadyExists { .. } | Error::Precondition { .. } => return Answer::Exists,
            Error::NotImplemented { .. } | Error::NotSupported { .. } => return Answer::Unknown,
            Error::PermissionDenied { .. } => {
                StoreError::Refused(format!("access is denied: {text}"))
            }
            Error::Unauthenticated { .. } => {
                StoreError::Refused(format!("the credentials are not accepted: {text}"))
            }
            Error::InvalidPath { .. } | Error::UnknownConfigurationKey { .. } => {
                StoreError::Refused(text)
            }
            _ => StoreError::Failed(text),
        })
    }
}

/// What a store says where it does not do what it was asked.
enum Answer {
    Error(StoreError),
    /// The object is there already.
    Exists,
    /// The store does not know what it was asked.
    Unknown,
}

impl From<StoreError> for Answer {
    fn from(error: StoreError) -> Self {
        Self::Error(error)
    }
}

impl From<Answer> for StoreError {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Error(error) => error,
            Answer::Exists => Self::Failed("it is there already".into()),
            Answer::Unknown => Self::Refused("the store does not know what it was asked".into()),
        }
    }
}

impl RemoteStore for Store {
    fn url(&self) -> &str {
        &self.shown
    }

    fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        patience: &Patience<'_>,
    ) -> Result<Vec<u8>, StoreError> {
        let path = self.path(name)?;
        let options = GetOptions {
            range: range.map(Into::into),
            ..GetOptions::default()
        };
        let answer = async { self.store.get_opts(&path, options).await?.bytes().await };
        Ok(self.wait(patience, answer)?.into())
    }

    fn put_if_absent(
        &self,
        name: &str,
        bytes: &Arc<[u8]>,
        patience: &Patience<'_>,
    ) -> Result<bool, StoreError> {
        let path = self.path(name)?;
        let put = |mode: PutMode| {
            let options = PutOptions {
                mode,
                ..PutOptions::default()
            };
            let content = Bytes::from_owner(bytes.clone());
            self.wait(
                patience,
                self.store.put_opts(&path, content.into(), options),
            )
        };
        match put(PutMode::Create) {
            Ok(_) => Ok(true),
            Err(Answer::Exists) => Ok(false),
            // Names are digests: to put the same in the place of the same is only a waste.
            Err(Answer::Unknown) => match self.wait(patience, self.store.head(&path)) {
                Ok(_) => Ok(false),
                Err(Answer::Error(StoreError::Absent(_))) => {
                    Ok(put(PutMode::Overwrite).map(|_| true)?)
                }
                Err(answer) => Err(answer.into()),
            },
            Err(Answer::Error(error)) => Err(error),
        }
    }

    fn list(&self, prefix: &str, patience: &Patience<'_>) -> Result<Vec<String>, StoreError> {
        let path = self.path(prefix)?;
        let found: Result<Vec<_>, Answer> =
            self.wait(patience, self.store.list(Some(&path)).try_collect());
        let found = match found {
            Ok(found) => found,
            // A folder that nobody has made yet.
            Err(Answer::Error(StoreError::Absent(_))) => Vec::new(),
            Err(answer) => return Err(answer.into()),
        };
        let names = found.into_iter().filter_map(|object| {
            let name = object.location.as_ref();
            let own = match self.prefix.as_ref() {
                "" => name,
                prefix => name.strip_prefix(prefix)?.strip_prefix('/')?,
            };
            Some(own.to_owned())
        });
        Ok(names.collect())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A request that does not end must not keep the process.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_store_that_keeps_what_it_was_first_given() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("not made yet");
        let store = open(root.to_str().unwrap()).unwrap();
        let patience = Patience {
            time: Duration::from_secs(60),
            given_up: &|| false,
        };
        assert_eq!(
            store.list("index/", &patience).unwrap(),
            Vec::<String>::new()
        );
        let bytes: Arc<[u8]> = b"content".to_vec().into();
        let other: Arc<[u8]> = b"other".to_vec().into();
        assert!(store.put_if_absent("index/a", &bytes, &patience).unwrap());
        assert!(!store.put_if_absent("index/a", &other, &patience).unwrap());
        assert_eq!(store.list("index/", &patience).unwrap(), ["index/a"]);
        assert_eq!(store.get("index/a", None, &patience).unwrap(), b"content");
        let part = store.get("index/a", Some(2..5), &patience).unwrap();
        assert_eq!(part, b"nte");
        let absent = store.get("index/b", None, &patience);
        assert!(matches!(absent, Err(StoreError::Absent(_))), "{absent:?}");
    }

    #[test]
    fn what_is_no_store_is_refused_with_what_would_be_one() {
        for address in ["nothing", "ftp://host/x", "memory:///", "s3://"] {
            let refused = open(address).map(drop).unwrap_err();
            let help = miette::Diagnostic::help(&refused).unwrap().to_string();
            assert!(
                help.contains("s3://BUCKET") || help.contains("AWS_"),
                "{help}"
            );
        }
        let refused = open("https://me:hidden@").map(drop).unwrap_err();
        assert!(!refused.to_string().contains("hidden"), "{refused}");
    }
}
