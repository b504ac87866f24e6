//! What the registry knows of the loss of a task.

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::class_loss::ClassTargets;
#[cfg(feature = "cuda")]
use crate::model::cuda::{CudaError, Tape as DeviceTape, Value};

/// Outputs of a network in training, `[rows, classes]` or `[rows, 1]`.
pub type Outputs = Tensor<(usize, usize), f32, Cpu, OwnedTape<f32, Cpu>>;
/// A loss on the tape.
pub type Scalar = Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>;

/// The number of each row, where it is known.
pub type KnownNumbers = [Option<f32>];

/// A loss that a task can have.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// Its name in manifests.
    pub name: &'static str,
    /// Keys of a task that belong to it.
    pub keys: &'static [&'static str],
    /// What it compares, and how.
    pub compare: Compare,
}

/// What a loss compares.
#[derive(Clone, Copy, Debug)]
pub enum Compare {
    /// Logits with classes.
    Classes(CompareClasses),
    /// Predictions with numbers, where they are known.
    Numbers(CompareNumbers),
}

/// How a loss of classes compares.
#[derive(Clone, Copy, Debug)]
pub struct CompareClasses {
    /// Logits `[rows, classes]` on the processor.
    pub here: fn(Outputs, ClassCase<'_>) -> Result<Scalar, CpuError>,
    /// Logits `[models, rows, classes]` on a CUDA device.
    #[cfg(feature = "cuda")]
    pub on_device: fn(&mut DeviceTape, &Value, DeviceClassCase<'_>) -> Result<Value, CudaError>,
}

/// How a loss of numbers compares.
#[derive(Clone, Copy, Debug)]
pub struct CompareNumbers {
    /// Predictions `[rows, 1]` on the processor.
    pub here: fn(Outputs, &KnownNumbers) -> Result<Scalar, CpuError>,
    /// Predictions `[models, rows, 1]` on a CUDA device, with the numbers of each model.
    #[cfg(feature = "cuda")]
    pub on_device: fn(&mut DeviceTape, &Value, &[&KnownNumbers]) -> Result<Value, CudaError>,
}

/// What a loss of classes compares logits with.
#[derive(Clone, Copy, Debug)]
pub struct ClassCase<'a> {
    /// The class of each row, or the shares of all.
    pub targets: ClassTargets<'a>,
    /// Weight of each class; equal without it.
    pub weights: Option<&'a [f32]>,
    /// The keys of the task.
    pub keys: LossKeys,
}

/// What a loss of classes compares the logits of several models with.
#[cfg(feature = "cuda")]
#[derive(Clone, Copy, Debug)]
pub struct DeviceClassCase<'a> {
    /// For each model, the class of each row, or the shares of all.
    pub targets: &'a [ClassTargets<'a>],
    /// Weight of each class; equal without it.
    pub weights: Option<&'a [f32]>,
    /// The keys of the task.
    pub keys: LossKeys,
}

/// The keys of a task that losses have, with their defaults.
#[derive(Clone, Copy, Debug)]
pub struct LossKeys {
    /// Exponent of the focal loss.
    pub gamma: f64,
    /// How much of each target goes to all classes alike.
    pub label_smoothing: f64,
}
