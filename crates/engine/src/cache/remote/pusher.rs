//! What is offered to a remote cache, and the thread that takes it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, Sender};

use pipe_foundation::Digest;

use crate::cache::items::{ItemRecord, StepTag};

/// Items of one step, each with its key.
pub type ItemsOffered = (StepTag, Vec<(Digest, ItemRecord)>);

/// Something that a remote cache may lack.
#[derive(Debug)]
pub enum Offer {
    /// The result under a key, which is of files.
    Result(Digest),
    /// The result under a key, which is of these items; each with its key.
    Items {
        /// The key of the result.
        key: Digest,
        /// The step of the items.
        tag: StepTag,
        /// The items.
        items: Vec<(Digest, ItemRecord)>,
    },
}

/// The thread that pushes.
#[derive(Debug)]
pub struct Pusher {
    /// Takes offers; it is dropped when there are no more.
    pub offers: Sender<Offer>,
    /// Says when all of them have been looked at.
    pub ended: Receiver<()>,
    /// Offers that have neither been sent nor turned out to be there.
    pub open: Arc<AtomicUsize>,
}
