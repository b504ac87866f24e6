//! The checkpoint of a training: all it needs to continue as if it had never stopped, in one checked file.
//!
//! Order, dropout and augmentation are drawn again from seed, epoch and batch, so there is no random state to keep: the
//! number of finished epochs determines it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pipe_foundation::Digest;
use pipe_foundation::durable;
use pipe_foundation::regular_file;
use pipe_foundation::system::RealSystem;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use crate::model::Array;

use super::{EpochRecord, TrainError};

/// First line of the file; its number rises when what follows changes.
const HEAD: &str = "pipe checkpoint 1\n";
/// Key of the progress in the metadata.
const PROGRESS_KEY: &str = "pipe.progress";
/// No training comes to more updates, and counting on from here does not overflow.
const MOST_UPDATES: usize = 1 << 48;
/// Begins the names of the best epoch's arrays.
const BEST: &str = "best/";

/// A training after some epochs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checkpoint {
    pub(super) progress: CheckpointProgress,
    /// Values and moments after the last epoch.
    pub(super) state: Vec<Array>,
    /// Values of the best epoch.
    pub(super) best: Vec<Array>,
}

/// How far a training is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CheckpointProgress {
    /// Updates that the optimiser has counted.
    pub(super) steps: u64,
    /// A record per finished epoch; the last one marked as best is the epoch of the best values.
    pub(super) history: Vec<EpochRecord>,
}

impl CheckpointProgress {
    /// Makes sure that the epochs are those of one training, in their order; the reason otherwise.
    fn check(&self) -> Result<(), String> {
        let mut updates = 0;
        for (epoch, record) in self.history.iter().enumerate() {
            if record.epoch != epoch {
                return Err(format!("its epoch {epoch} is called {}", record.epoch));
            }
            if record.updates <= updates {
                return Err(format!("its epoch {epoch} has no updates"));
            }
            updates = record.updates;
        }
        if self.history.first().is_some_and(|record| !record.best) {
            return Err("its first epoch is not the best until then".into());
        }
        if updates.max(self.steps as usize) > MOST_UPDATES {
            return Err(format!(
                "it counts {} updates",
                updates.max(self.steps as usize)
            ));
        }
        Ok(())
    }
}

/// The file of the checkpoint in its folder.
const NAME: &str = "checkpoint";

/// Where the checkpoint is in a folder.
pub(super) fn checkpoint_path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Whether a training could continue from the file called `name` below the folder of a checkpoint, which holds `bytes`;
/// what is no checkpoint passes.
pub fn is_checkpoint_whole(name: &Path, bytes: &[u8]) -> bool {
    name != Path::new(NAME) || Checkpoint::from_bytes(bytes).is_ok()
}

impl Checkpoint {
    /// Writes the file so that it exists whole or not at all.
    pub(super) fn save(&self, folder: &Path) -> std::io::Result<()> {
        let bytes = self.to_bytes().map_err(std::io::Error::other)?;
        durable::write(&RealSystem, &checkpoint_path(folder), &bytes)
    }

    /// Reads the file; none where there is none. One that is damaged, or of another version, gives the reason why it
    /// is not usable, as a lower-case fragment.
    ///
    /// # Errors
    /// When the file exists but cannot be read. It may well be whole, so the training must not replace it.
    pub(super) fn load(folder: &Path) -> Result<Option<Result<Self, String>>, TrainError> {
        let path = checkpoint_path(folder);
        match regular_file::read_whole(&path) {
            Ok(bytes) => Ok(Some(Self::from_bytes(&bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(TrainError::Checkpoint { path, source }),
        }
    }

    fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let progress = serde_json::to_string(&self.progress).map_err(|e| e.to_string())?;
        let named = self.state.iter().map(|array| (String::new(), array));
        let named = named.chain(self.best.iter().map(|array| (BEST.to_owned(), array)));
        let arrays: Vec<(String, &Array, Vec<u8>)> = named
            .map(|(prefix, array)| {
                let bytes = array.values.iter().flat_map(|v| v.to_le_bytes()).collect();
                (prefix + &array.name, array, bytes)
            })
            .collect();
        let views = arrays
            .iter()
            .map(|(name, array, bytes)| {
                TensorView::new(Dtype::F32, array.shape.clone(), bytes)
                    .map(|view| (name.clone(), view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| e.to_string())?;
        let metadata = HashMap::from([(PROGRESS_KEY.to_owned(), progress)]);
        let body = safetensors::serialize(views, Some(metadata)).map_err(|e| e.to_string())?;
        let mut bytes = format!("{HEAD}{}\n", Digest::of(&body)).into_bytes();
        bytes.extend(body);
        Ok(bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let rest = bytes
            .strip_prefix(HEAD.as_bytes())
            .ok_or("it is not a checkpoint of this version")?;
        let (digest, body) = rest
            .split_at_checked(65)
            .ok_or("it ends within its header")?;
        let digest = std::str::from_utf8(digest)
            .ok()
            .and_then(|text| Digest::parse(text.trim_end()));
        if digest != Some(Digest::of(body)) {
            return Err("its content does not match its digest".into());
        }
        let (_, metadata) = SafeTensors::read_metadata(body).map_err(|e| e.to_string())?;
        let progress = metadata
            .metadata()
            .as_ref()
            .and_then(|map| map.get(PROGRESS_KEY))
            .ok_or("it does not record how far the training is")?;
        let progress: CheckpointProgress =
            serde_json::from_str(progress).map_err(|e| e.to_string())?;
        progress.check()?;
        let tensors = SafeTensors::deserialize(body).map_err(|e| e.to_string())?;
        let (mut state, mut best) = (Vec::new(), Vec::new());
        for (name, view) in tensors.iter() {
            let values = view.data().as_chunks::<4>().0;
            let array = |name: &str| Array {
                name: name.to_owned(),
                shape: view.shape().to_vec(),
                values: values.iter().map(|raw| f32::from_le_bytes(*raw)).collect(),
            };
            match name.strip_prefix(BEST) {
                Some(name) => best.push(array(name)),
                None => state.push(array(name)),
            }
        }
        Ok(Self {
            progress,
            state,
            best,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Checkpoint {
        let array = |name: &str, values: &[f32]| Array {
            name: name.into(),
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        Checkpoint {
            progress: CheckpointProgress {
                steps: 12,
                history: Vec::new(),
            },
            state: vec![array("values/a", &[1.0, -0.0, f32::MIN_POSITIVE / 2.0])],
            best: vec![array("a", &[2.0])],
        }
    }

    #[test]
    fn epochs_that_are_not_those_of_one_training_are_refused() {
        let epoch = |epoch: usize, updates: usize| {
            let losses = serde_json::json!({ "total": 1.0, "emotion": 1.0, "heads": [] });
            let scores = serde_json::json!({ "ua": 0.5, "recalls": [1.0, 0.0], "loss": 1.0 });
            let record = serde_json::json!({
                "epoch": epoch, "updates": updates, "alpha": 0.0, "learning_rate": 0.1, "train": losses,
                "gradient_norm": 0.5, "validation": scores, "best": epoch == 0,
            });
            serde_json::from_value::<EpochRecord>(record).unwrap()
        };
        let read = |history: Vec<EpochRecord>| {
            let mut checkpoint = some();
            checkpoint.progress.history = history;
            Checkpoint::from_bytes(&checkpoint.to_bytes().unwrap()).map(|_| ())
        };
        assert_eq!(read(vec![epoch(0, 4), epoch(1, 8)]), Ok(()));
        for (history, reason) in [
            (vec![epoch(5, 4)], "epoch 0 is called 5"),
            (vec![epoch(0, 4), epoch(0, 8)], "epoch 1 is called 0"),
            (vec![epoch(0, 4), epoch(1, 4)], "epoch 1 has no updates"),
            (vec![epoch(0, usize::MAX)], "updates"),
            (
                vec![EpochRecord {
                    best: false,
                    ..epoch(0, 4)
                }],
                "not the best",
            ),
        ] {
            let told = read(history).unwrap_err();
            assert!(told.contains(reason), "{told}");
        }
    }

    #[test]
    fn a_checkpoint_reads_back_to_the_bit_and_damage_is_noticed() {
        let bytes = some().to_bytes().unwrap();
        let back = Checkpoint::from_bytes(&bytes).unwrap();
        assert_eq!(back, some());
        assert_eq!(back.state[0].values[1].to_bits(), (-0.0f32).to_bits());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Checkpoint::from_bytes(&damaged).is_err(), "byte {at}");
        }
        for length in 0..bytes.len() {
            assert!(Checkpoint::from_bytes(&bytes[..length]).is_err());
        }
    }
}
