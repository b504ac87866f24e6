//! The one training loop.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::batches::{BatchFeatures, batch_seed, of_epoch};
use super::early_stop::EarlyStop;
use super::history::History;
use super::labels::{class, class_weights, of_heads, select, targets};
use super::{
    EpochRecord, HeadLoss, Stopped, Summary, TrainError, TrainLosses, TrainOptions, TrainingData,
    ValidationScores, validation,
};
use crate::corpus::Emotion;
use crate::model::spec::Alpha;
use crate::model::{
    EncoderPass, EncoderShape, HeadLabels, Model, ModelConfig, ModelError, Network, Sgd,
    StepLosses, Targets, Trainable, TrainingBatch, Workers, model_path,
};
use crate::progress::{EpochReport, Progress};

/// How often the user's wish to stop is looked at.
const POLL: Duration = Duration::from_millis(100);

/// What a finished training gives.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOutcome {
    /// What `summary.json` says.
    pub summary: Summary,
    /// The model file.
    pub model: PathBuf,
}

/// Trains a network and writes `model.safetensors`, `history.jsonl` and `summary.json` into the folder `out`.
///
/// Options, data and seed decide every byte of the three files; `threads` does not. Training runs on
/// threads of its own. The model holds the weights of the epoch with the best validation UA.
///
/// # Errors
/// Options or data that do not fit, a loss that is not finite, a file that cannot be written, or
/// [`TrainError::Interrupted`] within half a second of the user's wish. The history so far is kept.
pub fn train(
    options: &TrainOptions,
    data: &TrainingData<'_>,
    threads: usize,
    out: &Path,
    progress: &dyn Progress,
) -> Result<TrainOutcome, TrainError> {
    let bins = data.bins()?;
    options.check(bins)?;
    let workers = Arc::new(Workers::new(threads)?);
    // Tensor operations see one thread, so that their products are cut the same way whatever `threads`.
    let tape_thread = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .map_err(|error| ModelError::Threads {
            threads: 1,
            reason: error.to_string(),
        })?;
    let finished = AtomicBool::new(false);
    let result = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !finished.load(Ordering::Relaxed) {
                if progress.interrupted() {
                    workers.stop();
                    return;
                }
                std::thread::park_timeout(POLL);
            }
        });
        // Ends the watch even if training panics; otherwise the scope would wait for ever.
        let _finish = Finish(&finished, watch.thread().clone());
        tape_thread.install(|| Run::new(options, data, bins, &workers, out)?.epochs(progress))
    });
    match result {
        Err(TrainError::Model(ModelError::Stopped)) => Err(TrainError::Interrupted),
        other => other,
    }
}

/// Tells the watching thread that there is nothing left to watch.
struct Finish<'a>(&'a AtomicBool, std::thread::Thread);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.unpark();
    }
}

/// The state of one training.
struct Run<'a> {
    options: &'a TrainOptions,
    data: &'a TrainingData<'a>,
    bins: usize,
    alpha: Alpha,
    workers: &'a Arc<Workers>,
    out: &'a Path,
    heads: Vec<HeadLabels>,
    targets: Targets,
    class_weights: Option<Vec<f32>>,
    frames: Vec<usize>,
    trainable: Trainable,
    features: BatchFeatures,
    validation_pass: EncoderPass,
    updates: usize,
}

/// Sums over the batches of an epoch.
#[derive(Default)]
struct EpochSums {
    batches: usize,
    total: f64,
    emotion: f64,
    heads: Vec<f64>,
    gradient_norm: f64,
}

impl EpochSums {
    fn add(&mut self, losses: &StepLosses) {
        self.batches += 1;
        self.total += f64::from(losses.total);
        self.emotion += f64::from(losses.emotion);
        self.heads.resize(losses.attributes.len(), 0.0);
        for (sum, loss) in self.heads.iter_mut().zip(&losses.attributes) {
            *sum += f64::from(*loss);
        }
        self.gradient_norm += losses.gradient_norm;
    }
}

impl<'a> Run<'a> {
    fn new(
        options: &'a TrainOptions,
        data: &'a TrainingData<'a>,
        bins: usize,
        workers: &'a Arc<Workers>,
        out: &'a Path,
    ) -> Result<Self, TrainError> {
        let heads = of_heads(&options.heads, &data.train)?;
        let sizes: Vec<_> = heads.iter().map(|h| (h.head, h.labels.len())).collect();
        let shape = EncoderShape::new(&options.encoder, bins)?;
        let network = Network::new(shape, &sizes, options.initialisation, options.seed)?;
        data.check(network.encoder())?;
        let targets = targets(&heads, &data.train);
        Ok(Self {
            options,
            data,
            bins,
            alpha: options.alpha()?,
            workers,
            out,
            class_weights: class_weights(options.class_weights, &targets),
            targets,
            frames: data.train.iter().map(|e| e.features.frames).collect(),
            heads,
            trainable: Trainable::new(network, Arc::clone(workers))?,
            features: BatchFeatures::default(),
            validation_pass: EncoderPass::default(),
            updates: 0,
        })
    }

    /// All epochs, then the files.
    fn epochs(mut self, progress: &dyn Progress) -> Result<TrainOutcome, TrainError> {
        let options = self.options;
        let mut history = History::create(self.out)?;
        let mut classes: Vec<usize> = (self.data.validation.iter())
            .map(|example| class(example.utterance.emotion))
            .collect();
        classes.sort_unstable();
        classes.dedup();
        let mut stop = EarlyStop::new(options.patience, options.min_epochs, classes.len());
        let mut best: Option<(usize, ValidationScores, Network)> = None;
        let mut stopped = Stopped::Epochs;
        let mut epochs = 0;
        for epoch in 0..options.epochs {
            let started = Instant::now();
            let sums = self.epoch(epoch, progress)?;
            let workers = Arc::clone(self.workers);
            let network = self.trainable.network();
            let scores = validation::score(
                network,
                &self.data.validation,
                &mut self.validation_pass,
                &workers,
            )?;
            let better = stop.observe(epoch, scores.ua);
            if better {
                best = Some((epoch, scores.clone(), network.clone()));
            }
            let report = EpochReport {
                epoch,
                epochs: options.epochs,
                loss: sums.total / sums.batches.max(1) as f64,
                validation_ua: scores.ua,
                best_ua: stop.best_ua(),
                seconds: started.elapsed().as_secs_f64(),
            };
            history.append(&self.record(epoch, &sums, scores, better))?;
            progress.epoch(&report);
            epochs = epoch + 1;
            if options.max_updates > 0 && self.updates >= options.max_updates {
                stopped = Stopped::MaxUpdates;
                break;
            }
            if stop.exhausted(epoch) {
                stopped = Stopped::Patience;
                break;
            }
        }
        if stop.left_chance().is_none() {
            progress.warn(
                "validation UA never left chance: the classifier has collapsed onto one class; \
                 more updates, a smaller batch or another learning rate may help",
            );
        }
        let Some((best_epoch, best, network)) = best else {
            return Err(TrainError::option("epochs", "must be above 0"));
        };
        let summary = Summary {
            best_epoch,
            best,
            epochs,
            updates: self.updates,
            stopped,
            left_chance: stop.left_chance(),
            shared_parameters: network.shared_parameters(),
            emotion_parameters: network.emotion_parameters(),
            head_parameters: network.head_parameters(),
            train_utterances: self.data.train.len(),
            validation_utterances: self.data.validation.len(),
        };
        let model = model_path(self.out);
        Model::new(self.config(best_epoch), network).save(&model)?;
        summary.write(self.out)?;
        Ok(TrainOutcome { summary, model })
    }

    /// One pass over the training split.
    fn epoch(&mut self, epoch: usize, progress: &dyn Progress) -> Result<EpochSums, TrainError> {
        let options = self.options;
        let sgd = Sgd {
            learning_rate: options.learning_rate as f32,
            momentum: options.momentum as f32,
        };
        let batches = of_epoch(
            &self.frames,
            options.batch,
            options.bucket_batches,
            options.seed,
            epoch,
        );
        let mut sums = EpochSums::default();
        for (batch, members) in batches.iter().enumerate() {
            if options.max_updates > 0 && self.updates >= options.max_updates {
                break;
            }
            self.features.fill(self.data, members, epoch);
            let views = self.features.views(self.data, members);
            let targets = select(&self.targets, members);
            let losses = self.trainable.step(
                &TrainingBatch {
                    features: &views,
                    targets: &targets,
                    alpha: self.alpha.at(epoch, options.epochs),
                    reversal: options.reversal,
                    dropout: options.dropout as f32,
                    dropout_seed: batch_seed(options.seed, "dropout", epoch, batch),
                    class_weights: self.class_weights.as_deref(),
                    gradient_clip_norm: options.gradient_clip_norm,
                },
                sgd,
            )?;
            if let Some(head) = losses.non_finite(&options.heads) {
                let id = |&at: &usize| self.data.train[at].utterance.id.clone();
                return Err(TrainError::NonFinite {
                    epoch,
                    batch,
                    head,
                    utterances: members.iter().map(id).collect(),
                });
            }
            self.updates += 1;
            progress.advance(
                (epoch * batches.len() + batch + 1) as u64,
                (options.epochs * batches.len()) as u64,
            );
            sums.add(&losses);
        }
        Ok(sums)
    }

    fn record(
        &self,
        epoch: usize,
        sums: &EpochSums,
        validation: ValidationScores,
        best: bool,
    ) -> EpochRecord {
        let mean = |sum: f64| sum / sums.batches.max(1) as f64;
        let heads = self.heads.iter().zip(&sums.heads);
        EpochRecord {
            epoch,
            updates: self.updates,
            alpha: self.alpha.at(epoch, self.options.epochs),
            learning_rate: self.options.learning_rate,
            train: TrainLosses {
                total: mean(sums.total),
                emotion: mean(sums.emotion),
                heads: heads
                    .map(|(head, &sum)| HeadLoss {
                        attribute: head.head.attribute.name().to_owned(),
                        loss: mean(sum),
                    })
                    .collect(),
            },
            gradient_norm: mean(sums.gradient_norm),
            validation,
            best,
        }
    }

    fn config(&self, best_epoch: usize) -> ModelConfig {
        ModelConfig {
            format: ModelConfig::FORMAT,
            bins: self.bins,
            encoder: self.options.encoder.clone(),
            emotions: Emotion::ALL.to_vec(),
            heads: self.heads.clone(),
            feature_options: self.data.feature_options.clone(),
            provenance: self.data.provenance.clone(),
            best_epoch,
        }
    }
}

#[cfg(test)]
mod tests;
