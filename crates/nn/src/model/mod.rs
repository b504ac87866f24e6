//! The network: tape operations, encoder, heads, losses, the model file, and the device that computes it.

#[cfg(feature = "cuda")]
pub mod cuda;
pub(crate) mod ops;
pub mod spec;

mod dense_tape;
mod device;
mod device_choice;
mod devices;
mod embedding;
mod encoder;
mod encoder_tape;
mod error;
mod file;
mod gradient_name;
mod heads;
mod initialise;
mod layout;
mod loss_name;
mod losses;
mod network;
mod normalisation;
mod optimiser;
mod parameter;
mod predictor;
mod shape;
mod task;
mod trainable;
mod training_state;

pub use crate::layers::{Array, Initialisation};
pub use device::{Device, DeviceError};
pub use device_choice::{DeviceChoice, UnknownDevice};
pub use devices::{Devices, product_name};
pub use encoder::{Encoder, EncoderPass};
pub use error::ModelError;
pub use file::{HeadLabels, Model, ModelConfig, NumericTarget, model_path};
pub use loss_name::LossName;
pub use losses::{StepLosses, Targets};
pub use network::{Network, Outputs};
pub use normalisation::InputNormalisation;
pub use optimiser::{OPTIMISER_KEYS, OPTIMISERS, Optimiser, OptimiserKind, Update};
pub use predictor::Predictor;
pub use shape::EncoderShape;
pub use task::TaskSpec;
pub use trainable::{Trainable, TrainingBatch};
pub use training_state::TrainingState;

pub(crate) use embedding::embed_all;
use layout::EncoderLayout;
