//! ONNX Runtime, opened from its shared library when it is asked for.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use ort::ep::cuda::ConvAlgorithmSearch;
use ort::ep::{CUDA, ExecutionProvider, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use ort::session::builder::SessionBuilder;
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, Tensor, TensorElementType, ValueType};
use pipe_foundation::sync::lock;

use crate::device::Device;
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

/// Finds out whether the library can execute models on a device.
///
/// # Errors
/// Where it is not there, was built without what the device needs, or lacks libraries of CUDA.
pub fn check(device: Device) -> Result<(), ModelError> {
    let version = version()?;
    let refused = |reason: String| {
        let version = version.clone();
        ModelError::NoCuda { version, reason }
    };
    if let Some(provider) = provider(device) {
        let is_built_in = CUDA::default().is_available();
        if !is_built_in.map_err(|error| refused(error.to_string()))? {
            let name = CUDA::default().name();
            let reason = format!("this build of its library has no {name}");
            return Err(refused(reason));
        }
        // This opens the libraries that the provider is made of.
        let registered = builder(Some(provider));
        registered.map_err(refused)?;
    }
    Ok(())
}

/// What executes models on a device; none for the processor, which needs no provider.
fn provider(device: Device) -> Option<ExecutionProviderDispatch> {
    let Device::Cuda { ordinal, tf32 } = device else {
        return None;
    };
    let cuda = CUDA::default()
        .with_device_id(i32::try_from(ordinal).unwrap_or(i32::MAX))
        .with_tf32(tf32)
        // Trying out which is fastest would choose another one another time.
        .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic);
    // Without this, a provider that fails is left out, and the processor computes in its place.
    Some(cuda.build().error_on_failure())
}

/// A session in the making, on the device of a provider.
fn builder(provider: Option<ExecutionProviderDispatch>) -> Result<SessionBuilder, String> {
    let builder = Session::builder().map_err(|error| error.to_string())?;
    // One core: items are computed side by side.
    let builder = builder
        .with_intra_threads(1)
        .map_err(|error| error.to_string())?;
    let builder = builder
        .with_inter_threads(1)
        .map_err(|error| error.to_string())?;
    let builder = builder.with_log_level(LogLevel::Fatal);
    let builder = builder.map_err(|error| error.to_string())?;
    let Some(provider) = provider else {
        return Ok(builder);
    };
    let builder = builder
        .with_deterministic_compute(true)
        .map_err(|error| error.to_string())?;
    let builder = builder.with_execution_providers([provider]);
    builder.map_err(|error| error.to_string())
}

/// Loads a model.
///
/// # Errors
/// Where the library is not there, has nothing for the device, or does not take it.
pub fn load(file: Vec<u8>, device: Device) -> Result<Box<dyn LoadedModel>, ModelError> {
    check(device)?;
    let model = OnnxRuntimeModel {
        file,
        device,
        turn: Mutex::default(),
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
    device: Device,
    /// Whose turn it is on a device: each session would hold the model there again.
    turn: Mutex<()>,
    /// Sessions that nobody uses now; one serves one thread at a time.
    idle: Mutex<Vec<Session>>,
}

impl OnnxRuntimeModel {
    fn session(&self) -> Result<Session, String> {
        let mut builder = builder(provider(self.device))?;
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
        let _turn = self.device.is_cuda().then(|| lock(&self.turn));
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
