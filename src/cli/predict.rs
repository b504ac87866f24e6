//! `pipe predict`: the emotions in recordings, by a trained model.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use miette::Diagnostic;
use pipe_foundation::sync::lock;
use pipe_nn::model::{InputNormalisation, Model};

use pipe_stages::predict::{
    self, FrontEnd, Helpers, Input, OneGroup, Outcome, PredictOptions, ProgramError, WindowError,
    Windows,
};
use pipe_stages::stage::program_of_model;

use super::arguments::Common;
use super::console::{print_error, shown};
use super::error::CliError;
use super::model::{load, refused};
use super::model_arguments::{NormaliseOver, PredictArguments, PredictionFormat};
use super::predictions::Predictions;
use super::signals::Signals;

/// Predicts every recording; 1 where one of them could not be.
pub fn predict(arguments: &PredictArguments, common: &Common) -> Result<u8, CliError> {
    let (model, _) = load(&arguments.model)?;
    let front_end = front_end(&model, arguments)?;
    let options = PredictOptions {
        windows: windows(arguments, &front_end)?,
        max_duration_s: max_duration_s(arguments)?,
        one_group: one_group(&model, arguments)?,
        threads: threads(arguments.threads),
    };
    let stdin = arguments
        .files
        .iter()
        .filter(|path| path.as_os_str() == "-");
    if stdin.count() > 1 {
        return Err(CliError::Usage {
            message: "standard input is given twice".into(),
            help: "it can be read only once: give - once".into(),
        });
    }
    if arguments.files.iter().any(|path| path.as_os_str() == "-") && std::io::stdin().is_terminal()
    {
        return Err(CliError::Usage {
            message: "standard input is a terminal".into(),
            help: format!(
                "pipe a recording into it: sox in.mp3 -t wav - | pipe predict {} -",
                arguments.model.display()
            ),
        });
    }

    let found = predict::list(&arguments.files);
    for (path, reason) in &found.failed {
        complain(path, reason, None, None);
    }
    let mut failed = found.failed.len();
    let names: Vec<String> = found.inputs.iter().map(Input::name).map(shown).collect();
    let targets = model.config().targets.iter();
    let targets: Vec<String> = targets.map(|target| target.name.clone()).collect();
    let predictions = Predictions::new(
        format(arguments, common),
        &names,
        options.windows.is_some(),
        (&model.config().classes, &targets),
    );
    let predictions = Arc::new(Mutex::new(predictions));
    end_when_asked(&predictions);
    let mut written = lock(&predictions).begin();
    let mut each = |outcome: Outcome| {
        match outcome {
            Outcome::Predicted(row) => written = lock(&predictions).write(&row),
            Outcome::Failed(failure) => {
                // The output so far must come before the message about what follows.
                written = lock(&predictions).flush();
                failed += 1;
                let help = failure.reason.help().map(|help| help.to_string());
                let code = failure.reason.code().map(|code| code.to_string());
                let reason = failure.reason.to_string();
                complain(&failure.path, &reason, code.as_deref(), help.as_deref());
            }
        }
        written.is_ok()
    };
    predict::predict(&model, &front_end, &found.inputs, options, &mut each).map_err(refused)?;
    written = written.and_then(|()| lock(&predictions).flush());
    match written {
        // A reader that went away has seen what it wanted.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::standard_output(error))
        }
        _ => {
            if failed > 0 && found.inputs.len() + found.failed.len() > 1 {
                let all = found.inputs.len() + found.failed.len();
                print_error(&format!("{failed} of {all} recordings have no prediction"));
            }
            Ok(u8::from(failed > 0))
        }
    }
}

/// How features of recordings are computed. Models in ONNX are among those given or nearby; programs run where they are
/// allowed to.
fn front_end(model: &Model, arguments: &PredictArguments) -> Result<FrontEnd, CliError> {
    let path = &arguments.model;
    let mut onnx_files = arguments.embed_models.clone();
    onnx_files.extend(predict::nearby(path));
    let folders: Vec<PathBuf> = match &arguments.program_folder {
        Some(folder) => vec![folder.clone()],
        None => {
            let beside = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let here = Path::new(".");
            [here]
                .into_iter()
                .chain(beside)
                .map(Path::to_path_buf)
                .collect()
        }
    };
    let helpers = Helpers {
        onnx_files: &onnx_files,
        prepare_program: &|stage| match arguments.allow_commands {
            true => program_of_model(stage, &folders, arguments.program_timeout_s),
            false => Err(ProgramError::not_allowed(stage)),
        },
    };
    FrontEnd::with(model.config(), path, &helpers).map_err(refused)
}

/// Ends the process soon after a signal asks for it, wherever the work is; what has been written ends with a whole line.
fn end_when_asked(predictions: &Arc<Mutex<Predictions>>) {
    const LOOK_EVERY: Duration = Duration::from_millis(50);
    let signals = Signals::listen();
    let predictions = predictions.clone();
    let watch = move || {
        while !signals.asked() {
            std::thread::sleep(LOOK_EVERY);
        }
        // Should the reader of the output take none of it, a second signal ends the process.
        let mut predictions = lock(&predictions);
        let _ = predictions.flush();
        std::process::exit(signals.exit_code().into());
    };
    // Where the system refuses a thread, the second signal ends the process too.
    let _ = std::thread::Builder::new().spawn(watch);
}

fn max_duration_s(arguments: &PredictArguments) -> Result<f64, CliError> {
    match arguments.max_duration_s {
        seconds if seconds > 0.0 => Ok(seconds),
        seconds => Err(refused(WindowError {
            option: "--max-duration-s",
            seconds,
            reason: "expected more than 0".into(),
        })),
    }
}

/// What is one speaker to a model whose features were normalised over speakers: nobody but the user knows.
fn one_group(model: &Model, arguments: &PredictArguments) -> Result<OneGroup, CliError> {
    let model_file = arguments.model.display();
    let attribute = match &model.config().normalisation {
        Some(InputNormalisation::Group { attribute }) => Some(attribute),
        _ => None,
    };
    match (attribute, arguments.normalise_over) {
        (_, Some(NormaliseOver::Folder)) if attribute.is_some() => Ok(OneGroup::Folder),
        (Some(_), Some(_)) | (None, None) => Ok(OneGroup::File),
        (Some(attribute), None) => Err(CliError::Usage {
            message: format!(
                "{model_file} takes features that are normalised over all recordings of the same {attribute}, which recordings do not tell"
            ),
            help: format!(
                "say --normalise-over folder where each folder holds one {attribute}, or --normalise-over file to take each file by itself"
            ),
        }),
        (None, Some(_)) => Err(CliError::Usage {
            message: format!(
                "{model_file} does not take features that are normalised over several recordings"
            ),
            help: "leave --normalise-over out".into(),
        }),
    }
}

fn threads(given: Option<u16>) -> usize {
    match given {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

fn windows(
    arguments: &PredictArguments,
    front_end: &FrontEnd,
) -> Result<Option<Windows>, CliError> {
    let Some(window_s) = arguments.window_s else {
        return Ok(None);
    };
    let hop_s = arguments.hop_s.unwrap_or(window_s);
    let shortest = front_end.shortest();
    let windows = Windows::new(window_s, hop_s, front_end.rate_hz(), shortest);
    windows.map(Some).map_err(refused)
}

fn format(arguments: &PredictArguments, common: &Common) -> PredictionFormat {
    match arguments.format {
        Some(format) => format,
        None if common.json => PredictionFormat::Json,
        None if std::io::stdout().is_terminal() => PredictionFormat::Table,
        None => PredictionFormat::Csv,
    }
}

/// One line about one recording, with the code that `pipe explain` takes; the path is named once.
fn complain(path: &Path, reason: &str, code: Option<&str>, help: Option<&str>) {
    let name = shown(path);
    let reason: String = reason
        .chars()
        .map(|c| match c {
            '\n' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect();
    let line = match reason.contains(&name) && name != "-" {
        true => reason,
        false => format!("{name}: {reason}"),
    };
    let code = code.map_or_else(String::new, |code| format!("[{code}]"));
    match help {
        Some(help) => print_error(&format!("error{code}: {line}\n  help: {help}")),
        None => print_error(&format!("error{code}: {line}")),
    }
}
