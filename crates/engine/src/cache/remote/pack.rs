//! A pack on its way to a remote cache: bytes of files and items, one after another.

use std::collections::HashMap;

use pipe_foundation::Digest;

use super::link::Link;
use super::reads::pack_name;
use super::segment::Place;
use super::store::StoreError;

/// A pack is sent once it has so many bytes.
const PACK_BYTES: usize = 64 << 20;

/// Packs that are sent, and the one that is being filled.
#[derive(Debug, Default)]
pub struct Packs {
    /// Those that are there, by number.
    pub sent: Vec<Digest>,
    filling: Vec<u8>,
    /// Where each content is: what two results share is sent once.
    places: HashMap<Digest, Place>,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Packs {
    /// Where the content with `digest` is, if it has been added.
    pub fn place(&self, digest: &Digest) -> Option<Place> {
        self.places.get(digest).copied()
    }

    /// Adds a content; sends what has gathered once that is much.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn add(&mut self, link: &Link, digest: Digest, bytes: &[u8]) -> Result<Place, StoreError> {
        if let Some(place) = self.place(&digest) {
            return Ok(place);
        }
        if !self.filling.is_empty() && self.filling.len() + bytes.len() > PACK_BYTES {
            self.send(link)?;
        }
        let number = self.sent.len() as u32;
        let place = (number, self.filling.len() as u64, bytes.len() as u64);
        self.filling.extend_from_slice(bytes);
        self.bytes += bytes.len() as u64;
        self.places.insert(digest, place);
        Ok(place)
    }

    /// Sends what has gathered.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn send(&mut self, link: &Link) -> Result<(), StoreError> {
        if self.filling.is_empty() {
            // Contents without bytes need a pack in the table all the same.
            if self
                .places
                .values()
                .any(|place| place.0 as usize >= self.sent.len())
            {
                self.sent.push(Digest::of(b""));
            }
            return Ok(());
        }
        let digest = Digest::of(&self.filling);
        let bytes = std::mem::take(&mut self.filling).into();
        link.put_if_absent(&pack_name(&digest), &bytes)?;
        self.sent.push(digest);
        Ok(())
    }
}
