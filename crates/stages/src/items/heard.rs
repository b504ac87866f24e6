//! Who and what is heard in each split of a listing, to compare it with others.

use std::collections::BTreeSet;

use pipe_engine::artifact::Item;
use pipe_foundation::Digest;
use pipe_speech::corpus::Split;

use super::UtteranceItem;

/// The speakers and the audio of some splits of a listing.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// By split, in the order of [`Split::ALL`].
    parts: [Part; 3],
}

#[derive(Clone, Debug, Default)]
struct Part {
    speakers: BTreeSet<String>,
    /// Sorted, each with the position of its item in the listing.
    audio: Vec<(Digest, u32)>,
}

impl Heard {
    /// What is heard in `items`, the items of a listing in their order.
    pub fn of(items: &[Item]) -> Self {
        let mut heard = Self::default();
        for (position, item) in items.iter().enumerate() {
            let utterance = item.utterance();
            let part = &mut heard.parts[place(utterance.split)];
            if !part.speakers.contains(&*utterance.speaker) {
                part.speakers.insert(utterance.speaker.to_string());
            }
            part.audio.push((item.digest, position as u32));
        }
        for part in &mut heard.parts {
            part.audio.sort_unstable();
        }
        heard
    }

    /// Speakers of a split of this listing that are in a split of another one, in their order.
    pub fn shared_speakers<'a>(
        &'a self,
        split: Split,
        other: &'a Self,
        of_other: Split,
    ) -> impl Iterator<Item = &'a str> {
        let (own, theirs) = (&self.parts[place(split)], &other.parts[place(of_other)]);
        let shared = own.speakers.intersection(&theirs.speakers);
        shared.map(String::as_str)
    }

    /// Positions of items of a split of this listing whose audio is in a split of another one, each with the position of
    /// the first item there that has it.
    pub fn shared_audio<'a>(
        &'a self,
        split: Split,
        other: &'a Self,
        of_other: Split,
    ) -> impl Iterator<Item = (usize, usize)> {
        let theirs = &other.parts[place(of_other)].audio;
        let own = self.parts[place(split)].audio.iter();
        own.filter_map(|(digest, position)| {
            let first = theirs.partition_point(|(other, _)| other < digest);
            let (found, at) = theirs.get(first)?;
            (found == digest).then_some((*position as usize, *at as usize))
        })
    }
}

fn place(split: Split) -> usize {
    match split {
        Split::Train => 0,
        Split::Validation => 1,
        Split::Test => 2,
    }
}
