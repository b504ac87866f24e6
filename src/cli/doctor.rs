//! `pipe doctor`: whether this machine, this folder and this cache are fit for runs, and what to do where they are not.

use std::collections::BTreeSet;

use pipe_inference::{Device as ModelDevice, ModelError, Runtime};
use pipe_nn::model::{DeviceChoice, DeviceError, Devices, product_name};
use pipe_speech::corpus::{CorpusConfig, root_of};

use crate::doctor::{Check, State, examine};

use super::arguments::{Common, DoctorArguments};
use super::console::print;
use super::context;
use super::error::CliError;
use super::lines::counted;
use super::paint::Paint;
use super::remote_cache;

/// Prints what every check found; 1 where something is bad.
pub fn doctor(arguments: &DoctorArguments, common: &Common) -> Result<u8, CliError> {
    let mut checks = examine(&common.cache, arguments.runs.path());
    checks.push(corpora(common));
    checks.push(remote_cache::check(&arguments.remote));
    let asked = DeviceChoice::AllCuda.resolve(false);
    let first = ModelDevice::Cuda {
        ordinal: 0,
        tf32: false,
    };
    checks.push(onnx_runtime(
        Runtime::OnnxRuntime.version(),
        || Runtime::OnnxRuntime.check(first),
        asked.is_ok(),
    ));
    let names = |devices: &Devices| devices.iter().map(product_name).collect();
    checks.extend(devices(asked, names));
    let worst = checks.iter().map(|check| check.state).max();
    print(&match common.json {
        true => checks
            .iter()
            .map(|check| format!("{}\n", serde_json::json!(check)))
            .collect(),
        false => text(&checks, Paint::stdout()),
    })?;
    Ok(u8::from(worst == Some(State::Bad)))
}

fn text(checks: &[Check], paint: Paint) -> String {
    let width = checks.iter().map(|check| check.name.len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        let mark = match check.state {
            State::Good => paint.faint("ok     "),
            State::Warning => paint.bold("warning"),
            State::Bad => paint.bad("bad    "),
        };
        text.push_str(&format!(
            "{mark}  {:<width$}  {}\n",
            check.name, check.found
        ));
        if let Some(advice) = check.advice.as_ref().filter(|advice| !advice.is_empty()) {
            text.push_str(&format!("{:9}{:width$}  {advice}\n", "", ""));
        }
    }
    let count = |state: State| checks.iter().filter(|check| check.state == state).count();
    text.push_str(&match (count(State::Bad), count(State::Warning)) {
        (0, 0) => "everything is fit for runs\n".to_owned(),
        (0, warnings) => format!("fit for runs, with {}\n", counted(warnings, "warning")),
        (bad, _) => format!("not fit for runs: {} failed\n", counted(bad, "check")),
    });
    text
}

/// The corpora of the `corpora.toml` here, and which of them are there.
fn corpora(common: &Common) -> Check {
    const NAME: &str = "corpora";
    let found = match context::corpora_here(common) {
        Ok(found) => found,
        Err(errors) => {
            let first = errors.shown().first().map(ToString::to_string);
            let advice = "`pipe corpora` shows the place";
            return Check::bad(NAME, first.unwrap_or_default(), advice);
        }
    };
    // Those that come with the program are not expected to be here, unless there are no others; and to make some of
    // them takes no files.
    let expected = |name: &String, config: &CorpusConfig| match &found.file {
        Some(_) => found.of_file.contains(name),
        None => config.reader != "synthetic",
    };
    let corpora: Vec<_> = (found.corpora.corpora.iter())
        .filter(|(name, config)| expected(name, config))
        .collect();
    let all = corpora.len();
    // Synthetic ones are made when they are needed.
    let there = corpora.into_iter().filter(|(name, config)| {
        config.reader == "synthetic" || root_of(name, config, &found.corpora.folder).is_ok()
    });
    let there = there.count();
    let folder = found.corpora.folder.display();
    let text = format!("{there} of {all} in {folder}");
    match there {
        0 => Check::warning(NAME, text, "`pipe corpora` says where to get them"),
        _ => Check::good(NAME, text),
    }
}

/// The library that executes models of `embed` with `runtime = "onnxruntime"`: its build, and whether it can use a CUDA device,
/// which matters where there is one.
fn onnx_runtime(
    version: Result<String, ModelError>,
    check: impl FnOnce() -> Result<(), ModelError>,
    has_cuda: bool,
) -> Check {
    const NAME: &str = "ONNX Runtime";
    let Ok(version) = version else {
        let found = "not there; only `embed` with runtime = \"onnxruntime\" needs it";
        return Check::good(NAME, found);
    };
    match check() {
        Ok(()) => Check::good(NAME, format!("{version}, also on CUDA devices")),
        Err(error) if has_cuda => {
            let advice = miette::Diagnostic::help(&error).map(|help| help.to_string());
            Check::warning(NAME, error.to_string(), advice.unwrap_or_default())
        }
        Err(_) => Check::good(NAME, format!("{version}, on the processor")),
    }
}

/// What asking for all CUDA devices came to, and what each is called. Without one everything runs on the processor.
fn devices(
    asked: Result<Devices, DeviceError>,
    names: impl FnOnce(&Devices) -> Vec<Result<String, DeviceError>>,
) -> Vec<Check> {
    const NAME: &str = "device";
    let devices = match asked {
        Ok(devices) => devices,
        Err(DeviceError::NotBuilt) => {
            let found = "the processor; this build has no CUDA support";
            return vec![Check::good(NAME, found)];
        }
        Err(error @ (DeviceError::NoDriver { .. } | DeviceError::NoDevice)) => {
            return vec![Check::good(NAME, format!("the processor; {error}"))];
        }
        Err(error) => return vec![of_error(NAME, &error)],
    };
    let names = names(&devices);
    let mut checks = vec![Check::good(
        NAME,
        match devices.count() {
            1 => "CUDA works: --device cuda".to_owned(),
            count => format!("CUDA works on {count} devices: --device cuda:all, or some of them"),
        },
    )];
    checks.extend(devices.iter().zip(&names).map(|(device, name)| match name {
        Ok(name) => Check::good(NAME, format!("{device} is {name}")),
        Err(error) => of_error(NAME, error),
    }));
    let known: BTreeSet<&String> = names.iter().flatten().collect();
    if known.len() > 1 {
        checks.push(Check::warning(
            NAME,
            "the devices are of different models",
            "last digits may depend on which of them computes: name those of one model in --device where that matters",
        ));
    }
    checks
}

/// A drawback, with what to do about it.
fn of_error(name: &'static str, error: &DeviceError) -> Check {
    let advice = miette::Diagnostic::help(error).map(|help| help.to_string());
    Check::warning(name, error.to_string(), advice.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_is_listed_and_different_models_are_a_drawback() {
        let found = |names: &[&str]| {
            let ordinals: Vec<usize> = (0..names.len()).collect();
            let own = names.iter().map(|name| Ok((*name).to_owned())).collect();
            devices(Ok(Devices::cuda(&ordinals, false)), |_| own)
        };
        let told = |checks: &[Check]| -> Vec<String> {
            checks.iter().map(|check| check.found.clone()).collect()
        };
        let one = found(&["A"]);
        assert_eq!(told(&one), ["CUDA works: --device cuda", "cuda:0 is A"]);
        let two = found(&["A", "A"]);
        assert!(two[0].found.contains("2 devices: --device cuda:all"));
        assert_eq!(told(&two)[1..], ["cuda:0 is A", "cuda:1 is A"]);
        assert!(two.iter().all(|check| check.state == State::Good));
        let mixed = found(&["A", "B"]);
        assert_eq!(mixed.len(), 4);
        assert_eq!(mixed[3].state, State::Warning);
    }

    #[test]
    fn a_library_without_cuda_is_a_drawback_only_where_there_is_a_device() {
        let none = || {
            Err(ModelError::NoCuda {
                version: "1.24".into(),
                reason: "this build of its library has no CUDAExecutionProvider".into(),
            })
        };
        let found = |has_cuda| onnx_runtime(Ok("1.24".into()), none, has_cuda);
        assert_eq!(found(false).state, State::Good);
        let warning = found(true);
        assert_eq!(warning.state, State::Warning);
        assert!(warning.found.contains("no CUDAExecutionProvider"));
        let advice = warning.advice.unwrap();
        assert!(advice.contains("onnxruntime_providers_cuda"), "{advice}");
        let absent = ModelError::NoOnnxRuntime {
            reason: "it is not there".into(),
        };
        assert_eq!(onnx_runtime(Err(absent), none, true).state, State::Good);
        assert_eq!(
            onnx_runtime(Ok("1.24".into()), || Ok(()), true).state,
            State::Good
        );
    }
}
