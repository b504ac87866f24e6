//! ONNX Runtime, opened from its shared library when it is asked for.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use ort::logging::LogLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, Tensor, TensorElementType, ValueType};
use pipe_foundation::sync::lock;

use crate::error::ModelError;
use crate::loaded_model::LoadedModel;
use crate::tensor::{InputTensor, OutputTensor, TensorValues};

/// Its name for people.
pub const NAME: &str = "ONNX Runtime";

/// Opens the library that `ORT_DYLIB_PATH` names, or the one that the system finds, once.
///
/// # Errors
/// Where it is not there, or older than 1.18.
fn open() -> Result<(), ModelError> {
    static OPENED: OnceLock<Result<(), String>> = OnceLock::new();
    let opened = OPENED.get_or_init(|| {
        // The library is older than this program expects, or something else: its binding may panic.
        let opened = std::panic::catch_unwind(|| {
            let environment = ort::init_from(library()).map_err(|error| error.to_string())?;
            environment.with_telemetry(false).commit();
            Ok(())
        });
        opened.unwrap_or_else(|panic| Err(pipe_foundation::panics::describe(&*panic)))
    });
    opened
        .clone()
        .map_err(|reason| ModelError::NoOnnxRuntime { reason })
}

/// Where the library is changes no result: its version is in keys.
fn library() -> PathBuf {
    let named = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    named.unwrap_or_else(|| "libonnxruntime.so".into())
}

/// The build of the library: its branch and commit.
///
/// # Errors
/// Where there is none.
pub fn version() -> Result<String, ModelError> {
    open()?;
    // ORT Build Info: git-branch=rel-1.24.1, git-commit-id=8055523, build type=Release, ...
    let info = ort::info();
    let field = |name: &str| {
        let (_, rest) = info.split_once(name)?;
        rest.split([',', ' ']).next()
    };
    let (branch, commit) = (field("git-branch="), field("git-commit-id="));
    Ok(match (branch, commit) {
        (Some(branch), Some(commit)) => format!("{branch} {commit}"),
        _ => info.to_owned(),
    })
}

/// Loads a model.
///
/// # Errors
/// Where the library is not there, or does not take it.
pub fn load(file: Vec<u8>) -> Result<Box<dyn LoadedModel>, ModelError> {
    open()?;
    let model = OnnxRuntimeModel {
        file,
        idle: Mutex::default(),
    };
    let session = model.session().map_err(|reason| ModelError::Load {
        runtime: NAME,
        reason,
    })?;
    lock(&model.idle).push(session);
    Ok(Box::new(model))
}

struct OnnxRuntimeModel {
    file: Vec<u8>,
    /// Sessions that nobody uses now; one serves one thread at a time.
    idle: Mutex<Vec<Session>>,
}

impl OnnxRuntimeModel {
    fn session(&self) -> Result<Session, String> {
        let builder = Session::builder().map_err(|error| error.to_string())?;
        // One core: items are computed side by side.
        let builder = builder
            .with_intra_threads(1)
            .map_err(|error| error.to_string())?;
        let builder = builder
            .with_inter_threads(1)
            .map_err(|error| error.to_string())?;
        let builder = builder.with_log_level(LogLevel::Fatal);
        let mut builder = builder.map_err(|error| error.to_string())?;
        let session = builder.commit_from_memory(&self.file);
        session.map_err(|error| error.to_string())
    }
}

impl LoadedModel for OnnxRuntimeModel {
    fn run(
        &self,
        inputs: Vec<(&str, InputTensor)>,
        outputs: &[&str],
    ) -> Result<Vec<OutputTensor>, String> {
        let idle = lock(&self.idle).pop();
        let mut session = match idle {
            Some(session) => session,
            None => self.session()?,
        };
        let mut values: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            values.push((name, value(tensor)?.into()));
        }
        let made = session.run(values).map_err(|error| error.to_string());
        let made = made.and_then(|made| {
            let outputs = outputs.iter().map(|name| {
                let value = made
                    .get(name)
                    .ok_or_else(|| format!("there is no output {name}"))?;
                output(value)
            });
            outputs.collect()
        });
        lock(&self.idle).push(session);
        made
    }
}

fn value(tensor: InputTensor) -> Result<DynValue, String> {
    let InputTensor { shape, values } = tensor;
    let made = match values {
        TensorValues::F32(values) => Tensor::from_array((shape, values)).map(Tensor::into_dyn),
        TensorValues::F64(values) => Tensor::from_array((shape, values)).map(Tensor::into_dyn),
        TensorValues::I32(values) => Tensor::from_array((shape, values)).map(Tensor::into_dyn),
        TensorValues::I64(values) => Tensor::from_array((shape, values)).map(Tensor::into_dyn),
        TensorValues::Bool(values) => Tensor::from_array((shape, values)).map(Tensor::into_dyn),
    };
    made.map_err(|error| error.to_string())
}

fn output(value: &DynValue) -> Result<OutputTensor, String> {
    macro_rules! floats {
        ($type:ty, $value:ident => $converted:expr) => {{
            let (shape, values) = value
                .try_extract_tensor::<$type>()
                .map_err(|error| error.to_string())?;
            let shape = shape.iter().map(|&length| length as usize).collect();
            let values = values.iter().map(|&$value| $converted).collect();
            OutputTensor { shape, values }
        }};
    }
    let ValueType::Tensor { ty, .. } = value.dtype() else {
        return Err("an output is not a tensor".to_owned());
    };
    Ok(match ty {
        TensorElementType::Float32 => floats!(f32, value => value),
        TensorElementType::Float64 => floats!(f64, value => value as f32),
        TensorElementType::Int32 => floats!(i32, value => value as f32),
        TensorElementType::Int64 => floats!(i64, value => value as f32),
        TensorElementType::Bool => floats!(bool, value => f32::from(u8::from(value))),
        other => return Err(format!("an output has values of the type {other}")),
    })
}
