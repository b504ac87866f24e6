//! Arguments of the subcommands that take a trained model.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `predict`.
#[derive(Args)]
pub struct PredictArguments {
    /// The model file, such as runs/demo/train/model.safetensors.
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Recordings (WAV, FLAC, MP3, Ogg Vorbis, M4A and more; any rate, any channels), folders of them, or - for standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// A model in ONNX that an embed stage computed the features with; found by its content beside MODEL, in the current
    /// folder and in folders `models` otherwise. Can be given more than once.
    #[arg(long = "embed-model", value_name = "FILE")]
    pub embed_models: Vec<PathBuf>,
    /// Run the program that a command stage computed the features with, with your rights; its line is in the model file.
    #[arg(long)]
    pub allow_commands: bool,
    /// The folder that the program runs in, with the files that its stage declared: the current one or that of MODEL
    /// otherwise, whichever has them as they were in training.
    #[arg(long, value_name = "FOLDER", requires = "allow_commands")]
    pub program_folder: Option<PathBuf>,
    /// Seconds that the program may take for a recording, or a window of one.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 300,
        requires = "allow_commands"
    )]
    pub program_timeout_s: u64,
    /// Predict windows of this many seconds instead of whole recordings.
    #[arg(long, value_name = "SECONDS")]
    pub window_s: Option<f64>,
    /// Seconds from one window to the next; the window's length by default.
    #[arg(long, value_name = "SECONDS", requires = "window_s")]
    pub hop_s: Option<f64>,
    /// What is taken for one speaker where the model was trained with normalise = "speaker", or for one value of another
    /// attribute: each file, or all files in the same folder. The recordings are then read twice.
    #[arg(long, value_enum, value_name = "GROUP")]
    pub normalise_over: Option<NormaliseOver>,
    /// Longest recording, or window with --window-s, that is predicted as one, in seconds. A longer one is reported and
    /// not read.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600.0)]
    pub max_duration_s: f64,
    /// Form of the output; a table on a terminal, CSV elsewhere.
    #[arg(long, value_enum)]
    pub format: Option<PredictionFormat>,
    /// Threads to use; all cores by default. The result does not depend on it.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

/// What features are normalised over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NormaliseOver {
    /// Each file by itself.
    File,
    /// All files in the same folder.
    Folder,
}

/// Form of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PredictionFormat {
    /// Aligned columns for people.
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    Json,
}

/// Arguments of `export`.
#[derive(Args)]
pub struct ExportArguments {
    /// The model file, such as runs/demo/train/model.safetensors; with --emobox, the predictions.csv of an evaluation.
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Write the network as ONNX, opset 17, or a later one where a model of an embed stage needs it.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["card", "emobox"])]
    pub onnx: Option<PathBuf>,
    /// What the ONNX graph takes as input.
    #[arg(long, value_enum, default_value_t = ExportInput::Waveform, requires = "onnx")]
    pub input: ExportInput,
    /// A model in ONNX that an embed stage computed the features with, which becomes part of the graph; found by its content
    /// beside MODEL, in the current folder and in folders `models` otherwise. Can be given more than once.
    #[arg(long = "embed-model", value_name = "FILE")]
    pub embed_models: Vec<PathBuf>,
    /// Write the model card as Markdown.
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// Evaluations for the card: metrics.json files of evaluate steps, or folders that contain one. By default those of
    /// this very model in the cache.
    #[arg(long, value_name = "PATH", num_args = 1.., requires = "card")]
    pub metrics: Vec<PathBuf>,
    /// Write predictions as the evaluation of EmoBox takes them: a JSON list of {"key", "pred"}.
    #[arg(long, value_name = "FILE", requires = "protocol", conflicts_with_all = ["onnx", "card"])]
    pub emobox: Option<PathBuf>,
    /// The folder of the dataset in EmoBox, with fold_1, fold_2 ... in it.
    #[arg(long, value_name = "FOLDER", requires = "emobox")]
    pub protocol: Option<PathBuf>,
    /// The fold that the predictions are of.
    #[arg(long, value_name = "FOLD", default_value = "1", requires = "emobox")]
    pub fold: String,
}

/// What an exported graph takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportInput {
    /// Samples at the model's rate, [batch, samples] in -1..=1; the graph contains the whole front end.
    Waveform,
    /// The features that the network was trained on, [batch, frames, bins]: a filterbank, or what another model, functionals
    /// or a program give.
    Features,
}
