//! A store of `object_store` as the engine asks it: one request at a time for each thread, with a limit on its time.

use std::future::Future;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    ClientConfigKey, ClientOptions, Error, GetOptions, ObjectStore, ObjectStoreExt as _,
    ObjectStoreScheme, PutMode, PutOptions, RetryConfig,
};
use pipe_engine::cache::remote::{Patience, RemoteStore, StoreError};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::error::OpenError;
use crate::redaction::{clean, secrets, shown};

/// How often a request looks whether anybody still waits for it.
const LOOK: Duration = Duration::from_millis(50);
/// How long a connection may take to come about.
const CONNECT: &str = "5 seconds";
/// The engine limits the time of each request, by its length.
const REQUEST: &str = "1 hour";

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
    let (secrets, shown) = (secrets(&url), shown(&url));
    let store = built(&url, scheme).map_err(|error| OpenError::Settings {
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

fn built(url: &Url, scheme: ObjectStoreScheme) -> Result<Arc<dyn ObjectStore>, Error> {
    // Another may have chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The engine tries again.
    let retry = RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    };
    let client = ClientOptions::new()
        .with_config(ClientConfigKey::ConnectTimeout, CONNECT)
        .with_config(ClientConfigKey::Timeout, REQUEST);
    Ok(match scheme {
        ObjectStoreScheme::AmazonS3 => {
            let key = AmazonS3ConfigKey::Client;
            let builder = AmazonS3Builder::from_env()
                .with_url(url.to_string())
                .with_config(key(ClientConfigKey::ConnectTimeout), CONNECT)
                .with_config(key(ClientConfigKey::Timeout), REQUEST)
                .with_retry(retry);
            // Whoever names such an endpoint means it.
            let is_plain = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
                .iter()
                .find_map(std::env::var_os)
                .is_some_and(|endpoint| endpoint.to_string_lossy().starts_with("http://"));
            Arc::new(match is_plain {
                true => builder.with_allow_http(true).build()?,
                false => builder.build()?,
            })
        }
        ObjectStoreScheme::GoogleCloudStorage => Arc::new(
            GoogleCloudStorageBuilder::from_env()
                .with_url(url.to_string())
                .with_client_options(client)
                .with_retry(retry)
                .build()?,
        ),
        ObjectStoreScheme::MicrosoftAzure => Arc::new(
            MicrosoftAzureBuilder::from_env()
                .with_url(url.to_string())
                .with_client_options(client)
                .with_retry(retry)
                .build()?,
        ),
        ObjectStoreScheme::Http => Arc::new(
            HttpBuilder::new()
                .with_url(&url[..url::Position::BeforePath])
                .with_client_options(client.with_allow_http(url.scheme() == "http"))
                .with_retry(retry)
                .build()?,
        ),
        ObjectStoreScheme::Local => Arc::new(LocalFileSystem::new().with_fsync(true)),
        _ => {
            return Err(Error::NotSupported {
                source: format!("{} is no remote cache", url.scheme()).into(),
            });
        }
    })
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
