//! Small ONNX models, written as their protocol buffers.

/// A field with bytes: a text or a message.
pub fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    let mut written = varint(number << 3 | 2);
    written.extend(varint(bytes.len() as u64));
    written.extend(bytes);
    written
}

/// A field with a number.
pub fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A model of floats in the making.
#[derive(Default)]
pub struct OnnxModel {
    graph: Vec<u8>,
}

impl OnnxModel {
    /// A node with its inputs and output, and attributes that are lists of integers.
    pub fn node(
        mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        lists: &[(&str, &[i64])],
    ) -> Self {
        let mut node: Vec<u8> = inputs
            .iter()
            .flat_map(|name| field(1, name.as_bytes()))
            .collect();
        node.extend(field(2, output.as_bytes()));
        node.extend(field(4, operator.as_bytes()));
        for (name, values) in lists {
            let mut attribute = field(1, name.as_bytes());
            attribute.extend(
                values
                    .iter()
                    .flat_map(|value| number(8, value.cast_unsigned())),
            );
            attribute.extend(number(20, 7));
            node.extend(field(5, &attribute));
        }
        self.graph.extend(field(1, &node));
        self
    }

    /// A constant.
    pub fn constant(mut self, name: &str, shape: &[u64], values: &[f32]) -> Self {
        let mut tensor: Vec<u8> = shape.iter().flat_map(|&length| number(1, length)).collect();
        tensor.extend(number(2, 1));
        tensor.extend(field(8, name.as_bytes()));
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        tensor.extend(field(9, &bytes));
        self.graph.extend(field(5, &tensor));
        self
    }

    /// A constant whose values are in another file.
    pub fn outside(mut self, name: &str, shape: &[u64], location: &str) -> Self {
        let mut tensor: Vec<u8> = shape.iter().flat_map(|&length| number(1, length)).collect();
        tensor.extend(number(2, 1));
        tensor.extend(field(8, name.as_bytes()));
        let entry = [field(1, b"location"), field(2, location.as_bytes())].concat();
        tensor.extend(field(13, &entry));
        tensor.extend(number(14, 1));
        self.graph.extend(field(5, &tensor));
        self
    }

    /// A constant of integers.
    pub fn integers(mut self, name: &str, values: &[i64]) -> Self {
        let mut tensor = number(1, values.len() as u64);
        tensor.extend(number(2, 7));
        tensor.extend(field(8, name.as_bytes()));
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        tensor.extend(field(9, &bytes));
        self.graph.extend(field(5, &tensor));
        self
    }

    /// An input; a dimension of 0 is of any length.
    pub fn input(mut self, name: &str, shape: &[u64]) -> Self {
        self.graph.extend(field(11, &value(name, shape)));
        self
    }

    /// An output, as an input.
    pub fn output(mut self, name: &str, shape: &[u64]) -> Self {
        self.graph.extend(field(12, &value(name, shape)));
        self
    }

    /// The file.
    pub fn file(self) -> Vec<u8> {
        let graph = [field(2, b"graph"), self.graph].concat();
        let operators = number(2, 17);
        [number(1, 8), field(8, &operators), field(7, &graph)].concat()
    }
}

fn value(name: &str, shape: &[u64]) -> Vec<u8> {
    let dimension = |&length: &u64| match length {
        0 => field(1, &field(2, b"n")),
        length => field(1, &number(1, length)),
    };
    let shape: Vec<u8> = shape.iter().flat_map(dimension).collect();
    let tensor = [number(1, 1), field(2, &shape)].concat();
    [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
}
