//! End-to-end tests: the real binary in a temporary folder. Run, change one thing, run again, compare what ran.

mod caching;
mod layers;
mod learning;
mod resuming;
mod workspace;
