//! The whole network as plain values: sizes, first values, names, and prediction.

use std::sync::Arc;

use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;

use super::heads::Dense;
use super::ops::cross_entropy::softmax;
use super::spec::{HeadMode, HeadSpec};
use super::{Array, Encoder, EncoderPass, EncoderShape, Initialisation, ModelError, initialise};

/// Hidden units of a discriminator, both layers.
const DISCRIMINATOR_UNITS: usize = 1000;

/// Sizes and values of a network.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) encoder: Arc<Encoder>,
    pub(super) values: Vec<f32>,
    pub(super) trunk: Vec<Dense>,
    pub(super) emotion: Dense,
    pub(super) heads: Vec<(HeadSpec, Vec<Dense>)>,
}

impl Network {
    /// A network that distinguishes this many classes of emotion, with first values drawn from `seed`; each attribute
    /// head with its number of labels.
    ///
    /// # Errors
    /// [`ModelError::Classes`] where there are fewer than two, [`ModelError::Heads`] where an attribute appears twice or
    /// has fewer than two labels.
    pub fn new(
        shape: EncoderShape,
        classes: usize,
        heads: &[(HeadSpec, usize)],
        how: Initialisation,
        seed: u64,
    ) -> Result<Self, ModelError> {
        if classes < 2 {
            return Err(ModelError::Classes(classes));
        }
        for (index, (head, labels)) in heads.iter().enumerate() {
            let name = head.attribute.name();
            if heads[..index]
                .iter()
                .any(|(other, _)| other.attribute == head.attribute)
            {
                return Err(ModelError::Heads(format!("{name} appears twice")));
            }
            if *labels < 2 {
                return Err(ModelError::Heads(format!(
                    "{name} has {labels} label in the training data; a head needs two or more"
                )));
            }
        }
        let embedding = shape.embedding();
        let trunk = shape.linears.iter().enumerate();
        let trunk = trunk
            .map(|(index, &(inputs, outputs))| {
                initialise::dense(inputs, outputs, seed, &format!("linear.{index}"))
            })
            .collect();
        let heads = heads
            .iter()
            .map(|&(head, labels)| {
                let sizes = head_sizes(&head, embedding, classes, labels);
                let layers = sizes
                    .windows(2)
                    .enumerate()
                    .map(|(index, pair)| {
                        let name = format!("{}.{index}", head.attribute.name());
                        initialise::dense(pair[0], pair[1], seed, &name)
                    })
                    .collect();
                (head, layers)
            })
            .collect();
        let encoder = Encoder::new(shape);
        Ok(Self {
            values: initialise::encoder(encoder.layout(), how, seed),
            encoder: Arc::new(encoder),
            trunk,
            emotion: initialise::dense(embedding, classes, seed, "emotion"),
            heads,
        })
    }

    /// A network of the same sizes whose values are all zero.
    pub(super) fn zeroed(&self) -> Self {
        let mut network = self.clone();
        network.values.fill(0.0);
        let heads = network.heads.iter_mut().flat_map(|(_, layers)| layers);
        let layers = network.trunk.iter_mut().chain([&mut network.emotion]);
        for layer in layers.chain(heads) {
            layer.weight.fill(0.0);
            layer.bias.fill(0.0);
        }
        network
    }

    /// Sizes of the encoder.
    pub fn shape(&self) -> &EncoderShape {
        self.encoder.shape()
    }

    /// The convolutions and recurrent layers.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Number of emotion classes.
    pub fn classes(&self) -> usize {
        self.emotion.outputs
    }

    /// Values of the shared layers.
    pub fn shared_parameters(&self) -> usize {
        self.shape().parameters()
    }

    /// Values of the emotion head.
    pub fn emotion_parameters(&self) -> usize {
        self.emotion.parameters()
    }

    /// Values of each attribute head.
    pub fn head_parameters(&self) -> Vec<usize> {
        self.heads
            .iter()
            .map(|(_, layers)| layers.iter().map(Dense::parameters).sum())
            .collect()
    }

    /// Every array with its PyTorch name and layout, in a fixed order.
    pub fn to_arrays(&self) -> Vec<Array> {
        let mut arrays = self.encoder.layout().to_arrays(&self.values);
        for (name, dense) in self.dense() {
            arrays.extend(dense.to_arrays(&name));
        }
        arrays
    }

    /// Replaces all values by named arrays.
    ///
    /// # Errors
    /// The reason as a lower-case fragment: what is missing, misshapen or too many.
    pub fn set_arrays(&mut self, arrays: &[Array]) -> Result<(), String> {
        let find = |name: &str| arrays.iter().find(|array| array.name == name);
        let known = self.to_arrays();
        if let Some(extra) = arrays
            .iter()
            .find(|array| known.iter().all(|other| other.name != array.name))
        {
            return Err(format!("array {} belongs to no layer", extra.name));
        }
        self.values = self.encoder.layout().flat_values(find)?;
        for (index, dense) in self.trunk.iter_mut().enumerate() {
            dense.set(&format!("linear.{index}"), find)?;
        }
        self.emotion.set("emotion", find)?;
        for (head, layers) in &mut self.heads {
            for (index, dense) in layers.iter_mut().enumerate() {
                dense.set(&head_name(head, index), find)?;
            }
        }
        Ok(())
    }

    fn dense(&self) -> impl Iterator<Item = (String, &Dense)> {
        let trunk = self.trunk.iter().enumerate();
        let heads = self.heads.iter().flat_map(|(head, layers)| {
            let layers = layers.iter().enumerate();
            layers.map(move |(index, dense)| (head_name(head, index), dense))
        });
        trunk
            .map(|(index, dense)| (format!("linear.{index}"), dense))
            .chain([("emotion".to_owned(), &self.emotion)])
            .chain(heads)
    }

    /// The shared layers' output `[batch, embedding]`; `pass` must hold these values packed ([`Self::pack`]).
    ///
    /// # Errors
    /// Features that do not fit the network.
    pub fn embed(
        &self,
        batch: &[FeaturesView<'_>],
        pass: &mut EncoderPass,
        workers: &Workers,
    ) -> Result<Vec<f32>, ModelError> {
        let mut x = self.encoder.forward(&self.values, batch, pass, workers)?;
        for dense in &self.trunk {
            x = dense.apply(&x);
            x.iter_mut()
                .for_each(|v| *v = if *v < 0.0 { 0.0 } else { *v });
        }
        Ok(x)
    }

    /// Packs the encoder's weights for forward passes.
    pub fn pack(&self, pass: &mut EncoderPass, workers: &Workers) {
        self.encoder.pack(&self.values, pass, false, workers);
    }

    /// Emotion probabilities of embeddings: for each, one of every class.
    pub fn classify(&self, embeddings: &[f32]) -> Vec<Vec<f32>> {
        let probabilities = softmax(&self.emotion.apply(embeddings), self.classes());
        let rows = probabilities.chunks_exact(self.classes());
        rows.map(<[f32]>::to_vec).collect()
    }
}

/// Lengths of a head's input, of its hidden layers and of its output.
fn head_sizes(head: &HeadSpec, embedding: usize, classes: usize, labels: usize) -> Vec<usize> {
    match head.mode {
        HeadMode::Discriminator => vec![classes, DISCRIMINATOR_UNITS, DISCRIMINATOR_UNITS, labels],
        HeadMode::Shared | HeadMode::GradReverse => vec![embedding, labels],
    }
}

/// Values of a whole network, without making it.
pub(super) fn count_parameters(
    shape: &EncoderShape,
    classes: usize,
    heads: &[(HeadSpec, usize)],
) -> usize {
    let embedding = shape.embedding();
    heads
        .iter()
        .map(|(head, labels)| head_sizes(head, embedding, classes, *labels))
        .chain([vec![embedding, classes]])
        .flat_map(|sizes| {
            let pairs = sizes
                .windows(2)
                .map(|pair| (pair[0] + 1).saturating_mul(pair[1]));
            pairs.collect::<Vec<_>>()
        })
        .fold(shape.parameters(), usize::saturating_add)
}

/// Name of a head's layer in the model file.
pub(super) fn head_name(head: &HeadSpec, index: usize) -> String {
    match head.mode {
        HeadMode::Discriminator => format!("discriminator.{}.{index}", head.attribute.name()),
        HeadMode::Shared | HeadMode::GradReverse => format!("head.{}", head.attribute.name()),
    }
}
