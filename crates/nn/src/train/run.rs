//! The one training loop.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pipe_foundation::progress::Progress;
use pipe_foundation::{ThreadCount, ThreadError, Workers, thread_pool};

use crate::model::spec::Alpha;
use crate::model::{
    Device, EncoderShape, HeadLabels, Model, ModelConfig, ModelError, Network, NumericTarget,
    Targets, model_path,
};

use super::device_support::check_device;
use super::early_stop::EarlyStop;
use super::history::History;
use super::labels::{class_weights, of_heads, targets, units};
use super::launch_barrier::LaunchBarrier;
use super::learner::Learner;
use super::reports::{EpochReport, TrainingResumed};
use super::{
    EpochRecord, Monitor, Stopped, Summary, TrainError, TrainOptions, TrainingData, validation,
};

/// How often the user's wish to stop is looked at.
const POLL: Duration = Duration::from_millis(100);
/// Time between two checkpoints on a device, whose epochs may be shorter than it takes to write one.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(20);

/// What a finished training gives.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOutcome {
    /// What `summary.json` says.
    pub summary: Summary,
    /// The model file.
    pub model: PathBuf,
}

/// Where a training leaves its files.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The folder of the results.
    pub out: &'a Path,
    /// The folder of the checkpoint, made when needed; none is written without it.
    pub checkpoint: Option<&'a Path>,
    /// A folder with the last checkpoint of a training that differed only in when it ended.
    pub earlier: Option<&'a Path>,
}

impl<'a> From<&'a Path> for Places<'a> {
    fn from(out: &'a Path) -> Self {
        Self {
            out,
            checkpoint: None,
            earlier: None,
        }
    }
}

/// Trains a network and writes `model.safetensors`, `history.jsonl` and `summary.json` into the folder `out`.
///
/// Options, data and seed decide every byte of the three files; `threads`, which may grow, does not, nor does it matter
/// whether the training began anew or at a checkpoint. Training runs on threads of its own. The model
/// holds the weights of the epoch with the best validation score. After every whole epoch a checkpoint
/// is written; one that is there already is gone on from if it is whole and of a training like this.
///
/// # Errors
/// A device that cannot be used, options or data that do not fit, a loss that is not finite, a file that
/// cannot be written, or [`TrainError::Interrupted`] within half a second of the user's wish. The history so
/// far is kept.
pub fn train<'p>(
    options: &TrainOptions,
    data: &TrainingData<'_>,
    threads: impl Into<ThreadCount<'p>>,
    places: impl Into<Places<'p>>,
    progress: &dyn Progress,
    device: Device,
) -> Result<TrainOutcome, TrainError> {
    let launch_barrier = LaunchBarrier::take();
    let places = places.into();
    let bins = data.bins()?;
    options.check(bins)?;
    let threads = threads.into();
    let workers = Arc::new(Workers::new(threads.now()).map_err(ModelError::from)?);
    // Tensor operations see one thread, so that their products are cut the same way whatever `threads`.
    let tape_thread = thread_pool(1).map_err(ModelError::from)?;
    let finished = AtomicBool::new(false);
    let result = std::thread::scope(|scope| {
        let watch = std::thread::Builder::new().spawn_scoped(scope, || {
            while !finished.load(Ordering::Relaxed) {
                if progress.interrupted() {
                    workers.stop();
                    return;
                }
                // Where the system refuses more threads, those that are there do the work.
                let _ = workers.widen(threads.now());
                std::thread::park_timeout(POLL);
            }
        });
        let watch = watch.map_err(|reason| {
            ModelError::from(ThreadError {
                threads: 1,
                reason: reason.to_string(),
            })
        })?;
        // Ends the watch even if training panics; otherwise the scope would wait for ever.
        let _finish = Finish(&finished, watch.thread().clone());
        tape_thread.install(|| {
            let run = Run::new(options, data, bins, device, &workers, places)?;
            drop(launch_barrier);
            run.epochs(progress)
        })
    });
    match result {
        Err(TrainError::Model(ModelError::Stopped)) => Err(TrainError::Interrupted),
        other => other,
    }
}

/// Signals to the watching thread that there is nothing left to watch.
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
    places: Places<'a>,
    heads: Vec<HeadLabels>,
    /// The unit of each numeric target.
    units: Vec<NumericTarget>,
    targets: Targets,
    class_weights: Option<Vec<f32>>,
    frames: Vec<usize>,
    groups: Vec<Vec<usize>>,
    device: Device,
    learner: Learner<'a>,
    updates: usize,
    /// When the last checkpoint was written.
    saved: Instant,
}

impl<'a> Run<'a> {
    fn new(
        options: &'a TrainOptions,
        data: &'a TrainingData<'a>,
        bins: usize,
        device: Device,
        workers: &'a Arc<Workers>,
        places: Places<'a>,
    ) -> Result<Self, TrainError> {
        data.check_labels()?;
        let classes = match options.has_classes() {
            true => data.classes.len(),
            false => 0,
        };
        check_device(options, device)?;
        check_validation(options, data)?;
        let heads = of_heads(&options.heads, data)?;
        let units = units(data)?;
        let sizes: Vec<_> = heads
            .iter()
            .map(|h| (h.head.clone(), h.labels.len()))
            .collect();
        let shape = EncoderShape::new(&options.encoder, bins)?;
        let how = options.initialisation;
        let names = options.targets();
        let network = Network::of_tasks(shape, classes, &names, &sizes, how, options.seed)?;
        data.check(network.encoder())?;
        let targets = targets(&heads, &units, data);
        Ok(Self {
            options,
            data,
            bins,
            alpha: options.alpha()?,
            workers,
            places,
            class_weights: class_weights(options.class_weights, &targets, classes),
            targets,
            frames: data.train.iter().map(|e| e.features.frames).collect(),
            groups: options.sampling.groups(&data.train),
            heads,
            units,
            learner: Learner::new(device, network, options, data, workers)?,
            device,
            updates: 0,
            saved: Instant::now(),
        })
    }

    /// All epochs, then the files.
    fn epochs(mut self, progress: &dyn Progress) -> Result<TrainOutcome, TrainError> {
        let options = self.options;
        let mut stop = self.early_stop()?;
        let (mut records, mut best) = self.resume(&mut stop, progress)?;
        let mut history = History::create(self.places.out)?;
        for record in &records {
            history.append(record)?;
        }
        if !records.is_empty() {
            let scalars = |record: &EpochRecord| record.scalars(&self.data.classes);
            let earlier: Vec<_> = records.iter().map(scalars).collect();
            progress.report(Arc::new(TrainingResumed { scalars: earlier }));
        }
        let stopped = loop {
            if let Some(why) = self.ended(&stop, records.len()) {
                break why;
            }
            let epoch = records.len();
            let started = Instant::now();
            let sums = self.epoch(epoch, progress)?;
            let outputs = self.learner.validate(epoch, self.workers)?;
            let scores = validation::score(&outputs, &self.units, self.data);
            let better = stop.observe(epoch, &scores);
            if better {
                best = Some(self.learner.network()?);
            }
            let ua = scores.ua;
            let monitored = stop.monitored(&scores);
            let record = self.record(epoch, &sums, scores, better);
            let report = EpochReport {
                epoch,
                epochs: options.epochs,
                loss: record.train.total,
                validation_ua: ua,
                best_ua: stop.best_ua(),
                monitored,
                seconds: started.elapsed().as_secs_f64(),
                scalars: record.scalars(&self.data.classes),
            };
            history.append(&record)?;
            records.push(record);
            // Half an epoch could not be resumed with another bound on updates.
            if let (Some(folder), false) = (self.places.checkpoint, sums.cut) {
                let last = self.ended(&stop, records.len()).is_some();
                if last || !self.device.is_cuda() || self.saved.elapsed() > BETWEEN_CHECKPOINTS {
                    self.save(folder, &records, best.as_ref())?;
                    self.saved = Instant::now();
                }
            }
            progress.report(Arc::new(report));
        };
        if stop.left_chance().is_none() {
            progress.warn(
                "validation UA never rose above chance: the classifier has collapsed onto one class; \
                 more updates, a smaller batch or another learning rate may help",
            );
        }
        let best_record = records.iter().rfind(|record| record.best);
        let (Some(record), Some(network)) = (best_record, best) else {
            return Err(TrainError::option("epochs", "must be above 0"));
        };
        let summary = Summary {
            best_epoch: record.epoch,
            best: record.validation.clone(),
            epochs: records.len(),
            updates: self.updates,
            stopped,
            left_chance: stop.left_chance(),
            shared_parameters: network.shared_parameters(),
            emotion_parameters: network.emotion_parameters(),
            target_parameters: network.target_parameters(),
            head_parameters: network.head_parameters(),
            train_utterances: self.data.train.len(),
            validation_utterances: self.data.validation.len(),
        };
        let model = model_path(self.places.out);
        Model::new(self.config(record.epoch), network).save(&model)?;
        summary.write(self.places.out)?;
        Ok(TrainOutcome { summary, model })
    }

    fn early_stop(&self) -> Result<EarlyStop, TrainError> {
        let options = self.options;
        let mut classes: Vec<usize> = (self.data.validation.iter())
            .filter_map(|example| example.class)
            .collect();
        classes.sort_unstable();
        classes.dedup();
        let classes = if options.has_classes() {
            classes
        } else {
            Vec::new()
        };
        Ok(EarlyStop::new(
            options.monitor.clone(),
            options.patience,
            options.min_epochs,
            classes.len(),
            options.first_selected_epoch()?,
        ))
    }

    /// Why training is at its end after `epochs` epochs, if it is.
    fn ended(&self, stop: &EarlyStop, epochs: usize) -> Option<Stopped> {
        let bound = self.options.max_updates;
        if bound > 0 && self.updates >= bound {
            return Some(Stopped::MaxUpdates);
        }
        if epochs > 0 && stop.exhausted(epochs - 1) {
            return Some(Stopped::Patience);
        }
        (epochs >= self.options.epochs).then_some(Stopped::Epochs)
    }

    fn config(&self, best_epoch: usize) -> ModelConfig {
        ModelConfig {
            format: ModelConfig::FORMAT,
            bins: self.bins,
            encoder: self.options.encoder.clone(),
            classes: match self.options.has_classes() {
                true => self.data.classes.clone(),
                false => Vec::new(),
            },
            targets: self.units.clone(),
            heads: self.heads.clone(),
            feature_options: self.data.feature_options.clone(),
            normalisation: self.data.normalisation.clone(),
            provenance: self.data.provenance.clone(),
            best_epoch,
        }
    }
}

/// A UA over one class is 100 % for whatever names it always.
fn check_validation(options: &TrainOptions, data: &TrainingData<'_>) -> Result<(), TrainError> {
    if !options.has_classes() {
        return Ok(());
    }
    let mut classes = data.validation.iter().filter_map(|example| example.class);
    let Some(first) = classes.next() else {
        return Err(TrainError::NoClasses);
    };
    if options.monitor == Monitor::Ua && classes.all(|class| class == first) {
        let class = data.classes.get(first).cloned().unwrap_or_default();
        return Err(TrainError::OneClass { class });
    }
    Ok(())
}

#[cfg(all(test, feature = "cuda"))]
mod device_tests;
mod epoch;
mod epoch_sums;
#[cfg(feature = "cuda")]
mod on_device;
mod resume;
#[cfg(test)]
mod tests;
