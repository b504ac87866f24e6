//! The device against the processor: steps of every method, masks, state, and the same bits twice.
//!
//! Skipped, aloud, where there is no device.

use std::sync::Arc;

mod batch_invariance;
mod cards;
mod comparison_data;
mod every_kind;
mod feeding;
mod heads;
mod layers;
mod losses;
mod one_layer;
mod operation;
mod penalties;
mod tasks;

use pipe_foundation::Workers;
use pipe_foundation::test_support::noise;

use cards::{card, opened, shared_card};
use comparison_data::{Data, data};
use every_kind::examples;

use super::*;
use crate::model::spec::{Attribute, HeadMode, HeadSpec, Layer, Reversal, default_encoder};
use crate::model::{
    EncoderShape, Initialisation, Network, StepLosses, Targets, TaskSpec, Trainable, TrainingBatch,
    TrainingState, Update,
};

const HEADS: [(Attribute, usize); 3] = [
    (Attribute::Corpus, 4),
    (Attribute::Gender, 2),
    (Attribute::Speaker, 7),
];

/// Heads of the models of a group: every method, alone and mixed; without classes, only those that need none.
fn studies(tasks: &[TaskSpec]) -> Vec<Vec<(HeadSpec, usize)>> {
    let head = |index: usize, mode| {
        let (attribute, labels) = HEADS[index].clone();
        (HeadSpec::new(attribute, mode), labels)
    };
    let conditioned = |index: usize| {
        let (mut spec, labels) = head(index, HeadMode::Cdan);
        spec.entropy_conditioning = true;
        (spec, labels)
    };
    use HeadMode::{Cdan, Coral, Discriminator, GradReverse, Mmd, Shared};
    let mut studies = vec![
        vec![],
        vec![head(0, Shared), head(1, Shared)],
        vec![head(2, GradReverse)],
        vec![head(1, Discriminator)],
        vec![
            head(0, GradReverse),
            head(2, Shared),
            head(1, Discriminator),
        ],
        vec![head(0, Discriminator), head(1, GradReverse)],
        vec![head(1, Shared)],
        vec![head(2, Shared), head(0, GradReverse), head(1, Shared)],
        vec![head(0, Coral)],
        vec![head(1, Mmd), head(0, Shared)],
        vec![head(0, Mmd), head(1, Coral)],
        vec![head(1, Cdan)],
        vec![head(0, Cdan), conditioned(1), head(2, Mmd)],
        vec![conditioned(1)],
    ];
    if !tasks.iter().any(TaskSpec::is_of_classes) {
        for heads in &mut studies {
            heads.retain(|(head, _)| !head.mode.looks_at_classes());
        }
    }
    studies
}

/// Encoders whose every part differs: blocks, recurrent layers, pooling, layers after it; the last in another order.
fn encoders() -> Vec<(usize, Vec<Layer>)> {
    let read = |text: &str| serde_json::from_str(text).unwrap();
    vec![
        (
            7,
            read(
                r#"[{"layer":"conv","channels":9,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
                {"layer":"conv","channels":8,"width":3,"padding":0},
                {"layer":"lstm","units":6,"layers":2,"bidirectional":true},
                {"layer":"time_pool","how":"last_states"},{"layer":"linear","units":11}]"#,
            ),
        ),
        (
            5,
            read(r#"[{"layer":"lstm","units":7},{"layer":"time_pool","how":"mean"}]"#),
        ),
        (
            6,
            read(
                r#"[{"layer":"conv","channels":10,"width":4,"padding":3,"pool_width":2,"pool_stride":3},
                {"layer":"time_pool","how":"mean"}]"#,
            ),
        ),
        (
            5,
            read(
                r#"[{"layer":"linear","units":6},{"layer":"lstm","units":4},
                {"layer":"conv","channels":7,"width":3,"padding":2,"pool_width":2},
                {"layer":"lstm","units":3,"bidirectional":true},{"layer":"time_pool","how":"last_states"},
                {"layer":"linear","units":5},{"layer":"linear","units":4}]"#,
            ),
        ),
    ]
}

/// How the steps of a comparison are taken.
#[derive(Clone, Copy)]
struct How {
    /// The optimiser and its keys, as JSON.
    optimiser: &'static str,
    weight_decay: f64,
    clip: f64,
    dropout: f32,
    reversal: Reversal,
}

impl How {
    fn update(self, step: usize, model: usize) -> Update {
        Update {
            optimiser: serde_json::from_str(self.optimiser).unwrap(),
            // Every model at its own rate, falling from step to step.
            learning_rate: 0.02 / (1.0 + step as f64) * (1.0 + 0.1 * model as f64),
            weight_decay: self.weight_decay,
        }
    }

    fn alpha(model: usize) -> f64 {
        0.2 + 0.05 * model as f64
    }
}

/// The steps of a comparison: the utterances of each, and how they are taken.
#[derive(Clone, Copy)]
struct Course<'a> {
    batches: &'a [&'a [usize]],
    how: How,
}

const BATCHES: [&[usize]; 3] = [&[3, 0, 5, 1, 2], &[4, 2], &[1, 5, 0, 4, 3]];
const FRAMES: [usize; 6] = [23, 4, 61, 23, 1, 40];
const CLASS_WEIGHTS: [f32; 3] = [0.5, 1.0, 2.0];

fn networks(shape: &EncoderShape, tasks: &[TaskSpec]) -> Vec<Network> {
    let classes = 3 * usize::from(tasks.iter().any(TaskSpec::is_of_classes));
    let numbers = tasks.iter().filter(|task| !task.is_of_classes());
    let targets: Vec<String> = numbers.map(|task| task.task.clone()).collect();
    let new = |heads: Vec<_>| {
        let (shape, how) = (shape.clone(), Initialisation::He);
        Network::of_tasks(shape, classes, &targets, &heads, how, 5).unwrap()
    };
    studies(tasks).into_iter().map(new).collect()
}

/// Losses of each step, and the state after the last, of one model on the processor.
fn on_processor(
    network: Network,
    model: usize,
    data: &Data,
    Course { batches, how }: Course<'_>,
) -> (Vec<StepLosses>, TrainingState) {
    let workers = Arc::new(Workers::new(1).unwrap());
    let mut trainable = Trainable::new(network, workers).unwrap();
    let heads = &studies(&data.tasks)[model];
    let views = data.views();
    let steps = batches.iter().enumerate().map(|(step, batch)| {
        let features: Vec<_> = batch.iter().map(|&at| views[at]).collect();
        let batch = TrainingBatch {
            features: &features,
            targets: &data.targets(heads, batch),
            tasks: &data.tasks,
            alpha: How::alpha(model),
            reversal: how.reversal,
            dropout: how.dropout,
            dropout_seed: step as u64 + 9,
            class_weights: Some(&CLASS_WEIGHTS),
            gradient_clip_norm: how.clip,
        };
        trainable.step(&batch, &how.update(step, model)).unwrap()
    });
    let losses = steps.collect();
    (losses, trainable.state())
}

/// The same of the models of some of [`studies`] on the device; `masked` makes an utterance of a place.
fn on_device(
    card: &Arc<Card>,
    (shape, members): (&EncoderShape, &[usize]),
    data: &Data,
    Course { batches, how }: Course<'_>,
    corpus: &Corpus<'_>,
    masked: impl Fn(usize) -> Masked,
) -> (Vec<Vec<StepLosses>>, Vec<TrainingState>) {
    let (studies, networks) = (studies(&data.tasks), networks(shape, &data.tasks));
    let own = members.iter().map(|&model| networks[model].clone());
    let mut group = Group::new(card, own.map(TrainingState::new).collect()).unwrap();
    for (step, batch) in batches.iter().enumerate() {
        let utterances: Vec<Masked> = batch.iter().map(|&at| masked(at)).collect();
        let targets = members
            .iter()
            .map(|&own| data.targets(&studies[own], batch));
        let targets: Vec<Targets> = targets.collect();
        let models: Vec<ModelStep<'_>> = (members.iter().zip(&targets))
            .map(|(&model, targets)| ModelStep {
                targets,
                alpha: How::alpha(model),
                reversal: how.reversal,
                dropout_seed: step as u64 + 9,
                update: how.update(step, model),
                gradient_clip_norm: how.clip,
            })
            .collect();
        let batch = GroupBatch {
            corpus,
            utterances: &utterances,
            fill: 0.5,
            dropout: how.dropout,
            tasks: &data.tasks,
            class_weights: Some(&CLASS_WEIGHTS),
        };
        group.step(&batch, &models).unwrap();
    }
    let losses = group.losses().unwrap();
    let states = (0..group.models()).map(|model| group.state(model).unwrap());
    (losses, states.collect())
}

/// The bits of every value of a state.
fn bits(state: &TrainingState) -> Vec<u32> {
    let arrays = state.to_arrays();
    let values = arrays.iter().flat_map(|array| array.values.iter());
    values.map(|value| value.to_bits()).collect()
}

/// An utterance of which nothing is hidden.
fn whole(at: usize) -> Masked {
    Masked {
        at,
        ..Masked::default()
    }
}

fn close(found: f64, expected: f64, scale: f64) -> bool {
    (found - expected).abs() <= 1e-4 * scale.max(expected.abs()).max(1e-3)
}

fn hows() -> Vec<How> {
    let sgd = How {
        optimiser: r#"{"optimiser":"sgd"}"#,
        weight_decay: 0.0,
        clip: 0.0,
        dropout: 0.3,
        reversal: Reversal::Paper,
    };
    // Epsilon is large, so that a gradient of about zero does not decide by its rounding where a value goes.
    vec![
        sgd,
        How {
            weight_decay: 0.01,
            clip: 0.5,
            reversal: Reversal::Ganin,
            ..sgd
        },
        How {
            optimiser: r#"{"optimiser":"adam","beta2":0.99,"epsilon":1e-2}"#,
            weight_decay: 0.01,
            dropout: 0.0,
            ..sgd
        },
        How {
            optimiser: r#"{"optimiser":"adamw","beta2":0.99,"epsilon":1e-2}"#,
            weight_decay: 0.1,
            clip: 1.0,
            ..sgd
        },
        How {
            optimiser: r#"{"optimiser":"rmsprop","smoothing":0.9,"epsilon":1e-2}"#,
            weight_decay: 0.01,
            clip: 0.5,
            ..sgd
        },
    ]
}

/// Steps of every method on the device and on the processor.
fn agree(
    card: &Arc<Card>,
    shape: &EncoderShape,
    data: &Data,
    course: Course<'_>,
    corpus: &Corpus<'_>,
) {
    let networks = networks(shape, &data.tasks);
    let members: Vec<usize> = (0..networks.len()).collect();
    let (losses, states) = on_device(card, (shape, &members), data, course, corpus, whole);
    assert_eq!(losses.len(), course.batches.len());
    for (model, network) in networks.into_iter().enumerate() {
        let (expected, state) = on_processor(network, model, data, course);
        for (step, (found, expected)) in losses.iter().zip(&expected).enumerate() {
            let found = &found[model];
            let place = format!("model {model}, step {step}: {found:?} {expected:?}");
            let [total, emotion] = [
                (found.total, expected.total),
                (found.emotion, expected.emotion),
            ]
            .map(|(found, expected)| close(found.into(), expected.into(), 1.0));
            assert!(total && emotion, "{place}");
            assert!(
                close(found.gradient_norm, expected.gradient_norm, 1.0),
                "{place}"
            );
            assert_eq!(found.numbers.len(), expected.numbers.len());
            let found = found.numbers.iter().chain(&found.attributes);
            let expected = expected.numbers.iter().chain(&expected.attributes);
            for (found, expected) in found.zip(expected) {
                assert!(close((*found).into(), (*expected).into(), 1.0), "{place}");
            }
        }
        for (found, expected) in states[model].to_arrays().iter().zip(state.to_arrays()) {
            let name = &expected.name;
            assert_eq!(found.name, *name);
            assert_eq!(found.shape, expected.shape);
            let scale = expected
                .values
                .iter()
                .fold(0f32, |most, v| most.max(v.abs()));
            for (at, (found, expected)) in found.values.iter().zip(&expected.values).enumerate() {
                assert!(
                    close((*found).into(), (*expected).into(), scale.into()),
                    "model {model}, {name}[{at}]: {found} {expected}"
                );
            }
        }
        assert_eq!(states[model].steps, course.batches.len() as u64);
    }
}

#[test]
fn steps_of_every_method_in_lockstep_agree_with_the_processor() {
    let Some(card) = card() else { return };
    for (bins, layers) in encoders() {
        let shape = EncoderShape::new(&layers, bins).unwrap();
        let data = data(bins, &FRAMES);
        let corpus = Corpus::new(&card, &data.views()).unwrap();
        for how in hows() {
            let batches = &BATCHES;
            agree(&card, &shape, &data, Course { batches, how }, &corpus);
        }
    }
}

#[test]
fn the_papers_network_agrees_and_gives_the_same_bits_twice() {
    let Some(card) = card() else { return };
    let shape = EncoderShape::new(&default_encoder(), 40).unwrap();
    let data = data(40, &[60, 33, 48, 21, 60, 55]);
    let all = || networks(&shape, &data.tasks).into_iter();
    let some = || all().take(3).collect::<Vec<_>>();
    let run = || {
        let states = some().into_iter().map(TrainingState::new).collect();
        let group = Group::new(&card, states).unwrap();
        let corpus = Corpus::new(&card, &data.views()).unwrap();
        group.predict(&corpus).unwrap()
    };
    let found = run();
    assert_eq!(found, run());
    let views = data.views();
    for (network, found) in some().iter().zip(found) {
        let mut predictor = crate::model::Predictor::new(network, 1).unwrap();
        let expected = predictor.predict(&views).unwrap();
        let expected = expected.iter().flat_map(|output| &output.probabilities);
        let found = found.iter().flat_map(|output| &output.probabilities);
        for (found, expected) in found.zip(expected) {
            assert!(
                close((*found).into(), (*expected).into(), 1.0),
                "{found} {expected}"
            );
        }
    }
}
