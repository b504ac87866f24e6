//! `pipe cache push` and `pipe cache pull`: results of a manifest go to the remote cache or come from it, without a run.

use pipe_engine::exec;

use crate::configuration::{CacheConfiguration, Configuration, RemoteMode};
use crate::remote;

use super::arguments::Common;
use super::cache_arguments::ExchangeArguments;
use super::console::print;
use super::error::CliError;
use super::lines::counted;
use super::local_run::listening;
use super::remote_cache::connect_as;
use super::signals::Signals;
use super::telling::TellingArguments;
use super::{context, own_name};

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
    let (observer, _) = listening(common, &TellingArguments::default(), &signals);
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
