//! The parameters of `train`, with the paper's values as defaults.

use pipe_engine::manifest::{Parameter, Shape};

use pipe_nn::model::LossName;
use pipe_nn::model::spec::DEFAULT_ENCODER;
use pipe_nn::train::Mixup;

use crate::items::FEATURES;
use crate::stage::joined::{count, joined};
use crate::stage::leak_policy::LEAKS;
use crate::stage::normaliser::NORMALISE;
use crate::stage::parameters::THREADS;

use super::optimisers::{KEYS, OPTIMISER};
use super::{layers, schedules};

const POSITIVE: Shape = Shape::Integer {
    min: 1,
    max: 1_000_000,
};
const BELOW_ONE: Shape = Shape::Float {
    min: 0.0,
    max: 0.999_999,
};
const FRACTION: Shape = Shape::Float { min: 0.0, max: 1.0 };

/// Everything that can be said of a training.
pub const PARAMETERS: &[Parameter] = &joined::<{ count(&PARTS) }>(&PARTS);

const PARTS: [&[Parameter]; 4] = [BEFORE, &[OPTIMISER], &KEYS, AFTER];

/// Those before the optimiser's.
const BEFORE: &[Parameter] = &[
    Parameter::required(
        "input",
        Shape::OneOrMany(&Shape::Input(&[FEATURES])),
        "Features; their train and validation splits are used.",
    ),
    Parameter::optional(
        NORMALISE,
        Shape::Text,
        "Puts the features in units of their mean and standard deviation before they reach the network: over all frames of the training split (\"training\": the units are constants of the model), of each recording (\"utterance\"), or of all recordings with the same value of an attribute or kept column, such as \"speaker\", within a corpus and a split. By default the network takes them as they are.",
    ),
    Parameter::default(
        "encoder",
        Shape::List(&layers::LAYER),
        DEFAULT_ENCODER,
        "Shared layers, in their order. One of them pools over time, such as time_pool: it makes one vector of all frames.",
    ),
    Parameter::default(
        "heads",
        Shape::List(&Shape::Table(&[
            Parameter::optional(
                "task",
                Shape::Text,
                "What is to be predicted: \"emotion\" for the classes, or a column of numbers such as arousal. Without any task, the emotion is the only one.",
            ),
            Parameter::optional(
                "loss",
                Shape::Choice(&LossName::ALL),
                "Loss of a task. Classes: cross_entropy (default) or focal (Lin et al. 2017). Numbers, which are learned in units of their standard deviation: ccc (default; 1 - concordance correlation), mse, mae.",
            ),
            Parameter::optional(
                "gamma",
                Shape::Float {
                    min: 0.0,
                    max: 100.0,
                },
                "Exponent of the focal loss; 2 by default.",
            ),
            Parameter::optional(
                "label_smoothing",
                FRACTION,
                "With cross_entropy: how much of each target goes to all classes alike; 0 by default.",
            ),
            Parameter::optional(
                "weight",
                Shape::Float {
                    min: 1e-9,
                    max: 1e9,
                },
                "Weight of a task among the tasks, or factor of coral, mmd and cdan; 1 by default.",
            ),
            Parameter::optional(
                "attribute",
                Shape::Text,
                "What an attribute head predicts, or between whose values coral, mmd and cdan bring embeddings together: corpus, gender, speaker, language, or a column that `columns` of the ingest stage keeps.",
            ),
            Parameter::optional(
                "mode",
                Shape::Choice(&[
                    "shared",
                    "grad_reverse",
                    "discriminator",
                    "coral",
                    "mmd",
                    "cdan",
                ]),
                "Of an attribute head. shared: multi-task learning (eq. 1). grad_reverse: gradient reversal (eq. 2). discriminator: adversarial on the emotion probabilities (eq. 3). coral: penalty on differences of covariances (Sun and Saenko 2016). mmd: penalty on the maximum mean discrepancy (Long et al. 2015). cdan: conditional adversarial network (Long et al. 2018).",
            ),
            Parameter::optional(
                "target",
                Shape::OneOrMany(&Shape::Text),
                "With grad_reverse, coral, mmd and cdan: the values of the attribute that are the target; all others together are the source. By default each value is a group of its own.",
            ),
            Parameter::optional(
                "entropy_conditioning",
                Shape::Bool,
                "With cdan: utterances count the more, the more certain their class is (CDAN+E); false by default.",
            ),
        ])),
        "[]",
        "Heads: tasks ({ task = ..., loss = ... }) and attributes ({ attribute = ..., mode = ... }). Without any, a classifier of emotion alone: the baseline.",
    ),
    Parameter::optional(
        "alpha",
        Shape::Either(&[
            FRACTION,
            Shape::Table(&[
                Parameter::required("start", FRACTION, "Value at the first epoch."),
                Parameter::required(
                    "end",
                    FRACTION,
                    "Value at the end of the ramp, and after it.",
                ),
                Parameter::optional(
                    "epochs",
                    POSITIVE,
                    "Epochs of the ramp; by default all possible ones, so that alpha has its last value in the last possible epoch.",
                ),
            ]),
        ]),
        "Weight of the attribute tasks, constant or a ramp over epochs. Default: shared 0.1, grad_reverse 0 to 0.5, discriminator 0.5, coral and mmd 1, cdan 0 to 1.",
    ),
    Parameter::default(
        "alpha_curve",
        Shape::Choice(&["linear", "ganin"]),
        "\"linear\"",
        "How alpha changes from start to end. ganin: 2 / (1 + exp(-10 p)) - 1 of the way at progress p (Ganin et al. 2016); use it with reversal = \"ganin\" and alpha = { start = 0, end = 1 } for their lambda.",
    ),
    Parameter::default(
        "reversal",
        Shape::Choice(&["paper", "ganin"]),
        "\"paper\"",
        "paper: alpha also scales the head's own learning. ganin: only the reversed gradient (Ganin et al. 2016).",
    ),
    Parameter::default("epochs", POSITIVE, "150", "Maximum number of epochs."),
    Parameter::default(
        "max_updates",
        Shape::NATURAL,
        "0",
        "Maximum number of updates; 0 for no limit.",
    ),
    Parameter::default(
        "min_epochs",
        Shape::NATURAL,
        "0",
        "Early stopping never ends training before this many epochs.",
    ),
    Parameter::default(
        "patience",
        Shape::NATURAL,
        "20",
        "Epochs without a better validation score, counted once UA has risen above chance; 0 disables early stopping.",
    ),
    Parameter::default(
        "monitor",
        Shape::Text,
        "\"ua\"",
        "Validation score that decides which epoch is best. Of the classes: ua (unweighted accuracy) or loss (cross-entropy). Of numeric tasks: ccc (mean over them), or one of one task, such as arousal/ccc, arousal/pearson, arousal/rmse.",
    ),
    Parameter::optional(
        "select_from",
        Shape::Either(&[POSITIVE, Shape::Choice(&["ramp_end"])]),
        "The first epoch, counted from 1, whose weights may be kept and from which patience counts; ramp_end: the first with the last value of alpha. By default the first of all: with gradient reversal the best epoch is then often one in which alpha was still small.",
    ),
    Parameter::default("batch", POSITIVE, "32", "Utterances in a batch."),
    Parameter::default(
        "bucket_batches",
        POSITIVE,
        "50",
        "Number of batches whose utterances are sorted by length together.",
    ),
    Parameter::default(
        "learning_rate",
        Shape::Float {
            min: 1e-12,
            max: 1e6,
        },
        "0.002",
        "Learning rate of every parameter.",
    ),
    Parameter::default(
        "learning_rate_schedule",
        schedules::SCHEDULE,
        "{\"shape\": \"constant\"}",
        "How the learning rate changes over the epochs.",
    ),
    Parameter::default(
        "warm_up_updates",
        Shape::NATURAL,
        "0",
        "Updates over which the learning rate rises linearly to its value; 0 for none.",
    ),
];

/// Those after the optimiser's.
const AFTER: &[Parameter] = &[
    Parameter::default(
        "weight_decay",
        Shape::Float { min: 0.0, max: 1e6 },
        "0.0",
        "Weight decay of every parameter, as PyTorch's option of that name.",
    ),
    Parameter::default(
        "dropout",
        BELOW_ONE,
        "0.5",
        "Probability that a value of the embedding is dropped before the heads.",
    ),
    Parameter::default(
        "initialisation",
        Shape::Choice(&["he", "he_uniform", "pytorch"]),
        "\"he\"",
        "Initial values of the convolutions.",
    ),
    Parameter::default(
        "spec_augment",
        Shape::Table(&[
            Parameter::default(
                "time_mask_frames",
                Shape::NATURAL,
                "30",
                "Largest number of masked frames; 0 for none.",
            ),
            Parameter::default(
                "frequency_mask_bins",
                Shape::NATURAL,
                "3",
                "Largest number of masked bins; 0 for none.",
            ),
            Parameter::optional(
                "time_masks",
                Shape::Integer { min: 0, max: 100 },
                "Number of time masks, each with a width and place of its own; 1 by default.",
            ),
            Parameter::optional(
                "frequency_masks",
                Shape::Integer { min: 0, max: 100 },
                "Number of frequency masks; 1 by default.",
            ),
        ]),
        "{\"time_mask_frames\": 30, \"frequency_mask_bins\": 3}",
        "Masks on each training utterance, drawn afresh every epoch (SpecAugment).",
    ),
    Parameter::optional(
        "mixup",
        Shape::Table(&[Parameter::required(
            "alpha",
            Shape::Float {
                min: 1e-3,
                max: Mixup::MOST_ALPHA,
            },
            "Both parameters of the beta distribution that the shares are drawn from.",
        )]),
        "Blends each training utterance with another of its batch, features and targets, in shares that are drawn afresh every epoch (mixup; Zhang et al. 2018). None by default.",
    ),
    Parameter::default(
        "sampling",
        Shape::Choice(&["all", "corpus", "class", "corpus_and_class"]),
        "\"all\"",
        "all: an epoch draws each utterance once. Otherwise it draws equally many from every corpus, emotion class, or class of every corpus; small groups are repeated.",
    ),
    Parameter::default(
        "class_weights",
        Shape::Choice(&["none", "balanced"]),
        "\"none\"",
        "Weights of the emotion classes in the loss.",
    ),
    Parameter::default(
        "gradient_clip_norm",
        Shape::Float { min: 0.0, max: 1e9 },
        "0.0",
        "Maximum norm of the gradient; 0 disables clipping.",
    ),
    Parameter::default(
        "seed",
        Shape::NATURAL,
        "0",
        "Seed of initial values and dropout, and of the batches unless batch_seed is given.",
    ),
    Parameter::optional(
        "batch_seed",
        Shape::NATURAL,
        "Seed of the batches: order, draws and SpecAugment masks. By default the same as seed; one value for all seeds shows the effect of initial values and dropout alone, and lets them train in lockstep on a CUDA device.",
    ),
    LEAKS,
    THREADS,
];
