//! The remote cache on the command line: `--remote`, `pipe cache push` and `pipe cache pull`, and whether it answers.

use std::time::{Duration, Instant};

use pipe_engine::cache::Cache;
use pipe_engine::cache::remote::{Notice, Patience};
use pipe_engine::exec;

use crate::configuration::{CacheConfiguration, Configuration, RemoteMode};
use crate::doctor::Check;
use crate::remote;

use super::arguments::Common;
use super::cache_arguments::ExchangeArguments;
use super::console::{print, print_error};
use super::error::CliError;
use super::lines::counted;
use super::manifest_arguments::RemoteArguments;
use super::run::listening;
use super::signals::Signals;
use super::{context, own_name, permission};

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

fn connect_as(
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

/// `pipe cache push`.
pub fn push(arguments: &ExchangeArguments, common: &Common) -> Result<u8, CliError> {
    exchange(arguments, common, RemoteMode::Push)
}

/// `pipe cache pull`.
pub fn pull(arguments: &ExchangeArguments, common: &Common) -> Result<u8, CliError> {
    exchange(arguments, common, RemoteMode::Pull)
}

fn exchange(
    arguments: &ExchangeArguments,
    common: &Common,
    mode: RemoteMode,
) -> Result<u8, CliError> {
    let device = context::device_of_results(&arguments.device)?;
    let plan = context::plan(&arguments.manifest, device, common)?;
    let configured = CacheConfiguration {
        mode,
        ..Configuration::load()?.cache
    };
    if remote::address(arguments.remote.remote.as_deref(), &configured).is_none() {
        return Err(CliError::Usage {
            message: "there is no remote cache".into(),
            help: "name one with --remote, or as `remote` of `[cache]` in your configuration"
                .into(),
        });
    }
    let is_push = mode != RemoteMode::Pull;
    let mut cache = match is_push {
        true => context::existing_cache(common)?,
        false => context::cache(common, arguments.manifest.rehash)?,
    };
    connect_as(&mut cache, &arguments.remote, common, configured)?;
    if let Some(reason) = cache.why_not_stored() {
        let message = format!(
            "the cache {} cannot be written: {reason}",
            common.cache.display()
        );
        let help = "choose another with --cache".into();
        return Err(CliError::Usage { message, help });
    }
    if is_push && cache.pushed().is_none() {
        return Err(CliError::Usage {
            message: "entries are not signed, and your configuration trusts only signed ones"
                .into(),
            help: "name the file of a secret key as `sign_with` of `[cache]` in your configuration"
                .into(),
        });
    }
    if is_push {
        // Only what is here is sent: nothing comes for it.
        own_name::check(&plan, &cache, &common.limits())?;
    } else {
        own_name::claim(&plan, &cache, &common.limits())?;
    }
    let signals = Signals::listen_for(&cache);
    let (observer, _) = listening(common, &signals);
    let (first, second) = match is_push {
        true => exec::push(&plan, &cache, observer.as_ref())?,
        false => exec::pull(&plan, &cache, observer.as_ref())?,
    };
    drop(observer);
    let remote = cache.remote.as_ref();
    let url = remote.map_or("", |remote| remote.url());
    let is_off = remote.is_some_and(|remote| remote.off().is_some());
    if common.json {
        let line = match is_push {
            true => {
                serde_json::json!({ "event": "cache_pushed", "url": url, "results": first, "left": second })
            }
            false => {
                serde_json::json!({ "event": "cache_pulled", "url": url, "results": first, "missing": second })
            }
        };
        print(&format!("{line}\n"))?;
    } else {
        let text = match is_push {
            true => format!(
                "{} of {} at {url}\n",
                first - second,
                counted(first, "result")
            ),
            false => format!(
                "{} in the cache, {second} to be computed\n",
                counted(first, "result")
            ),
        };
        print(&text)?;
    }
    if signals.asked() {
        return Ok(signals.exit_code());
    }
    Ok(u8::from(is_off || (is_push && second > 0)))
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
