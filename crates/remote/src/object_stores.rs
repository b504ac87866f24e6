//! The stores of `object_store`, by their addresses.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::{
    ClientConfigKey, ClientOptions, Error, ObjectStore, ObjectStoreScheme, RetryConfig,
};
use url::Url;

use crate::aws_profile::AwsProfile;

/// How long a connection may take to come about.
const CONNECT: &str = "5 seconds";
/// The engine limits the time of each request, by its length.
const REQUEST: &str = "1 hour";

/// The store at `url`; `profile` says of an S3 store what the environment does not say.
///
/// # Errors
/// Where what it needs is missing, or it is of no kind that can be used.
pub fn built(
    url: &Url,
    scheme: ObjectStoreScheme,
    profile: AwsProfile,
) -> Result<Arc<dyn ObjectStore>, Error> {
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
        ObjectStoreScheme::AmazonS3 => Arc::new(s3(url, profile).with_retry(retry).build()?),
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

/// An S3 store as the environment describes it, and `profile` where the environment says nothing.
fn s3(url: &Url, profile: AwsProfile) -> AmazonS3Builder {
    let key = AmazonS3ConfigKey::Client;
    let mut builder = AmazonS3Builder::from_env()
        .with_url(url.to_string())
        .with_config(key(ClientConfigKey::ConnectTimeout), CONNECT)
        .with_config(key(ClientConfigKey::Timeout), REQUEST);
    let AwsProfile {
        keys,
        region,
        endpoint_url,
    } = profile;
    // Whoever names such an endpoint means it.
    let is_plain = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .iter()
        .find_map(std::env::var_os)
        .or(endpoint_url.clone().map(Into::into))
        .is_some_and(|endpoint| endpoint.to_string_lossy().starts_with("http://"));
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint_url) = endpoint_url {
        builder = builder.with_endpoint(endpoint_url);
    }
    if let Some(keys) = keys {
        builder = builder
            .with_access_key_id(keys.access_key_id)
            .with_secret_access_key(keys.secret_access_key);
        if let Some(token) = keys.session_token {
            builder = builder.with_token(token);
        }
    }
    match is_plain {
        true => builder.with_allow_http(true),
        false => builder,
    }
}
