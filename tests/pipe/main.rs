//! End-to-end tests: the real binary in a temporary folder. Run, change one thing, run again, compare what ran.

mod caching;
mod commands;
mod damage;
mod disk;
mod errors;
mod hostile;
mod layers;
mod learning;
mod resuming;
mod side_by_side;
mod subcommands;
mod trust;
mod workspace;
