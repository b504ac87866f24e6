//! Where a user's configuration is.

use std::path::PathBuf;

/// The folder `pipe` in the user's configuration: `XDG_CONFIG_HOME`, or `.config` in `HOME`; none where neither is an
/// absolute path.
pub fn folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let absolute = |path: &PathBuf| path.is_absolute();
    let given = of("XDG_CONFIG_HOME").filter(absolute);
    let home = || of("HOME").filter(absolute).map(|home| home.join(".config"));
    Some(given.or_else(home)?.join("pipe"))
}
