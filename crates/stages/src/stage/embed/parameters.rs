//! The parameters of `embed`.

use pipe_engine::manifest::{MAX_BAD, Parameter, STORE, Shape};
use pipe_inference::{Axis, Pooling, Runtime};

use crate::items::{AUDIO, FEATURES};
use crate::stage::parameters::LICENCE;

/// The file that is declared: its content is in keys, and its place is not.
pub(super) const MODEL: &str = "model";

/// What keeps a model on the processor.
pub(super) const ON_PROCESSOR: &str = "cpu";

const AXES: Shape = Shape::List(&Shape::Choice(Axis::NAMES));
const COUNT: Shape = Shape::Integer {
    min: 1,
    max: 1 << 32,
};
const NUMBER: Shape = Shape::Float {
    min: f64::MIN,
    max: f64::MAX,
};

/// Everything that can be said of an `embed`.
pub(super) const PARAMETERS: &[Parameter] = &[
        Parameter::required(
            "input",
            Shape::OneOrMany(&Shape::Input(&[AUDIO, FEATURES])),
            "Waveforms at `sample_rate_hz`, or features, also those of another `embed`.",
        ),
        Parameter::required(
            MODEL,
            Shape::Path,
            "The model, a file in ONNX; its content is part of the key.",
        )
        .unkeyed(),
        Parameter::default(
            "runtime",
            Shape::Choice(Runtime::NAMES),
            "\"rten\"",
            "What executes the model: rten, which is part of this program, or onnxruntime, whose library is opened from the path in ORT_DYLIB_PATH or where the system finds it. The runtime, its version and the vector instructions of the processor are part of the key.",
        ),
        Parameter::optional(
            "device",
            Shape::Choice(&[ON_PROCESSOR]),
            "Where onnxruntime executes the model: on the device of the run by default, whose library must be able to; \"cpu\" for the processor whatever --device says. A CUDA device is part of the key. rten always takes the processor.",
        )
        .unkeyed(),
        Parameter::default(
            "sample_rate_hz",
            Shape::Integer {
                min: 1000,
                max: 768_000,
            },
            "16000",
            "Rate that waveforms must have, in Hz.",
        ),
        Parameter::optional(
            "model_input",
            Shape::Text,
            "The input of the model that takes the recording; the only one without a constant by default.",
        ),
        Parameter::optional(
            "input_axes",
            AXES,
            "What the axes of this input are; by their number by default, such as [\"batch\", \"time\"] for a waveform and [\"batch\", \"time\", \"features\"] for features.",
        ),
        Parameter::default(
            "constants",
            Shape::Map(&Shape::Either(&[NUMBER, Shape::List(&NUMBER)])),
            "{}",
            "Values of the other inputs, such as { sr = 16000 }: one number for all elements, or one for each.",
        ),
        Parameter::default(
            "outputs",
            Shape::List(&Shape::Text),
            "[]",
            "Outputs that become features, several side by side; the first one by default. What nodes of the model give one another can be named as well, such as the states of a layer.",
        ),
        Parameter::optional(
            "output_axes",
            AXES,
            "What the axes of outputs are; by default the last one is features, and all others are time.",
        ),
        Parameter::default(
            "normalise_input",
            Shape::Bool,
            "false",
            "Bring the samples, or all values of features, to mean 0 and variance 1 over the recording, as models like wav2vec 2.0 expect it.",
        ),
        Parameter::optional(
            "input_scale",
            NUMBER,
            "Samples, which are in -1..=1, or features are multiplied by this; 32768 for models that expect 16-bit samples.",
        ),
        Parameter::optional("output_scale", NUMBER, "Outputs are multiplied by this."),
        Parameter::optional(
            "output_offset",
            NUMBER,
            "This is added to outputs, after `output_scale`.",
        ),
        Parameter::optional(
            "window",
            Shape::Table(&[
                Parameter::required(
                    "length",
                    COUNT,
                    "Length of a window, in samples of a waveform or frames of features.",
                ),
                Parameter::required("hop", COUNT, "Distance between the starts of two windows."),
                Parameter::default(
                    "pad",
                    Shape::Bool,
                    "false",
                    "Fill up the last window with zeros; without it, what does not fill a window is left out, and a recording shorter than one is set aside.",
                ),
            ]),
            "Give the model parts of the recording, for models of a fixed length; what they give follows one another.",
        ),
        Parameter::default(
            "pooling",
            Shape::Choice(Pooling::NAMES),
            "\"none\"",
            "What becomes of the frames: kept, their mean, or their mean and standard deviation.",
        ),
        LICENCE,
        MAX_BAD,
        STORE,
    ];
