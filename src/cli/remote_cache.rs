//! The remote cache on the command line: `--remote`, and whether it answers.

use std::time::{Duration, Instant};

use pipe_engine::cache::Cache;
use pipe_engine::cache::remote::{Notice, Patience};

use crate::configuration::{CacheConfiguration, Configuration, RemoteMode};
use crate::doctor::Check;
use crate::remote;

use super::arguments::Common;
use super::console::print_error;
use super::error::CliError;
use super::lines::counted;
use super::manifest_arguments::RemoteArguments;
use super::permission;

/// How long those wait who only look.
const LOOK_S: u32 = 5;

/// Connects `cache` with the remote cache that is given or configured, if any.
pub fn connect(
    cache: &mut Cache,
    arguments: &RemoteArguments,
    common: &Common,
) -> Result<(), CliError> {
    connect_as(cache, arguments, common, Configuration::load()?.cache)
}

/// As [`connect`], to fetch and send nothing.
pub fn connect_to_look(
    cache: &mut Cache,
    arguments: &RemoteArguments,
    common: &Common,
) -> Result<(), CliError> {
    let configured = Configuration::load()?.cache;
    if configured.mode == RemoteMode::Push {
        return Ok(());
    }
    let looking = CacheConfiguration {
        mode: RemoteMode::Pull,
        patience_s: configured.patience_s.min(LOOK_S),
        ..configured
    };
    connect_as(cache, arguments, common, looking)
}

/// Connects `cache` with the remote cache that is given, or else configured as `configured` says, if any.
pub fn connect_as(
    cache: &mut Cache,
    arguments: &RemoteArguments,
    common: &Common,
    configured: CacheConfiguration,
) -> Result<(), CliError> {
    if let Some(address) = remote::address(arguments.remote.as_deref(), &configured) {
        let ask = |path: &std::path::Path| permission::ask_password(path, common);
        remote::connect(cache, &address, &configured, &ask)?;
    }
    Ok(())
}

/// Says on standard error what went wrong with the remote cache of somebody who only looks.
pub fn tell(cache: &Cache, common: &Common) {
    let Some(remote) = &cache.remote else {
        return;
    };
    for notice in remote.take_notices() {
        let url = remote.url();
        let message = match notice {
            Notice::Off { reason } => format!("the remote cache {url} is left out: {reason}"),
            Notice::Refused { segments, reason } => {
                let parts = counted(segments, "part");
                format!("{parts} of the index of {url} not used: {reason}")
            }
            Notice::Damaged { parts } => {
                format!("{} of {url} did not come whole", counted(parts, "part"))
            }
            Notice::Fetched(_) | Notice::Pushed(_) | Notice::Left { .. } => continue,
        };
        if !common.json {
            print_error(&format!("  warning: {message}"));
        }
    }
}

/// Whether the remote cache answers.
pub fn check(arguments: &RemoteArguments) -> Check {
    const NAME: &str = "remote cache";
    let configured = match Configuration::load() {
        Ok(configuration) => configuration.cache,
        Err(errors) => {
            let first = errors.shown().first().map(ToString::to_string);
            let advice = "fix the configuration: `pipe run` shows the place";
            return Check::bad(NAME, first.unwrap_or_default(), advice);
        }
    };
    let Some(address) = remote::address(arguments.remote.as_deref(), &configured) else {
        return Check::good(NAME, "none is configured");
    };
    let store = match pipe_remote::open(&address) {
        Ok(store) => store,
        Err(error) => {
            let advice = miette::Diagnostic::help(&error).map(|help| help.to_string());
            return Check::bad(NAME, error.to_string(), advice.unwrap_or_default());
        }
    };
    let patience = Patience {
        time: Duration::from_secs(LOOK_S.into()),
        given_up: &|| false,
    };
    let started = Instant::now();
    match store.list("index/", &patience) {
        Ok(parts) => Check::good(
            NAME,
            format!(
                "{} answers in {} ms, with an index of {}",
                store.url(),
                started.elapsed().as_millis(),
                counted(parts.len(), "part")
            ),
        ),
        Err(error) => Check::warning(
            NAME,
            format!("{} does not answer: {error}", store.url()),
            "runs go on without it; check the address, the credentials and the connection",
        ),
    }
}
