//! One number that a network learns from, and its gradient, against PyTorch's.

use std::collections::BTreeMap;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    loss: f64,
    gradient: Vec<f64>,
}

pub type Traced = Tensor<(usize, usize), f32, Cpu, OwnedTape<f32, Cpu>>;
pub type Loss = Result<Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>, CpuError>;

/// Compares `loss` of `values`, in rows of `columns`, with the case `name` of the folder `of` of golden numbers; within 1e-6.
#[track_caller]
pub fn check(of: &str, name: &str, values: &[f32], columns: usize, loss: impl Fn(Traced) -> Loss) {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read_to_string(format!("{root}/tests/golden/{of}/{of}.json")).unwrap();
    let cases: BTreeMap<String, Case> = serde_json::from_str(&text).unwrap();
    let expected = &cases[name];
    let shape = (values.len() / columns, columns);
    let x = Cpu::default().tensor_from_vec(values.to_vec(), shape);
    let found = loss(x.leaky_trace()).unwrap();
    let close = |found: f32, expected: f64| (f64::from(found) - expected).abs() < 1e-6;
    let value = found.array();
    assert!(
        close(value, expected.loss),
        "{name}: {value} {}",
        expected.loss
    );
    let gradient = found.backward().get(&x).as_vec();
    assert_eq!(gradient.len(), expected.gradient.len());
    for (at, (found, expected)) in gradient.iter().zip(&expected.gradient).enumerate() {
        assert!(close(*found, *expected), "{name}, {at}: {found} {expected}");
    }
}
