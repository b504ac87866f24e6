//! End-to-end tests: the real binary in a temporary folder. Run, change one thing, run again, compare what ran.

mod browser;
mod caching;
mod chromium;
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
mod lineage;
mod made_up;
mod many_variants;
mod page;
mod predicting;
mod probing;
mod remembered;
mod resuming;
mod side_by_side;
mod study;
mod subcommands;
mod tracking;
mod trust;
mod workspace;
