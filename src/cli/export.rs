//! `pipe export`: a trained model as ONNX, its model card, and predictions in the form of others.

use std::path::{Path, PathBuf};

use pipe_foundation::Digest;
use pipe_foundation::durable;
use pipe_foundation::system::RealSystem;
use pipe_nn::model::Model;

use pipe_stages::card::{Card, CardCorpus, CardEvaluation};
use pipe_stages::onnx::{self, GraphInput, OnnxError};
use pipe_stages::predict::{self, FrontEnd, FrontEndError, Helpers, ProgramError};

use super::arguments::Common;
use super::console::{print, shown};
use super::error::CliError;
use super::export_emobox::emobox_predictions;
use super::model::{load, refused};
use super::model_arguments::{ExportArguments, ExportInput};
use super::{context, evaluations};

/// Writes what was asked for; both texts are made before either file is touched.
pub fn export(arguments: &ExportArguments, common: &Common) -> Result<u8, CliError> {
    let mut files: Vec<Written<'_>> = Vec::new();
    if let (Some(path), Some(protocol)) = (&arguments.emobox, &arguments.protocol) {
        check_target(path, &arguments.model, "--emobox", &["json"])?;
        let file_bytes = common.limits().file_bytes;
        let (table, fold) = (&arguments.model, &arguments.fold);
        let text = emobox_predictions(table, protocol, fold, file_bytes)?;
        files.push(Written::new(
            path,
            text.into_bytes(),
            "predictions for EmoBox",
        ));
        return written(files, common);
    }
    let (model, digest) = load(&arguments.model)?;
    if let Some(path) = &arguments.onnx {
        check_target(path, &arguments.model, "--onnx", &["onnx"])?;
        let config = model.config();
        let (exported, outside) = match arguments.input {
            ExportInput::Features => (
                onnx::export(&model, &digest, GraphInput::Features),
                onnx::before_features(config),
            ),
            ExportInput::Waveform => {
                // Neither a program nor another model is needed to see that the graph cannot contain it.
                let outside = onnx::beyond_graphs(config);
                if !outside.is_empty() {
                    return Err(refused(OnnxError::OtherFeatures { outside }));
                }
                let front_end = front_end(&model, arguments).map_err(refused)?;
                let exported = onnx::export(&model, &digest, GraphInput::Waveform(&front_end));
                (exported, onnx::before_waveforms(config))
            }
        };
        let exported = exported.map_err(refused)?;
        files.push(Written {
            outside,
            what: format!("ONNX, opset {}", exported.opset),
            ..Written::new(path, exported.bytes, "ONNX")
        });
    }
    if let Some(path) = &arguments.card {
        check_target(path, &arguments.model, "--card", &["md", "markdown"])?;
        let text = card(arguments, common, &model, digest)?;
        files.push(Written::new(path, text.into_bytes(), "model card"));
    }
    written(files, common)
}

/// How the model's features are computed, as far as that is built in; models in ONNX are among those given or nearby.
fn front_end(model: &Model, arguments: &ExportArguments) -> Result<FrontEnd, FrontEndError> {
    let mut onnx_files = arguments.embed_models.clone();
    onnx_files.extend(predict::nearby(&arguments.model));
    let helpers = Helpers {
        onnx_files: &onnx_files,
        prepare_program: &|stage| Err(ProgramError::not_allowed(stage)),
    };
    FrontEnd::with(model.config(), &arguments.model, &helpers)
}

/// A file to be written.
struct Written<'p> {
    path: &'p Path,
    bytes: Vec<u8>,
    /// What it is.
    what: String,
    /// What has to be done with a recording before the file is of use.
    outside: Vec<String>,
}

impl<'p> Written<'p> {
    fn new(path: &'p Path, bytes: Vec<u8>, what: &str) -> Self {
        Self {
            path,
            bytes,
            what: what.to_owned(),
            outside: Vec::new(),
        }
    }
}

/// Writes files and tells of them.
fn written(files: Vec<Written<'_>>, common: &Common) -> Result<u8, CliError> {
    for file in files {
        let Written {
            path,
            bytes,
            what,
            outside,
        } = file;
        let failed = |reason| CliError::Output {
            what: path.display().to_string(),
            reason,
        };
        let whole = std::path::absolute(path).map_err(failed)?;
        durable::write(&RealSystem, &whole, &bytes).map_err(failed)?;
        if common.json {
            let mut line = serde_json::json!({
                "event": "written", "file": path.to_string_lossy(), "what": what, "bytes": bytes.len(),
            });
            if !outside.is_empty() {
                line["outside"] = outside.into();
            }
            print(&format!("{line}\n"))?;
        } else {
            print(&format!(
                "{} written ({what}, {} bytes)\n",
                shown(path),
                bytes.len()
            ))?;
            if !outside.is_empty() {
                print(&format!("  not in it: {}\n", outside.join(", ")))?;
            }
        }
    }
    Ok(0)
}

/// Refuses to write over the model itself, over folders, and under a name that says something else.
fn check_target(
    path: &Path,
    model: &Path,
    option: &str,
    extensions: &[&str],
) -> Result<(), CliError> {
    let usage = |message: String, help: String| Err(CliError::Usage { message, help });
    if path.is_dir() {
        return usage(
            format!("{} is a folder", path.display()),
            format!(
                "give a file name: {option} {}",
                path.join("model").with_extension(extensions[0]).display()
            ),
        );
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    if !extension.is_some_and(|found| extensions.iter().any(|e| found.eq_ignore_ascii_case(e))) {
        return usage(
            format!(
                "{option} {}: the file name does not end in .{}",
                path.display(),
                extensions[0]
            ),
            format!("name it {}", path.with_extension(extensions[0]).display()),
        );
    }
    match (path.canonicalize(), model.canonicalize()) {
        (Ok(path), Ok(model)) if path == model => usage(
            format!("{option} {} would replace the model itself", path.display()),
            "choose another file name".into(),
        ),
        _ => Ok(()),
    }
}

fn card(
    arguments: &ExportArguments,
    common: &Common,
    model: &Model,
    digest: Digest,
) -> Result<String, CliError> {
    let folder = arguments.model.parent().unwrap_or(Path::new(""));
    let corpora = context::corpora(common.corpora.as_deref(), None, folder, common)?;
    let evaluations: Vec<CardEvaluation> = match arguments.metrics.as_slice() {
        [] => evaluations::of_model(common, &digest)?,
        paths => evaluations::given(paths, &common.limits())?,
    };
    let name = arguments.model.file_name();
    let name = name.map_or_else(|| PathBuf::from("model.safetensors"), PathBuf::from);
    let bytes = std::fs::metadata(&arguments.model).map_or(0, |facts| facts.len());
    let known: Vec<CardCorpus<'_>> = corpora
        .corpora
        .iter()
        .map(|(name, config)| CardCorpus { name, config })
        .collect();
    let front_end = front_end(model, arguments);
    let card = Card {
        file: shown(name),
        bytes,
        digest,
        config: model.config(),
        network: model.network(),
        front_end: front_end.as_ref().map_err(ToString::to_string),
        corpora: &known,
        evaluations: &evaluations,
    };
    Ok(card.to_markdown())
}
