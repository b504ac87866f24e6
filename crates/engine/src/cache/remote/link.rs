//! Requests to a store that may fail: tried again after a while, and no more once that has been in vain too often.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use pipe_foundation::system::System;

use super::store::{Patience, RemoteStore, StoreError};
use crate::cache::Interruption;

/// How often one request is tried.
const TRIES: u32 = 4;
/// So many requests in a row that failed for good end the use of the store.
const FAILED_IN_A_ROW: u32 = 3;
/// So many that failed in all do too: a store that answers now and then costs more than it gives.
const FAILED_IN_ALL: u32 = 20;
/// The first wait before another try; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// What a request may take beyond the patience for its first byte: slower than that is not worth waiting for.
const LEAST_BYTES_PER_SECOND: u64 = 512 << 10;
/// The longest that a request without content may take.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);
/// How often a wait looks for the user.
const LOOK: Duration = Duration::from_millis(50);

/// What was asked of the store.
#[derive(Debug, Default)]
pub struct Counts {
    /// Requests, with those that were tried again.
    pub requests: AtomicU64,
    /// Bytes that came.
    pub bytes_in: AtomicU64,
    /// Bytes that went.
    pub bytes_out: AtomicU64,
}

/// A store, and how much trust in its answering is left.
#[derive(Debug)]
pub struct Link {
    store: Arc<dyn RemoteStore>,
    system: Arc<dyn System>,
    interruption: Interruption,
    /// How long requests may go on failing.
    patience: Duration,
    trouble: Mutex<Trouble>,
    abandoned: AtomicBool,
    /// What was asked.
    pub counts: Counts,
}

#[derive(Debug, Default)]
struct Trouble {
    in_a_row: u32,
    in_all: u32,
    /// Since when nothing has succeeded, as uptime; none after a success.
    since: Option<Duration>,
    /// Why the store is not asked any more.
    off: Option<String>,
    /// Whether somebody has been told.
    is_told: bool,
}

impl Link {
    /// A link that has not been used; requests may go on failing for the time of `patience`.
    pub fn new(
        store: Arc<dyn RemoteStore>,
        system: Arc<dyn System>,
        interruption: Interruption,
        patience: Duration,
    ) -> Self {
        Self {
            store,
            system,
            interruption,
            patience,
            trouble: Mutex::default(),
            abandoned: AtomicBool::new(false),
            counts: Counts::default(),
        }
    }

    /// Where the store is.
    pub fn url(&self) -> &str {
        self.store.url()
    }

    /// Why the store is not asked any more; none while it is.
    pub fn off(&self) -> Option<String> {
        lock(&self.trouble).off.clone()
    }

    /// Why the store is not asked any more; the second call says nothing.
    pub fn take_off(&self) -> Option<String> {
        let mut trouble = lock(&self.trouble);
        let is_off = trouble.off.is_some();
        let is_told = std::mem::replace(&mut trouble.is_told, is_off);
        trouble.off.clone().filter(|_| !is_told)
    }

    /// Whether the store is not asked any more.
    pub fn is_off(&self) -> bool {
        lock(&self.trouble).off.is_some()
    }

    /// Nobody waits for what is under way.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Whether the store is still asked, and somebody waits for what it says.
    pub fn is_usable(&self) -> bool {
        !self.is_off() && !self.given_up()
    }

    fn given_up(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed) || self.interruption.asked()
    }

    /// As [`RemoteStore::get`]; a range that is not there in full counts as a failure.
    pub fn get(&self, name: &str, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
        let wanted = range.as_ref().map(|range| range.end - range.start);
        let bytes = self.ask(name, wanted.unwrap_or(0), |patience| {
            let bytes = self.store.get(name, range.clone(), patience)?;
            match wanted {
                Some(wanted) if bytes.len() as u64 != wanted => Err(StoreError::Failed(format!(
                    "{name} gave {} bytes where {wanted} were asked for",
                    bytes.len()
                ))),
                _ => Ok(bytes),
            }
        })?;
        let count = &self.counts.bytes_in;
        count.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    /// As [`RemoteStore::put_if_absent`].
    pub fn put_if_absent(&self, name: &str, bytes: &Arc<[u8]>) -> Result<bool, StoreError> {
        let length = bytes.len() as u64;
        let put = self.ask(name, length, |patience| {
            self.store.put_if_absent(name, bytes, patience)
        })?;
        self.counts.bytes_out.fetch_add(length, Ordering::Relaxed);
        Ok(put)
    }

    /// As [`RemoteStore::list`].
    pub fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.ask(prefix, 0, |patience| self.store.list(prefix, patience))
    }

    fn ask<T>(
        &self,
        name: &str,
        bytes: u64,
        request: impl Fn(&Patience<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let given_up = || self.given_up();
        let patience = Patience {
            time: LONGEST_ANSWER.min(self.patience)
                + Duration::from_secs_f64(bytes as f64 / LEAST_BYTES_PER_SECOND as f64),
            given_up: &given_up,
        };
        let mut tries = 0;
        loop {
            if let Some(reason) = self.off() {
                return Err(StoreError::Failed(reason));
            }
            if self.given_up() {
                return Err(StoreError::Interrupted);
            }
            let started = self.system.uptime();
            self.counts.requests.fetch_add(1, Ordering::Relaxed);
            tries += 1;
            match request(&patience) {
                Ok(answer) => {
                    self.succeeded();
                    return Ok(answer);
                }
                Err(StoreError::Failed(reason)) => {
                    let is_last = tries == TRIES;
                    if self.failed(&reason, started, is_last) || is_last {
                        return Err(StoreError::Failed(reason));
                    }
                    self.wait(name, tries);
                }
                Err(StoreError::Refused(reason)) => {
                    lock(&self.trouble).off.get_or_insert(reason.clone());
                    return Err(StoreError::Refused(reason));
                }
                // It has answered.
                Err(StoreError::Absent(name)) => {
                    self.succeeded();
                    return Err(StoreError::Absent(name));
                }
                Err(StoreError::Interrupted) => return Err(StoreError::Interrupted),
            }
        }
    }

    fn succeeded(&self) {
        let mut trouble = lock(&self.trouble);
        trouble.in_a_row = 0;
        trouble.since = None;
    }

    /// Counts a failed try that began at `started`; true once the store is not to be asked any more.
    fn failed(&self, reason: &str, started: Duration, is_last: bool) -> bool {
        let now = self.system.uptime();
        let mut trouble = lock(&self.trouble);
        let since = *trouble.since.get_or_insert(started);
        if is_last {
            trouble.in_a_row += 1;
            trouble.in_all += 1;
        }
        let in_vain = trouble.in_a_row >= FAILED_IN_A_ROW || trouble.in_all >= FAILED_IN_ALL;
        if in_vain || now.saturating_sub(since) >= self.patience {
            trouble.off.get_or_insert_with(|| reason.to_owned());
        }
        trouble.off.is_some()
    }

    /// Waits before try `tries` + 1: longer each time, and not as long as others do.
    fn wait(&self, name: &str, tries: u32) {
        let drawn = Digest::of(format!("{name} {tries} {}", self.system.unique()).as_bytes()).0[0];
        let full = FIRST_WAIT * 2_u32.pow(tries - 1);
        let until = self.system.uptime() + full.mul_f64(0.5 + f64::from(drawn) / 510.0);
        while !self.given_up() && self.system.uptime() < until {
            self.system.sleep(LOOK);
        }
    }
}
