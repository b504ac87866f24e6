//! Which build of the program this is.

/// The commit that it was built from, with `-edited` where sources were edited since; none where that was not known.
pub const COMMIT: Option<&str> = option_env!("PIPE_COMMIT");

/// The version, and the commit where that is known.
pub const VERSION: &str = env!("PIPE_VERSION");
