//! Tensors on their way into a model and out of it.

/// Values in the order of the last axis first.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorValues {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// 64-bit integers.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
}

/// What a model takes.
#[derive(Clone, Debug, PartialEq)]
pub struct InputTensor {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: TensorValues,
}

/// What a model gives, as 32-bit floats whatever it was.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputTensor {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, in the order of the last axis first.
    pub values: Vec<f32>,
}
