//! End-to-end tests: the real binary in a temporary folder. Run, change one thing, run again, compare what ran.

mod caching;
mod commands;
mod errors;
mod subcommands;
mod workspace;
