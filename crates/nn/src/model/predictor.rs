//! A network made ready to predict again and again: threads started, weights packed, buffers kept.

use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;
use pipe_foundation::progress::Progress;

use super::embedding::{PREDICT_BATCH, embed_all};
use super::{EncoderPass, ModelError, Network, Outputs};

/// Predicts with one network; costs of starting are paid once.
pub struct Predictor<'a> {
    network: &'a Network,
    pass: EncoderPass,
    workers: Workers,
}

impl<'a> Predictor<'a> {
    /// Starts `threads` threads (at least one) and packs the weights.
    ///
    /// # Errors
    /// [`ModelError::Threads`] where the system refuses.
    pub fn new(network: &'a Network, threads: usize) -> Result<Self, ModelError> {
        let workers = Workers::new(threads)?;
        let mut pass = EncoderPass::default();
        network.pack(&mut pass, &workers);
        Ok(Self {
            network,
            pass,
            workers,
        })
    }

    /// Its threads, free between predictions.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// For each utterance the probability of every class, and the number of every target in units of its standard
    /// deviation.
    ///
    /// The same bits whatever the threads, and whatever is predicted together.
    ///
    /// # Errors
    /// Features that do not fit the network.
    pub fn predict(&mut self, utterances: &[FeaturesView<'_>]) -> Result<Vec<Outputs>, ModelError> {
        let embeddings = embed_all(self.network, utterances, &mut self.pass, &self.workers)?;
        Ok(self.outputs(&embeddings))
    }

    /// As [`Self::predict`], once; [`ModelError::Stopped`] soon after `progress` says so.
    ///
    /// # Errors
    /// As [`Self::predict`], and [`ModelError::Stopped`].
    pub fn predict_interruptible(
        mut self,
        utterances: &[FeaturesView<'_>],
        progress: &dyn Progress,
    ) -> Result<Vec<Outputs>, ModelError> {
        let (pass, workers) = (&mut self.pass, &self.workers);
        let embed = || embed_all(self.network, utterances, pass, workers);
        let embeddings = workers.watched(progress, embed)?;
        Ok(self.outputs(&embeddings))
    }

    fn outputs(&self, embeddings: &[f32]) -> Vec<Outputs> {
        let width = self.network.shape().embedding();
        let parts = embeddings.chunks(PREDICT_BATCH * width.max(1));
        parts.flat_map(|part| self.network.outputs(part)).collect()
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::Features;
    use pipe_foundation::test_support::noise;

    use super::*;
    use crate::model::spec::default_encoder;
    use crate::model::{EncoderShape, Initialisation};

    #[test]
    fn an_utterance_has_the_same_bits_alone_and_among_others() {
        for (bins, encoder) in [
            (40, default_encoder()),
            (
                7,
                serde_json::from_str(
                    r#"[{"layer":"conv","channels":9,"width":3},{"layer":"lstm","units":11,"layers":2,
                    "bidirectional":true},{"layer":"time_pool","how":"mean"},{"layer":"linear","units":13}]"#,
                )
                .unwrap(),
            ),
            (
                5,
                serde_json::from_str(
                    r#"[{"layer":"conv","channels":19,"width":4,"padding":1,"pool_width":2},
                    {"layer":"time_pool","how":"mean"}]"#,
                )
                .unwrap(),
            ),
        ] {
            let shape = EncoderShape::new(&encoder, bins).unwrap();
            let targets = ["arousal".to_owned()];
            let how = Initialisation::Pytorch;
            let network = Network::of_tasks(shape, 3, &targets, &[], how, 3).unwrap();
            let features: Vec<Features> = [1, 40, 14, 97, 15, 16, 300, 40, 2, 61]
                .into_iter()
                .cycle()
                .take(43)
                .enumerate()
                .map(|(index, frames)| Features {
                    frames,
                    bins,
                    values: noise(frames * bins, index as u32),
                })
                .collect();
            let views: Vec<_> = features.iter().map(Features::view).collect();
            let mut predictor = Predictor::new(&network, 2).unwrap();
            let together = predictor.predict(&views).unwrap();
            for (view, expected) in views.iter().zip(together) {
                let alone = predictor.predict(std::slice::from_ref(view)).unwrap();
                let bits = |row: &Outputs| {
                    let values = row.probabilities.iter().chain(&row.numbers);
                    values.map(|p| p.to_bits()).collect::<Vec<_>>()
                };
                assert_eq!(
                    bits(&alone[0]),
                    bits(&expected),
                    "{} frames",
                    view.frames
                );
            }
        }
    }
}
