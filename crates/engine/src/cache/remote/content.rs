//! Content of this cache on its way to a remote one: files as they are, items in packs with segments of their own.

use pipe_foundation::Digest;

use super::Remote;
use super::pack::Packs;
use super::push::NotSent;
use super::reads::LONGEST_PART;
use super::segment::Segment;
use super::segments::part_of;
use crate::cache::CacheError;
use crate::cache::items::{ItemRecord, Location, StepTag};

/// So many items are in one segment at most.
const MOST_ITEMS: usize = 100_000;

impl Remote {
    /// The content of a file of a result, whole and undamaged.
    pub(super) fn content(&self, digest: &Digest, bytes: u64) -> Result<Vec<u8>, NotSent> {
        if bytes > LONGEST_PART {
            let reason = "a file of it is longer than 1 GiB";
            return Err(NotSent::Content(reason.into()));
        }
        let path = self.local.objects.path(digest);
        let content = self.system.read(&path);
        let content = content.map_err(|error| CacheError::read(&path, error))?;
        match Digest::of(&content) == *digest {
            true => Ok(content),
            false => Err(NotSent::Content("a file of it is damaged".into())),
        }
    }

    /// Sends the items of a step that are not there yet; gives how many these were.
    pub(super) fn push_items(
        &self,
        tag: StepTag,
        items: Vec<(Digest, ItemRecord)>,
    ) -> Result<usize, NotSent> {
        let there = self.items(tag)?;
        let lacks = |(key, record): &(Digest, ItemRecord)| {
            let known = there.get(key);
            match record {
                ItemRecord::Done {
                    location: Some(_), ..
                } => known.is_none_or(|known| known.places.is_empty()),
                ItemRecord::Done { location: None, .. } => known.is_none(),
                ItemRecord::Bad { .. } => false,
            }
        };
        let items: Vec<_> = items.into_iter().filter(lacks).collect();
        for items in items.chunks(MOST_ITEMS) {
            let (mut packs, mut segment) = (Packs::default(), Segment::default());
            for (key, record) in items {
                let ItemRecord::Done { digest, location } = record else {
                    continue;
                };
                let location = match location {
                    None => None,
                    Some(place) => {
                        let part = match place.bytes <= LONGEST_PART {
                            true => self.local.packs.open(*place, digest)?,
                            false => None,
                        };
                        let bytes = part.and_then(|part| part.to_vec().ok());
                        let lost = || "an item of it is damaged, or longer than 1 GiB".into();
                        let bytes = bytes.ok_or_else(|| NotSent::Content(lost()))?;
                        let (pack, offset, bytes) = packs.add(&self.link, *digest, &bytes)?;
                        Some(Location {
                            pack: pack.into(),
                            offset,
                            bytes,
                        })
                    }
                };
                let record = ItemRecord::Done {
                    digest: *digest,
                    location,
                };
                segment.items.push((*key, record));
            }
            packs.send(&self.link)?;
            segment.packs = packs.sent;
            self.put_segment(&part_of(tag), tag, "", &segment)?;
        }
        Ok(items.len())
    }
}
