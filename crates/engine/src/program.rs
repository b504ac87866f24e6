//! Which program the engine is part of: records say which version made a result.

use std::sync::OnceLock;

static VERSION: OnceLock<&'static str> = OnceLock::new();

/// Says the version of the program, once, before anything is run; until then it is that of this crate.
pub fn set_version(version: &'static str) {
    // Whoever came first is asked by nobody else.
    let _ = VERSION.set(version);
}

/// The version that records get.
pub fn version() -> &'static str {
    VERSION.get().copied().unwrap_or(env!("CARGO_PKG_VERSION"))
}
