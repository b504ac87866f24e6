//! End-to-end tests: the real binary in a temporary folder. Run, change one thing, run again, compare what ran.

mod browser;
mod caching;
mod chromium;
mod commands;
mod damage;
mod disk;
mod errors;
mod hostile;
mod layers;
mod learning;
mod made_up;
mod page;
mod resuming;
mod subcommands;
mod trust;
mod workspace;
