//! Results and items on their way to a remote cache: a thread gathers and sends them while the run goes on.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;

use super::pack::Packs;
use super::pusher::{Offer, Pusher};
use super::segment::Segment;
use super::segments::STEPS;
use super::store::StoreError;
use super::{Notice, Remote, Transfer};
use crate::cache::CacheError;
use crate::cache::items::StepTag;
use crate::cache::records::StepOutput;

/// What has gathered is sent after so long, whatever it is: a run of days costs few requests, and others need not wait for
/// its end.
const GATHER: Duration = Duration::from_secs(300);
/// So many results are sent at once at most.
const MOST_RESULTS: usize = 5_000;
/// How often the end of a run looks whether everything is sent.
const LOOK: Duration = Duration::from_millis(20);

/// Where it is remembered what has been sent.
const PUSHED: &str = "pushed.log";

/// Why something was not sent.
pub(super) enum NotSent {
    /// What has gathered is not there as a whole.
    Store(StoreError),
    /// It cannot be had here, or not be sent at all.
    Content(String),
    Cache(CacheError),
}

impl From<StoreError> for NotSent {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CacheError> for NotSent {
    fn from(error: CacheError) -> Self {
        Self::Cache(error)
    }
}

/// What has gathered.
#[derive(Default)]
struct Gathered {
    packs: Packs,
    segment: Segment,
    keys: Vec<Digest>,
    since: Duration,
    items: usize,
}

impl Remote {
    /// Has a result sent if it is not there yet; the run goes on meanwhile. `again` asks for what has been sent before too.
    pub fn offer(self: &Arc<Self>, offer: Offer, again: bool) {
        if !self.pushes() {
            return;
        }
        let mut pusher = lock(&self.pusher);
        if pusher.is_none() {
            *pusher = self.start(again);
        }
        if let Some(pusher) = &*pusher {
            pusher.open.fetch_add(1, Ordering::Relaxed);
            // A thread that has ended says why when it is waited for.
            let _ = pusher.offers.send(offer);
        }
    }

    /// Waits until everything offered is sent, but no longer than `most` and than `stop` says so: what is left then is sent
    /// by the next run that finds it, and is told.
    /// Gives how many results are left.
    pub fn finish(&self, most: Duration, stop: impl Fn() -> bool) -> usize {
        let Some(Pusher {
            offers,
            ended,
            open,
        }) = lock(&self.pusher).take()
        else {
            return 0;
        };
        drop(offers);
        let until = self.system.uptime() + most;
        while matches!(ended.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty)) {
            let is_late = self.system.uptime() >= until;
            if is_late || stop() {
                self.link.abandon();
                let reason = match is_late {
                    true => "there was no more time",
                    false => "the run was stopped",
                };
                let results = open.load(Ordering::Relaxed);
                let reason = reason.into();
                self.notice(Notice::Left { results, reason });
                return results;
            }
            self.system.sleep(LOOK);
        }
        let left = open.load(Ordering::Relaxed);
        if left > 0 && self.link.off().is_none() {
            self.notice(Notice::Left {
                results: left,
                reason: lock(&self.not_sent).take().unwrap_or_default(),
            });
        }
        left
    }

    /// Whether the result under `key` has been sent, or found there, before.
    ///
    /// # Errors
    /// When what is remembered of that cannot be read.
    pub fn has_taken(&self, key: &Digest) -> Result<bool, CacheError> {
        if let Some(taken) = self.taken.get() {
            return Ok(taken.contains(key));
        }
        let taken = self.keys(PUSHED)?;
        Ok(self.taken.get_or_init(|| taken).contains(key))
    }

    fn start(self: &Arc<Self>, again: bool) -> Option<Pusher> {
        let (offers, received) = channel();
        let (end, ended) = channel();
        let open = Arc::new(AtomicUsize::new(0));
        let (remote, count) = (self.clone(), open.clone());
        let task = move || {
            // What cannot be read of the cache, the run itself reports.
            let _ = remote.push_all(&received, &count, again);
            let _ = end.send(());
        };
        let started = self.system.spawn(Box::new(task));
        started.is_ok().then_some(Pusher {
            offers,
            ended,
            open,
        })
    }

    fn push_all(
        &self,
        offers: &Receiver<Offer>,
        open: &AtomicUsize,
        again: bool,
    ) -> Result<(), CacheError> {
        let mut pushed = match again {
            true => HashSet::new(),
            false => self.keys(PUSHED)?,
        };
        if again {
            self.load()?;
            self.refresh()?;
        }
        let mut gathered = Gathered::default();
        let mut told = Transfer::default();
        loop {
            let offer = match gathered.keys.is_empty() {
                true => offers.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => {
                    let waited = self.system.uptime().saturating_sub(gathered.since);
                    offers.recv_timeout(GATHER.saturating_sub(waited))
                }
            };
            let is_last = matches!(offer, Err(RecvTimeoutError::Disconnected));
            if let Ok(offer) = offer {
                let key = match &offer {
                    Offer::Result(key) | Offer::Items { key, .. } => *key,
                };
                if pushed.contains(&key) {
                    open.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                if self.link.is_off() {
                    continue;
                }
                if gathered.keys.is_empty() {
                    gathered.since = self.system.uptime();
                }
                match self.gather(offer, &mut gathered) {
                    Ok(true) => {}
                    // It is there already.
                    Ok(false) => {
                        open.fetch_sub(1, Ordering::Relaxed);
                        self.note(PUSHED, &[key])?;
                        pushed.insert(key);
                    }
                    Err(NotSent::Store(error)) => {
                        gathered = Gathered::default();
                        self.not_sent(error.to_string());
                    }
                    Err(NotSent::Cache(error)) => self.not_sent(error.to_string()),
                    Err(NotSent::Content(reason)) => self.not_sent(reason),
                }
            }
            let waited = self.system.uptime().saturating_sub(gathered.since);
            let is_due = waited >= GATHER || gathered.keys.len() >= MOST_RESULTS;
            if (is_last || is_due) && !gathered.keys.is_empty() {
                let (keys, items) = (gathered.keys.clone(), gathered.items);
                match self.send(std::mem::take(&mut gathered)) {
                    Ok(bytes) => {
                        open.fetch_sub(keys.len(), Ordering::Relaxed);
                        self.note(PUSHED, &keys)?;
                        told.results += keys.len();
                        told.items += items;
                        told.bytes += bytes;
                        pushed.extend(keys);
                    }
                    Err(NotSent::Store(error)) => self.not_sent(error.to_string()),
                    Err(NotSent::Cache(error)) => self.not_sent(error.to_string()),
                    Err(NotSent::Content(reason)) => self.not_sent(reason),
                }
            }
            if is_last {
                break;
            }
        }
        if told.results > 0 {
            self.notice(Notice::Pushed(told));
            self.cover();
        }
        Ok(())
    }

    /// Adds a result to what has gathered; false where it is there already.
    fn gather(&self, offer: Offer, gathered: &mut Gathered) -> Result<bool, NotSent> {
        let (key, items) = match offer {
            Offer::Result(key) => (key, None),
            Offer::Items { key, tag, items } => (key, Some((tag, items))),
        };
        let is_there = || Ok::<_, CacheError>(self.record(&key)?.is_some());
        if is_there()? {
            return Ok(false);
        }
        // Whoever looks results up does not wait for the index; whoever sends must know it.
        self.read_index()?;
        if is_there()? {
            return Ok(false);
        }
        let Some(record) = self.local.records.get(&key)? else {
            // It was found damaged meanwhile; whoever makes it again offers it again.
            return Ok(false);
        };
        match (&record.output, items) {
            (StepOutput::Files(files), _) => {
                for file in &files.files {
                    let is_there = !lock(&self.steps).places(&file.digest).is_empty();
                    if is_there || gathered.packs.place(&file.digest).is_some() {
                        continue;
                    }
                    let bytes = self.content(&file.digest, file.bytes)?;
                    let place = gathered.packs.add(&self.link, file.digest, &bytes)?;
                    gathered.segment.objects.push((file.digest, place));
                }
            }
            (StepOutput::Items { .. }, Some((tag, items))) => {
                gathered.items += self.push_items(tag, items)?;
            }
            (StepOutput::Items { .. }, None) => return Ok(false),
        }
        gathered.segment.records.push(record);
        gathered.keys.push(key);
        Ok(true)
    }

    /// Sends what has gathered: bytes first, then what names them. Gives the bytes.
    fn send(&self, gathered: Gathered) -> Result<u64, NotSent> {
        let Gathered {
            mut packs,
            mut segment,
            ..
        } = gathered;
        packs.send(&self.link)?;
        segment.packs = packs.sent;
        let name = self.put_segment(STEPS, StepTag(0), "", &segment)?;
        lock(&self.steps).add(&name, segment);
        Ok(packs.bytes)
    }

    /// Puts one segment in the place of many, for whoever is new.
    fn cover(&self) {
        if let Some((begin, segment)) = self.merged() {
            // Nothing depends on it.
            let _ = self.put_segment(STEPS, StepTag(0), &begin, &segment);
        }
    }

    /// Sends and remembers a segment; gives its name, which begins as `begin` says.
    pub(super) fn put_segment(
        &self,
        part: &str,
        tag: StepTag,
        begin: &str,
        segment: &Segment,
    ) -> Result<String, NotSent> {
        let bytes = segment.encode(part, tag, &*self.options.signatures);
        let bytes = bytes.map_err(NotSent::Content)?;
        let name = format!("{begin}{}", Digest::of(&bytes));
        let bytes: Arc<[u8]> = bytes.into();
        self.link.put_if_absent(&format!("{part}/{name}"), &bytes)?;
        self.remember(part, &name, &bytes)?;
        Ok(name)
    }

    /// Keeps the first reason for which something was not sent.
    fn not_sent(&self, reason: String) {
        lock(&self.not_sent).get_or_insert(reason);
    }
}
