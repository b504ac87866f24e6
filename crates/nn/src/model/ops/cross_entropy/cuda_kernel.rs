//! Softmax and cross-entropy of several models on the tape of the device.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Memory, Tape, Value, arguments};
use crate::model::ops::class_loss::weight_of;
use crate::model::ops::row_loss::cuda_kernel::row_loss;

/// Labels of a batch on the device, those of each model.
pub struct Labels {
    /// `[models, rows]`; negative where there is none.
    targets: Memory<i32>,
    weights: Option<Memory>,
    /// `[models, rows]`.
    row_weights: Option<Memory<f64>>,
    /// For each model one over the sum of the weights of the targets present; 0 where there are none.
    scales: Memory<f64>,
}

impl Labels {
    /// For each model its labels of `classes` classes, a larger one counting as none, with a weight for each class if any.
    pub fn new(
        card: &Arc<Card>,
        models: &[&[Option<usize>]],
        classes: usize,
        weights: Option<&[f32]>,
    ) -> Result<Self, CudaError> {
        let known = |target: &Option<usize>| target.filter(|&class| class < classes);
        let weight = |class: usize| weight_of(weights, class);
        let scale = |targets: &&[Option<usize>]| {
            let total: f64 = targets.iter().filter_map(known).map(weight).sum();
            if total > 0.0 { 1.0 / total } else { 0.0 }
        };
        let scales: Vec<f64> = models.iter().map(scale).collect();
        let targets = models.iter().flat_map(|targets| targets.iter());
        let numbers: Vec<i32> = targets
            .map(|target| known(target).map_or(-1, |class| class as i32))
            .collect();
        // A weight for every class, so that the kernel need not look how many there are.
        let all: Option<Vec<f32>> = weights.map(|all| {
            (0..classes)
                .map(|c| all.get(c).copied().unwrap_or(1.0))
                .collect()
        });
        Ok(Self {
            targets: Memory::of(card, &numbers)?,
            weights: all.map(|all| Memory::of(card, &all)).transpose()?,
            row_weights: None,
            scales: Memory::of(card, &scales)?,
        })
    }

    /// With a weight for each row, `[models, rows]`, instead of one for each class.
    pub fn with_row_weights(
        self,
        card: &Arc<Card>,
        row_weights: Memory<f64>,
    ) -> Result<Self, CudaError> {
        let models = self.scales.len();
        assert_eq!(row_weights.len(), self.targets.len(), "one for every row");
        let rows = self.targets.len() / models.max(1);
        card.launch(
            "cross_entropy_scales",
            (models, 1),
            arguments![of self.scales, of self.targets, of row_weights, int models, int rows],
        )?;
        Ok(Self {
            weights: None,
            row_weights: Some(row_weights),
            ..self
        })
    }
}

/// Mean cross-entropy of each model: `[models, 1, 1]`.
pub fn cross_entropy(tape: &mut Tape, logits: &Value, labels: &Labels) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (models, rows, classes) = (logits.models, logits.rows, logits.columns);
    assert_eq!(labels.targets.len(), models * rows, "a label for every row");
    let losses = Memory::<f64>::new(&card, models * rows)?;
    let slopes = Memory::<f32>::new(&card, models * rows * classes)?;
    let weights = labels.weights.as_ref().map_or(0, |weights| weights.at(0));
    let row_weights = labels.row_weights.as_ref();
    let row_weights = row_weights.map_or(0, |weights| weights.at(0));
    card.launch(
        "cross_entropy_rows",
        (rows, models),
        arguments![
            of losses, of slopes, of logits.values, of labels.targets, at weights, at row_weights, of labels.scales,
            int rows, int classes,
        ],
    )?;
    row_loss(tape, logits, &losses, slopes)
}

/// Row-wise softmax, which no gradient passes.
pub fn detached_softmax(card: &Arc<Card>, logits: &Value) -> Result<Memory, CudaError> {
    let (models, rows, classes) = (logits.models, logits.rows, logits.columns);
    let out = Memory::new(card, logits.all())?;
    card.launch(
        "softmax",
        (rows, models),
        arguments![of out, of logits.values, int rows, int classes],
    )?;
    Ok(out)
}

/// Row-wise softmax.
pub fn softmax(tape: &mut Tape, logits: &Value) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (models, rows, classes) = (logits.models, logits.rows, logits.columns);
    let out = detached_softmax(&card, logits)?;
    let output = Value::new(tape, out, (models, rows, classes))?;
    let (logits, to) = (logits.clone(), output.clone());
    tape.record(move |grads| {
        let of_output = to.handle.gradient(grads)?;
        let of_logits = logits.handle.gradient(grads)?;
        card.launch(
            "softmax_back",
            (rows, models),
            arguments![at of_logits, at of_output, of to.values, int rows, int classes],
        )
    });
    Ok(output)
}
