//! The features of many utterances: all on the device, or on the host, from where each batch brings its own.

use std::sync::Arc;

use dfdx::tensor::CudaError;
use pipe_foundation::FeaturesView;

use super::packing::Masked;
use super::{Card, Memory, Pointer};

/// Features of many utterances.
pub struct Corpus<'a> {
    place: Place<'a>,
    /// First row and frames of each utterance.
    pub(super) utterances: Vec<(usize, usize)>,
    pub(super) bins: usize,
}

enum Place<'a> {
    Device(Memory),
    Host(Vec<&'a [f32]>),
}

/// What a batch reads of a corpus.
pub struct Share<'a> {
    /// Frames of each utterance.
    pub frames: Vec<usize>,
    /// First row of each utterance where it is read, and its masks.
    pub sources: Vec<(usize, Masked)>,
    /// What the batch must bring along: nothing where the features are on the device.
    pub brought: Vec<&'a [f32]>,
    /// Where they are on the device, unless the batch brings them.
    pub there: Option<Pointer>,
}

impl Corpus<'static> {
    /// Copies features to the device, where they stay.
    ///
    /// # Errors
    /// Where they do not fit there.
    pub fn new(card: &Arc<Card>, features: &[FeaturesView<'_>]) -> Result<Self, CudaError> {
        let on_host = Corpus::on_host(features.iter().copied());
        card.take();
        let mut values = Memory::new(card, on_host.values())?;
        for (view, (first, _)) in features.iter().zip(&on_host.utterances) {
            values.write(first * on_host.bins, view.values)?;
        }
        Ok(Self {
            place: Place::Device(values),
            utterances: on_host.utterances,
            bins: on_host.bins,
        })
    }
}

impl<'a> Corpus<'a> {
    /// Features that stay on the host; each batch copies what it reads.
    pub fn on_host(features: impl IntoIterator<Item = FeaturesView<'a>>) -> Self {
        let (mut values, mut utterances) = (Vec::new(), Vec::new());
        let (mut rows, mut bins) = (0, 0);
        for view in features {
            if utterances.is_empty() {
                bins = view.bins;
            }
            values.push(view.values);
            utterances.push((rows, view.frames));
            rows += view.frames;
        }
        Self {
            place: Place::Host(values),
            utterances,
            bins,
        }
    }

    /// Values of all utterances.
    fn values(&self) -> usize {
        let rows = self.utterances.last();
        rows.map_or(0, |(first, frames)| (first + frames) * self.bins)
    }

    /// Frames of the utterance at a place.
    pub fn frames(&self, at: usize) -> usize {
        self.utterances.get(at).map_or(0, |own| own.1)
    }

    /// What a batch of these utterances reads.
    pub(super) fn share(&self, utterances: &[Masked]) -> Share<'a> {
        let places = utterances.iter().map(|own| self.utterances[own.at]);
        let frames: Vec<usize> = places.clone().map(|(_, frames)| frames).collect();
        let mut rows = 0;
        let firsts = places.map(|(first, frames)| match self.place {
            Place::Device(_) => first,
            Place::Host(_) => {
                rows += frames;
                rows - frames
            }
        });
        let sources = firsts.zip(utterances.iter().cloned()).collect();
        let (brought, there) = match &self.place {
            Place::Device(values) => (Vec::new(), Some(values.at(0))),
            Place::Host(all) => (utterances.iter().map(|own| all[own.at]).collect(), None),
        };
        Share {
            frames,
            sources,
            brought,
            there,
        }
    }
}
