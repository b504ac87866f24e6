//! End-to-end tests: the real binary in a temporary folder. Run, change one thing, run again, compare what ran.

mod browser;
mod caching;
mod channels;
mod chromium;
mod coarse_clock;
mod commands;
mod damage;
mod declared_files;
mod dependencies;
mod device;
#[cfg(feature = "cuda")]
mod device_libraries;
mod disk;
mod errors;
mod exporting;
mod hostile;
mod identity;
mod keys;
mod layers;
mod learning;
mod limits;
mod lineage;
mod made_up;
mod many_variants;
mod page;
mod predicting;
mod probing;
mod programs;
mod remembered;
mod resuming;
mod shell_lines;
mod shown_names;
mod side_by_side;
#[path = "../../src/skipped.rs"]
mod skipped;
mod study;
mod subcommands;
mod tracking;
mod trust;
mod unreadable;
mod workspace;
