//! End-to-end tests: the real binary in a temporary folder. Run, change one thing, run again, compare what ran.

mod caching;
mod damage;
mod disk;
mod hostile;
mod layers;
mod learning;
mod trust;
mod workspace;
