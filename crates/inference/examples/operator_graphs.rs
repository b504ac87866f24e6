//! Runs graphs of ONNX in rten as this program does: a JSON object a line in, with a model and the files of its inputs; one
//! out, with the files of its outputs. `benches/onnx/operator_graphs.py` asks and compares.

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rten::{ModelOptions, Value, ValueOrView};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use serde_json::{Value as Json, json};

fn main() {
    // What a graph makes rten do is an answer.
    std::panic::set_hook(Box::new(|_| {}));
    for line in std::io::stdin().lock().lines() {
        let asked: Json = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let made = catch_unwind(AssertUnwindSafe(|| run(&asked)));
        let answer = match made {
            Ok(Ok(outputs)) => json!({ "outputs": outputs }),
            Ok(Err(reason)) => json!({ "error": reason }),
            Err(_) => json!({ "error": "panic" }),
        };
        println!("{answer}");
        std::io::stdout().flush().expect("someone reads");
    }
}

fn run(asked: &Json) -> Result<Vec<Json>, String> {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let model = std::fs::read(text(&asked["model"])).map_err(|error| error.to_string())?;
    let model = ModelOptions::with_all_ops()
        .prepack_weights(true)
        .load(model)
        .map_err(|error| format!("load: {error}"))?;
    let mut inputs = Vec::new();
    for (id, input) in model.input_ids().iter().zip(list(&asked["inputs"])) {
        inputs.push((*id, ValueOrView::Value(value(input)?)));
    }
    let made = model.run(inputs, model.output_ids(), None);
    let made = made.map_err(|error| format!("run: {error}"))?;
    let folder = text(&asked["to"]);
    let outputs = made.into_iter().enumerate();
    outputs
        .map(|(at, made)| written(&made, &Path::new(&folder).join(at.to_string())))
        .collect()
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn value(input: &Json) -> Result<Value, String> {
    let bytes = std::fs::read(input["file"].as_str().unwrap_or_default());
    let bytes = bytes.map_err(|error| error.to_string())?;
    let shape = list(&input["shape"]).iter();
    let shape: Vec<usize> = shape
        .filter_map(|size| Some(size.as_u64()? as usize))
        .collect();
    let fours = || bytes.as_chunks::<4>().0.iter().copied();
    match input["type"].as_str() {
        Some("float32") => of(&shape, fours().map(f32::from_le_bytes).collect()),
        Some("int32") => of(&shape, fours().map(i32::from_le_bytes).collect()),
        Some("int8") => {
            let values = bytes.iter().map(|byte| byte.cast_signed());
            of::<i8>(&shape, values.collect())
        }
        Some("uint8") => of(&shape, bytes.clone()),
        other => Err(format!("type {other:?}")),
    }
}

fn of<T>(shape: &[usize], values: Vec<T>) -> Result<Value, String>
where
    Value: From<Tensor<T>>,
{
    Value::from_shape(shape, values).map_err(|error| error.to_string())
}

fn written(made: &Value, to: &Path) -> Result<Json, String> {
    let (kind, shape, bytes): (&str, &[usize], Vec<u8>) = match made {
        Value::FloatTensor(tensor) => {
            let values = tensor.to_vec();
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            ("float32", tensor.shape(), bytes.collect())
        }
        Value::Int32Tensor(tensor) => {
            let values = tensor.to_vec();
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            ("int32", tensor.shape(), bytes.collect())
        }
        Value::Int8Tensor(tensor) => {
            let values = tensor.to_vec().into_iter().map(i8::cast_unsigned);
            ("int8", tensor.shape(), values.collect())
        }
        Value::UInt8Tensor(tensor) => ("uint8", tensor.shape(), tensor.to_vec()),
        _ => return Err("output is a sequence".into()),
    };
    std::fs::write(to, bytes).map_err(|error| error.to_string())?;
    Ok(json!({ "type": kind, "shape": shape, "file": to }))
}
