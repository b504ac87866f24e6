//! The next batch's features are copied and augmented while the present one is learned.

use std::sync::mpsc;

use super::TrainingData;
use super::batches::BatchFeatures;
use super::mixup::Mixer;
use super::sampling::Draw;

/// Batches being filled or waiting, besides the one in use.
const AHEAD: usize = 1;

/// Calls `work` with each batch of an epoch and its features, in order, until it says to stop.
///
/// What a batch holds depends on the batch alone, so filling it earlier changes nothing.
///
/// # Errors
/// The first error of `work`.
pub(super) fn each_batch<E>(
    data: &TrainingData<'_>,
    mixer: Option<&Mixer>,
    batches: &[Vec<Draw>],
    epoch: usize,
    mut work: impl FnMut(usize, &[Draw], &BatchFeatures) -> Result<bool, E>,
) -> Result<(), E> {
    std::thread::scope(|scope| {
        let (fill, filled) = mpsc::sync_channel::<BatchFeatures>(AHEAD);
        let (give_back, idle) = mpsc::channel::<BatchFeatures>();
        let ahead = std::thread::Builder::new().spawn_scoped(scope, move || {
            for members in batches {
                let mut features = idle.try_recv().unwrap_or_default();
                features.fill(data, mixer, members, epoch);
                // The receiver is gone once `work` has ended the epoch.
                if fill.send(features).is_err() {
                    return;
                }
            }
        });
        if ahead.is_err() {
            // The system refuses another thread: each batch is filled when it is needed.
            let mut features = BatchFeatures::default();
            for (batch, members) in batches.iter().enumerate() {
                features.fill(data, mixer, members, epoch);
                if !work(batch, members, &features)? {
                    break;
                }
            }
            return Ok(());
        }
        for (batch, members) in batches.iter().enumerate() {
            // Fails only after a panic of the thread, which the scope passes on.
            let Ok(features) = filled.recv() else { break };
            if !work(batch, members, &features)? {
                break;
            }
            // The thread may have ended already.
            let _ = give_back.send(features);
        }
        Ok(())
    })
}
