//! The layers of an encoder on a device, in any order.

use std::sync::Arc;

use crate::layers::{AnyDeviceLayer, Laid, SizedLayer, device_layer};
use crate::model::{EncoderShape, ModelError};

use super::packing::{Masked, Packing, read};
use super::tables::{Spacing, Tables};

/// The layers, each as the device runs it.
#[derive(Debug, Default)]
pub struct Chain {
    layers: Vec<Arc<dyn AnyDeviceLayer>>,
    bins: usize,
    minimum_frames: usize,
    embedding: usize,
}

/// How a batch lies, and the tables of each layer.
pub struct LaidBatch {
    pub packing: Packing,
    pub layers: Vec<Laid>,
}

impl Chain {
    /// The layers of an encoder.
    ///
    /// # Errors
    /// [`ModelError::NoKernels`] names the first that has none.
    pub fn new(shape: &EncoderShape) -> Result<Self, ModelError> {
        shape.check_kernels()?;
        let layers = shape
            .layers()
            .map(|(name, layer)| match device_layer(layer) {
                Some(layer) => layer,
                None => unreachable!("{name} is of a kind with kernels"),
            });
        Ok(Self {
            layers: layers.collect(),
            bins: shape.bins,
            minimum_frames: shape.minimum_frames(),
            embedding: shape.embedding(),
        })
    }

    /// The layers in their order.
    pub fn layers(&self) -> &[Arc<dyn AnyDeviceLayer>] {
        &self.layers
    }

    /// Feature bins per frame.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Length of the embedding.
    pub fn embedding(&self) -> usize {
        self.embedding
    }

    /// Frames of each utterance before every layer and after the last; short utterances are lengthened.
    pub fn counts(&self, frames: &[usize]) -> Vec<Vec<usize>> {
        let lengthened = frames.iter().map(|&n| n.max(self.minimum_frames));
        let mut counts = vec![lengthened.collect::<Vec<usize>>()];
        for layer in &self.layers {
            let layer: &dyn SizedLayer = &**layer;
            let before = counts.last().into_iter().flatten();
            counts.push(before.map(|&n| layer.frames_after(n)).collect());
        }
        counts
    }

    /// How the frames lie that the layer at `index` reads, or those that the last one makes.
    pub fn spacing(&self, index: usize, sms: usize, counts: &[usize]) -> Spacing {
        match self.layers.get(index) {
            Some(layer) => layer.spacing(sms, counts),
            None => Spacing::none(counts),
        }
    }

    /// The tables of utterances with this many frames; `sources` gives the first row of each where it is read, and its
    /// masks. `sms` is the number of SMs of the card.
    pub fn lay(&self, sms: usize, frames: &[usize], sources: &[(usize, Masked)]) -> LaidBatch {
        let counts = self.counts(frames);
        let mut tables = Tables::default();
        let mut packing = Packing {
            utterances: frames.len(),
            ..Packing::default()
        };
        let mut layers = Vec::with_capacity(self.layers.len());
        for (index, own) in counts.iter().enumerate() {
            let spacing = self.spacing(index, sms, own);
            let read = tables.spaced(own, spacing);
            packing.frames.push(read);
            let before = index.checked_sub(1).map(|before| &self.layers[before]);
            if let Some(before) = before {
                let made = match before.fills_gaps() {
                    true => read,
                    false => tables.spaced(own, Spacing::none(own)),
                };
                packing.made.push(made);
            }
            if let Some(layer) = self.layers.get(index) {
                layers.push(layer.lay(sms, own, &mut tables));
            }
        }
        let firsts = self.spacing(0, sms, &counts[0]).firsts(&counts[0]);
        (packing.sources, packing.masks) = read(&mut tables, &firsts, frames, sources);
        packing.numbers = tables.into_numbers();
        LaidBatch { packing, layers }
    }
}

#[cfg(test)]
mod tests {
    use std::any::Any;

    use super::*;
    use crate::layers::conv::block_kernel::Convolved;
    use crate::layers::conv::shape::ConvShape;
    use crate::model::cuda::tables::{Frames, Table};
    use crate::model::spec::Layer;

    #[test]
    fn zeros_stand_around_the_utterances_that_a_convolution_reads() {
        let layers = r#"[{"layer":"conv","channels":3,"width":4,"padding":3},
            {"layer":"conv","channels":3,"width":3,"padding":0,"pool_width":2},
            {"layer":"time_pool","how":"mean"}]"#;
        let shape = EncoderShape::new(&serde_json::from_str::<Vec<Layer>>(layers).unwrap(), 2);
        let shape = shape.unwrap();
        let chain = Chain::new(&shape).unwrap();
        let frames = [5, 700, 9];
        let sources = vec![(0, Masked::default()); 3];
        let LaidBatch { packing, layers } = chain.lay(30, &frames, &sources);
        let table = |at: Table, length: usize| packing.numbers[at..at + length].to_vec();
        let owners = |frames: &Frames| table(frames.utterance_of, frames.rows);
        let mut all_parts = Vec::new();
        for (block, (_, layer)) in shape.layers().take(2).enumerate() {
            let conv = (layer as &dyn Any).downcast_ref::<ConvShape>().unwrap();
            let own: &Convolved = layers[block].downcast_ref().unwrap();
            let (read, made) = (&packing.frames[block], &own.frames);
            assert_eq!(read.rows, made.rows + conv.width - 1, "patches end in it");
            assert!(made.rows.is_multiple_of(own.parts));
            assert!(own.parts.is_multiple_of(conv.width));
            all_parts.push(own.parts);
            let (read_of, made_of) = (owners(read), owners(made));
            let firsts = table(made.first, 3).into_iter().zip(table(read.first, 3));
            for (utterance, (begins, first)) in firsts.enumerate() {
                assert_eq!(begins + conv.padding as i32, first);
                let count = packing.numbers[made.count + utterance];
                for row in begins..begins + count {
                    assert_eq!(made_of[row as usize], utterance as i32);
                    // A patch holds frames of one utterance, and zeros.
                    let patch = &read_of[row as usize..row as usize + conv.width];
                    assert!(patch.iter().all(|&own| own < 0 || own == utterance as i32));
                }
                let taken = made_of.iter().filter(|&&own| own == utterance as i32);
                assert_eq!(taken.count() as i32, count);
            }
        }
        // Long enough to keep several SMs busy: three times the width, the next block twice.
        assert_eq!(all_parts, [2 * 4, 3 * 3]);
        let last = &packing.frames[2];
        assert!(owners(last).iter().all(|&own| own >= 0), "no gaps");
    }
}
