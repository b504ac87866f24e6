//! End-to-end tests: the real binary in a temporary folder. Run, change one thing, run again, compare what ran.

mod caching;
mod errors;
mod workspace;
