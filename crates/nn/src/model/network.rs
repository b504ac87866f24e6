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
/// Hidden units of the classifier of a conditional adversarial network, both layers, as its authors have them.
const CONDITIONAL_UNITS: usize = 1024;

/// Sizes and values of a network.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) encoder: Arc<Encoder>,
    pub(crate) values: Vec<f32>,
    /// The classifier; without outputs where there are no classes.
    pub(super) emotion: Dense,
    /// One layer of one output for each numeric target, with its name.
    pub(super) targets: Vec<(String, Dense)>,
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
        Self::of_tasks(shape, classes, &[], heads, how, seed)
    }

    /// As [`Self::new`], with a layer for each of the numeric `targets`; where there are some, there may be no classes.
    ///
    /// # Errors
    /// As [`Self::new`]; [`ModelError::Heads`] also where a target appears twice, or a discriminator has no classes to
    /// look at.
    pub fn of_tasks(
        shape: EncoderShape,
        classes: usize,
        targets: &[String],
        heads: &[(HeadSpec, usize)],
        how: Initialisation,
        seed: u64,
    ) -> Result<Self, ModelError> {
        if classes < 2 && (classes == 1 || targets.is_empty()) {
            return Err(ModelError::Classes(classes));
        }
        if let Some(at) = (1..targets.len()).find(|&at| targets[..at].contains(&targets[at])) {
            return Err(ModelError::Heads(format!("{} appears twice", targets[at])));
        }
        let looks_at_classes = |(head, _): &&(HeadSpec, usize)| head.mode.looks_at_classes();
        if let (0, Some((head, _))) = (classes, heads.iter().find(looks_at_classes)) {
            return Err(ModelError::Heads(format!(
                "the head of {} ({}) looks at the probabilities of classes, and there are none",
                head.attribute.name(),
                head.mode.name()
            )));
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
        let heads = heads
            .iter()
            .map(|(head, labels)| {
                let sizes = head_sizes(head, embedding, classes, *labels);
                let layers = sizes
                    .windows(2)
                    .enumerate()
                    .map(|(index, pair)| {
                        let name = format!("{}.{index}", head.attribute.name());
                        initialise::dense(pair[0], pair[1], seed, &name)
                    })
                    .collect();
                (head.clone(), layers)
            })
            .collect();
        let encoder = Encoder::new(shape);
        Ok(Self {
            values: initialise::encoder(encoder.shape(), encoder.layout(), how, seed),
            encoder: Arc::new(encoder),
            emotion: initialise::dense(embedding, classes, seed, "emotion"),
            targets: (targets.iter())
                .map(|name| {
                    (
                        name.clone(),
                        initialise::dense(embedding, 1, seed, &target_name(name)),
                    )
                })
                .collect(),
            heads,
        })
    }

    /// A network of the same sizes whose values are all zero.
    pub(super) fn zeroed(&self) -> Self {
        let mut network = self.clone();
        network.values.fill(0.0);
        let heads = network.heads.iter_mut().flat_map(|(_, layers)| layers);
        let layers = [&mut network.emotion].into_iter();
        let targets = network.targets.iter_mut().map(|(_, layer)| layer);
        for layer in layers.chain(targets).chain(heads) {
            layer.weight.fill(0.0);
            layer.bias.fill(0.0);
        }
        network
    }

    /// Sizes of the encoder.
    pub fn shape(&self) -> &EncoderShape {
        self.encoder.shape()
    }

    /// The shared layers.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Number of emotion classes.
    pub fn classes(&self) -> usize {
        self.emotion.outputs
    }

    /// Names of the numeric targets.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &String> {
        self.targets.iter().map(|(name, _)| name)
    }

    /// Values of the layers of the numeric targets.
    pub fn target_parameters(&self) -> usize {
        let layers = self.targets.iter();
        layers.map(|(_, layer)| layer.parameters()).sum()
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
        if self.classes() > 0 {
            self.emotion.set("emotion", find)?;
        }
        for (name, dense) in &mut self.targets {
            dense.set(&target_name(name), find)?;
        }
        for (head, layers) in &mut self.heads {
            for (index, dense) in layers.iter_mut().enumerate() {
                dense.set(&head_name(head, index), find)?;
            }
        }
        Ok(())
    }

    fn dense(&self) -> impl Iterator<Item = (String, &Dense)> {
        let heads = self.heads.iter().flat_map(|(head, layers)| {
            let layers = layers.iter().enumerate();
            layers.map(move |(index, dense)| (head_name(head, index), dense))
        });
        let emotion = (self.classes() > 0).then(|| ("emotion".to_owned(), &self.emotion));
        emotion
            .into_iter()
            .chain((self.targets.iter()).map(|(name, dense)| (target_name(name), dense)))
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
        self.encoder.forward(&self.values, batch, pass, workers)
    }

    /// Packs the encoder's weights for forward passes.
    pub fn pack(&self, pass: &mut EncoderPass, workers: &Workers) {
        self.encoder.pack(&self.values, pass, None, workers);
    }

    /// Emotion probabilities of embeddings: for each, one of every class.
    pub fn classify(&self, embeddings: &[f32]) -> Vec<Vec<f32>> {
        if self.classes() == 0 {
            let rows = embeddings.len() / self.shape().embedding().max(1);
            return vec![Vec::new(); rows];
        }
        let probabilities = softmax(&self.emotion.apply(embeddings), self.classes());
        let rows = probabilities.chunks_exact(self.classes());
        rows.map(<[f32]>::to_vec).collect()
    }

    /// What the network says of each embedding; numbers are in units of the standard deviation of their target.
    pub fn outputs(&self, embeddings: &[f32]) -> Vec<Outputs> {
        let columns = self.targets.iter();
        let columns: Vec<Vec<f32>> = columns.map(|(_, dense)| dense.apply(embeddings)).collect();
        let rows = self.classify(embeddings).into_iter().enumerate();
        rows.map(|(row, probabilities)| Outputs {
            probabilities,
            numbers: columns.iter().map(|column| column[row]).collect(),
        })
        .collect()
    }
}

/// What a network says of one utterance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs {
    /// The probability of every class; none where there are no classes.
    pub probabilities: Vec<f32>,
    /// One number for each numeric target.
    pub numbers: Vec<f32>,
}

/// Name of the layer of a numeric target in the model file.
pub(super) fn target_name(target: &str) -> String {
    format!("target.{target}")
}

/// Lengths of a head's input, of its hidden layers and of its output; of a penalty its input alone, as it has no layers.
fn head_sizes(head: &HeadSpec, embedding: usize, classes: usize, labels: usize) -> Vec<usize> {
    match head.mode {
        HeadMode::Discriminator => vec![classes, DISCRIMINATOR_UNITS, DISCRIMINATOR_UNITS, labels],
        HeadMode::Cdan => {
            let mapped = embedding.saturating_mul(classes);
            vec![mapped, CONDITIONAL_UNITS, CONDITIONAL_UNITS, labels]
        }
        HeadMode::Shared | HeadMode::GradReverse => vec![embedding, labels],
        HeadMode::Coral | HeadMode::Mmd => vec![embedding],
    }
}

/// Values of a whole network, without making it.
pub(super) fn count_parameters(
    shape: &EncoderShape,
    classes: usize,
    targets: usize,
    heads: &[(HeadSpec, usize)],
) -> usize {
    let embedding = shape.embedding();
    let of_targets = targets.saturating_mul(embedding + 1);
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
        .saturating_add(of_targets)
}

/// Name of a head's layer in the model file.
pub(super) fn head_name(head: &HeadSpec, index: usize) -> String {
    match head.mode {
        HeadMode::Discriminator => format!("discriminator.{}.{index}", head.attribute.name()),
        HeadMode::Cdan => format!("cdan.{}.{index}", head.attribute.name()),
        _ => format!("head.{}", head.attribute.name()),
    }
}
