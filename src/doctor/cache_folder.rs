//! The cache: its format, whether it can be written, and whether a run is in progress.

use std::path::Path;

use miette::Diagnostic;
use pipe_engine::cache::{Cache, CacheError, why_not_writable};
use pipe_foundation::system::RealSystem;

use super::Check;

pub fn checks(cache: &Path) -> Vec<Check> {
    if !cache.exists() {
        let found = format!("{} does not exist yet", cache.display());
        return vec![Check::good("cache", found)];
    }
    vec![format(cache), permissions(cache)]
}

fn format(cache: &Path) -> Check {
    match Cache::open_to_read(cache, false) {
        Ok(opened) => match opened.records.paths() {
            Ok(records) => {
                let found = format!("{}, {} step records", cache.display(), records.len());
                Check::good("cache", found)
            }
            Err(error) => failed(&error),
        },
        Err(error) => failed(&error),
    }
}

fn failed(error: &CacheError) -> Check {
    let advice = error.help().map(|help| help.to_string());
    Check::bad("cache", error.to_string(), advice.unwrap_or_default())
}

fn permissions(cache: &Path) -> Check {
    match why_not_writable(&RealSystem, cache) {
        Ok(None) => Check::good("permissions", "the cache can be written"),
        Ok(Some(reason)) => Check::warning(
            "permissions",
            format!("the cache cannot be written: {reason}"),
            "runs use what is in it and store nothing; choose another with --cache",
        ),
        Err(error) => failed(&error),
    }
}
