//! An item on its way through the steps of a group, with all that it was made from.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use pipe_foundation::Digest;

use crate::artifact::{Item, ItemData};
use crate::cache::items::Location;
use crate::stage::ItemCopy;

use super::in_flight::InFlight;

/// An item at one step, on its way through the group.
pub struct Frame<'f> {
    pub parent: Option<Rc<Frame<'f>>>,
    pub step: usize,
    pub source: Source<'f>,
    pub copy: ItemCopy,
    pub key: Digest,
    pub digest: Digest,
    pub location: Option<Location>,
    pub data: RefCell<Option<Arc<dyn ItemData>>>,
}

/// Drops the frames before it that nothing else needs, one after another: dropping each from within the next would
/// take a call for every stage of a chain.
impl Drop for Frame<'_> {
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(mut frame) = parent.and_then(Rc::into_inner) {
            parent = frame.parent.take();
        }
    }
}

/// What all frames of one item of a source share.
#[derive(Clone, Copy)]
pub struct Source<'f> {
    pub step: usize,
    pub item: &'f Item,
    /// The memory that it takes.
    pub in_flight: &'f InFlight<'f>,
    /// Keys of results whose stored bytes are damaged.
    pub lost: &'f RefCell<HashSet<Digest>>,
}

/// An item that is to be taken through a step, and where it comes from.
pub struct Visit<'f> {
    pub step: usize,
    pub copy: ItemCopy,
    pub input: Digest,
    pub parent: Option<Rc<Frame<'f>>>,
    /// Whether nothing else is to be made of the data of `parent` after it.
    pub last: bool,
}
