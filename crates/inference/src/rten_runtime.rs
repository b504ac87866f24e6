//! rten: a runtime in Rust, part of this program.
//!
//! It has no 64-bit types: 64-bit integers become 32-bit ones, and a model that computes with 64-bit floats is refused.

use std::sync::{Arc, Mutex};

use pipe_foundation::sync::lock;
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

use crate::default_attributes::with_default_attributes;
use crate::error::ModelError;
use crate::loaded_model::LoadedModel;
use crate::named_nodes::with_named_nodes;
use crate::tensor::{InputTensor, OutputTensor, TensorValues};

/// Its name for people.
pub const NAME: &str = "rten";

/// The version in `Cargo.lock`.
pub const VERSION: &str = "0.24.0";

/// Loads a model.
///
/// # Errors
/// What rten says of it.
pub fn load(file: Vec<u8>) -> Result<Box<dyn LoadedModel>, ModelError> {
    let load = || {
        ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load(with_default_attributes(with_named_nodes(file)))
    };
    let loaded = on_own_thread(load);
    let model = loaded.map_err(|error| ModelError::Load {
        runtime: NAME,
        reason: format!("{error}{}", crate::error::OTHER_RUNTIME),
    })?;
    Ok(Box::new(RtenModel {
        model,
        idle: Mutex::default(),
    }))
}

/// Does what hands work to a pool of rten's. A thread that belongs to another pool must not do so by itself: while it waits,
/// it begins other work of its own pool, which may wait for what it holds.
fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let done = std::thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

struct RtenModel {
    model: Model,
    /// Pools of one thread that nobody uses now.
    idle: Mutex<Vec<Arc<ThreadPool>>>,
}

impl LoadedModel for RtenModel {
    fn run(
        &self,
        inputs: Vec<(&str, InputTensor)>,
        outputs: &[&str],
    ) -> Result<Vec<OutputTensor>, String> {
        let id = |name: &str| self.model.node_id(name).map_err(|error| error.to_string());
        let outputs: Vec<NodeId> = outputs
            .iter()
            .map(|name| id(name))
            .collect::<Result<_, _>>()?;
        let mut values = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            values.push((id(name)?, value(tensor)?.into()));
        }
        let idle = lock(&self.idle).pop();
        let pool = idle.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)));
        let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
        let made = on_own_thread(|| self.model.run(values, &outputs, Some(options)));
        lock(&self.idle).push(pool);
        let made = made.map_err(|error| error.to_string())?;
        made.into_iter().map(output).collect()
    }
}

fn value(tensor: InputTensor) -> Result<Value, String> {
    let InputTensor { shape, values } = tensor;
    match values {
        TensorValues::F32(values) => of(&shape, values),
        TensorValues::F64(values) => of(&shape, values.into_iter().map(|v| v as f32).collect()),
        TensorValues::I32(values) => of(&shape, values),
        TensorValues::I64(values) => {
            let values: Result<Vec<i32>, _> = values.into_iter().map(i32::try_from).collect();
            of(&shape, values.map_err(|_| "it has no integers of 64 bits")?)
        }
        TensorValues::Bool(values) => of(&shape, values.into_iter().map(i32::from).collect()),
    }
}

fn of<T>(shape: &[usize], values: Vec<T>) -> Result<Value, String>
where
    Value: From<Tensor<T>>,
{
    Value::from_shape(shape, values).map_err(|error| error.to_string())
}

fn output(value: Value) -> Result<OutputTensor, String> {
    let floats = |shape: &[usize], values: Vec<f32>| OutputTensor {
        shape: shape.to_vec(),
        values,
    };
    Ok(match value {
        Value::FloatTensor(tensor) => floats(tensor.shape(), tensor.to_vec()),
        Value::Int32Tensor(tensor) => {
            let values = tensor.to_vec().into_iter().map(|value| value as f32);
            floats(tensor.shape(), values.collect())
        }
        Value::Int8Tensor(tensor) => {
            let values = tensor.to_vec().into_iter().map(f32::from);
            floats(tensor.shape(), values.collect())
        }
        Value::UInt8Tensor(tensor) => {
            let values = tensor.to_vec().into_iter().map(f32::from);
            floats(tensor.shape(), values.collect())
        }
        _ => return Err("an output is not a tensor".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_that_of_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        let package = format!("name = \"rten\"\nversion = \"{}\"\n", super::VERSION);
        assert!(lock.contains(&package));
    }
}
