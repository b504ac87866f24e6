//! The graph of a model as plain data, all its names with the same beginning, so that it can become part of another graph.

use thiserror::Error;

use crate::external_data;
use crate::internal_outputs::append;
use crate::onnx_fields::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_GRAPH, ATTRIBUTE_INTEGER, ATTRIBUTE_INTEGERS, ATTRIBUTE_NAME,
    ATTRIBUTE_TEXT, ATTRIBUTE_TYPE, FUNCTION_DOMAIN, FUNCTION_NAME, GRAPH_INITIALIZER, GRAPH_INPUT,
    GRAPH_NAME, GRAPH_NODE, GRAPH_OUTPUT, GRAPH_SPARSE_INITIALIZER, MODEL_FUNCTION, MODEL_GRAPH,
    MODEL_IR_VERSION, MODEL_OPERATOR_SET, NODE_ATTRIBUTE, NODE_DOMAIN, NODE_INPUT, NODE_NAME,
    NODE_OPERATOR, NODE_OUTPUT, OPERATOR_SET_DOMAIN, OPERATOR_SET_VERSION, SPARSE_VALUES,
    TENSOR_NAME, VALUE_NAME,
};
use crate::plain_graph::{PlainAttribute, PlainGraph, PlainNode, PlainTensor};
use crate::protobuf_reader::{FieldValue, Fields, NoMessage};
use crate::protobuf_values::{integer, integers, messages, text, without};
use crate::reachable::keep_reachable;

/// A model's graph, and what it says of its operators.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelGraph {
    /// Nodes, constants and values.
    pub graph: PlainGraph,
    /// The version of ONNX's own operators.
    pub opset: u64,
    /// Other sets of operators that its nodes use, with their versions.
    pub domains: Vec<(String, u64)>,
    /// The version of the file format.
    pub ir_version: u64,
}

/// Why a model's graph cannot become part of another one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ModelGraphError {
    /// The file is something else.
    #[error("it is not an ONNX model whose tensors are all in it")]
    NotOnnx,
    /// It defines operators itself.
    #[error(
        "it defines operators of its own, such as {function}: in Python, onnx.inliner.inline_local_functions(onnx.load(\"MODEL.onnx\")) puts what they do in their places"
    )]
    Functions {
        /// The first of them.
        function: String,
    },
    /// It does not say which operators it means.
    #[error("it does not say by which version of ONNX's operators it goes")]
    NoOpset,
}

impl From<NoMessage> for ModelGraphError {
    fn from(NoMessage: NoMessage) -> Self {
        Self::NotOnnx
    }
}

impl ModelGraph {
    /// The part of a model that gives `outputs`, which may be values between its nodes; every name begins with `prefix`.
    ///
    /// # Errors
    /// Bytes that are no model, and a model that defines operators.
    pub fn of(file: &[u8], prefix: &str, outputs: &[String]) -> Result<Self, ModelGraphError> {
        external_data::check(file).map_err(|_| ModelGraphError::NotOnnx)?;
        if let Some(function) = messages(file, MODEL_FUNCTION)?.first() {
            let (domain, name) = (
                text(function, FUNCTION_DOMAIN)?,
                text(function, FUNCTION_NAME)?,
            );
            return Err(ModelGraphError::Functions {
                function: format!("{domain}::{name}"),
            });
        }
        let graph = messages(file, MODEL_GRAPH)?;
        let graph = graph.last().ok_or(ModelGraphError::NotOnnx)?;
        let mut graph = Prefix(prefix).graph(graph)?;
        let wanted = outputs.iter().map(|name| format!("{prefix}{name}"));
        keep_reachable(&mut graph, wanted.collect());
        let (mut opset, mut domains) = (None, Vec::new());
        for set in messages(file, MODEL_OPERATOR_SET)? {
            let version = integer(set, OPERATOR_SET_VERSION)?.unwrap_or(1);
            match plain_domain(text(set, OPERATOR_SET_DOMAIN)?) {
                own if own.is_empty() => opset = Some(version),
                other => domains.push((other, version)),
            }
        }
        domains.retain(|(domain, _)| graph.uses(domain));
        Ok(Self {
            graph,
            opset: opset.ok_or(ModelGraphError::NoOpset)?,
            domains,
            ir_version: integer(file, MODEL_IR_VERSION)?.unwrap_or_default(),
        })
    }
}

/// Both names of ONNX's own operators are one.
fn plain_domain(name: String) -> String {
    match name.as_str() {
        "ai.onnx" => String::new(),
        _ => name,
    }
}

/// The beginning of all names.
struct Prefix<'p>(&'p str);

impl Prefix<'_> {
    fn named(&self, name: &str) -> String {
        match name.is_empty() {
            true => String::new(),
            false => format!("{}{name}", self.0),
        }
    }

    fn names(&self, message: &[u8], field: u64) -> Result<Vec<String>, NoMessage> {
        let names = messages(message, field)?.into_iter();
        names
            .map(|name| Ok(self.named(std::str::from_utf8(name).map_err(|_| NoMessage)?)))
            .collect()
    }

    fn graph(&self, graph: &[u8]) -> Result<PlainGraph, NoMessage> {
        let nodes = messages(graph, GRAPH_NODE)?.into_iter();
        let values = |field| -> Result<Vec<(String, Vec<u8>)>, NoMessage> {
            let values = messages(graph, field)?.into_iter();
            values
                .map(|value| self.renamed(value, VALUE_NAME))
                .collect()
        };
        let mut tensors = Vec::new();
        for tensor in messages(graph, GRAPH_INITIALIZER)? {
            let (name, encoded) = self.renamed(tensor, TENSOR_NAME)?;
            tensors.push(PlainTensor {
                name,
                encoded,
                is_sparse: false,
            });
        }
        for sparse in messages(graph, GRAPH_SPARSE_INITIALIZER)? {
            let values = messages(sparse, SPARSE_VALUES)?;
            let values = values.last().copied().unwrap_or_default();
            let (name, values) = self.renamed(values, TENSOR_NAME)?;
            let mut encoded = without(sparse, SPARSE_VALUES)?;
            append(&mut encoded, SPARSE_VALUES, &values);
            tensors.push(PlainTensor {
                name,
                encoded,
                is_sparse: true,
            });
        }
        Ok(PlainGraph {
            name: text(graph, GRAPH_NAME)?,
            nodes: nodes
                .map(|node| self.node(node))
                .collect::<Result<_, _>>()?,
            tensors,
            inputs: values(GRAPH_INPUT)?,
            outputs: values(GRAPH_OUTPUT)?,
        })
    }

    fn node(&self, node: &[u8]) -> Result<PlainNode, NoMessage> {
        let attributes = messages(node, NODE_ATTRIBUTE)?.into_iter();
        Ok(PlainNode {
            operator: text(node, NODE_OPERATOR)?,
            domain: plain_domain(text(node, NODE_DOMAIN)?),
            name: self.named(&text(node, NODE_NAME)?),
            inputs: self.names(node, NODE_INPUT)?,
            outputs: self.names(node, NODE_OUTPUT)?,
            attributes: attributes
                .map(|attribute| self.attribute(attribute))
                .collect::<Result<_, _>>()?,
        })
    }

    fn attribute(&self, attribute: &[u8]) -> Result<(String, PlainAttribute), NoMessage> {
        // `AttributeProto.AttributeType`; left out in the oldest files.
        const FLOAT: u64 = 1;
        const INTEGER: u64 = 2;
        const TEXT: u64 = 3;
        const GRAPH: u64 = 5;
        const INTEGERS: u64 = 7;
        let name = text(attribute, ATTRIBUTE_NAME)?;
        let encoded = || PlainAttribute::Encoded(attribute.to_vec());
        let value = match integer(attribute, ATTRIBUTE_TYPE)? {
            Some(FLOAT) => PlainAttribute::Float(float(attribute)?),
            Some(INTEGER) => {
                let value = integer(attribute, ATTRIBUTE_INTEGER)?.unwrap_or_default();
                PlainAttribute::Integer(value.cast_signed())
            }
            Some(TEXT) => match text(attribute, ATTRIBUTE_TEXT) {
                Ok(text) => PlainAttribute::Text(text),
                // A text may be any bytes.
                Err(NoMessage) => encoded(),
            },
            Some(INTEGERS) => PlainAttribute::Integers(integers(attribute, ATTRIBUTE_INTEGERS)?),
            Some(GRAPH) => {
                let graphs = messages(attribute, ATTRIBUTE_GRAPH)?;
                let graph = graphs.last().ok_or(NoMessage)?;
                PlainAttribute::Graph(Box::new(self.graph(graph)?))
            }
            _ => encoded(),
        };
        Ok((name, value))
    }

    /// A message under its new name, which is put at its end.
    fn renamed(&self, message: &[u8], field: u64) -> Result<(String, Vec<u8>), NoMessage> {
        let name = self.named(&text(message, field)?);
        let mut encoded = without(message, field)?;
        append(&mut encoded, field, name.as_bytes());
        Ok((name, encoded))
    }
}

fn float(attribute: &[u8]) -> Result<f32, NoMessage> {
    let mut found = 0.0;
    for field in Fields::of(attribute) {
        if let (ATTRIBUTE_FLOAT, FieldValue::Fixed32(value)) = field? {
            found = f32::from_le_bytes(value);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u64, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, number, content);
        bytes
    }

    fn number(field: u64, value: u8) -> Vec<u8> {
        vec![u8::try_from(field << 3).unwrap(), value]
    }

    fn node(operator: &[u8], input: &[u8], output: &[u8], more: &[u8]) -> Vec<u8> {
        let node = [
            field(NODE_INPUT, input),
            field(NODE_OUTPUT, output),
            field(NODE_OPERATOR, operator),
            more.to_vec(),
        ];
        field(GRAPH_NODE, &node.concat())
    }

    fn model(graph: &[u8], more: &[u8]) -> Vec<u8> {
        let opset = field(MODEL_OPERATOR_SET, &number(OPERATOR_SET_VERSION, 13));
        let unused = [
            field(OPERATOR_SET_DOMAIN, b"ai.onnx.ml"),
            number(OPERATOR_SET_VERSION, 2),
        ];
        let unused = field(MODEL_OPERATOR_SET, &unused.concat());
        [
            number(MODEL_IR_VERSION, 7),
            field(MODEL_GRAPH, graph),
            opset,
            unused,
            more.to_vec(),
        ]
        .concat()
    }

    fn names(outputs: &[&str]) -> Vec<String> {
        outputs.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn every_name_is_another_one_and_what_is_not_needed_is_left_out() {
        let axis = [
            field(ATTRIBUTE_NAME, b"axis"),
            vec![0x18, 1],
            vec![0xa0, 1, 2],
        ];
        let axis = field(NODE_ATTRIBUTE, &axis.concat());
        let tensor = |name: &[u8]| {
            let tensor = [number(1, 1), number(2, 1), field(TENSOR_NAME, name)];
            field(GRAPH_INITIALIZER, &tensor.concat())
        };
        let graph = [
            node(b"Gather", b"audio", b"states", &axis),
            node(b"Add", b"states", b"features", &field(NODE_INPUT, b"bias")),
            tensor(b"bias"),
            tensor(b"other"),
            field(GRAPH_INPUT, &field(VALUE_NAME, b"audio")),
            field(GRAPH_OUTPUT, &field(VALUE_NAME, b"features")),
        ]
        .concat();
        let whole = ModelGraph::of(&model(&graph, &[]), "a/", &names(&["features"])).unwrap();
        assert_eq!((whole.opset, whole.ir_version), (13, 7));
        assert_eq!(whole.domains, []);
        let [gather, add] = &whole.graph.nodes[..] else {
            panic!("{whole:?}");
        };
        assert_eq!(gather.inputs, ["a/audio"]);
        assert_eq!(
            gather.attributes,
            [("axis".to_owned(), PlainAttribute::Integer(1))]
        );
        assert_eq!(add.inputs, ["a/states", "a/bias"]);
        let [bias] = &whole.graph.tensors[..] else {
            panic!("{whole:?}");
        };
        assert_eq!(text(&bias.encoded, TENSOR_NAME).unwrap(), "a/bias");
        let part = ModelGraph::of(&model(&graph, &[]), "a/", &names(&["states"])).unwrap();
        assert_eq!(part.graph.nodes, std::slice::from_ref(gather));
        assert_eq!(part.graph.tensors, []);
    }

    #[test]
    fn graphs_within_a_graph_take_part_in_all_of_it() {
        let branch = [
            node(b"Neg", b"outer", b"inner", &[]),
            field(GRAPH_OUTPUT, &field(VALUE_NAME, b"inner")),
        ]
        .concat();
        let attribute = [
            field(ATTRIBUTE_NAME, b"then_branch"),
            field(ATTRIBUTE_GRAPH, &branch),
            vec![0xa0, 1, 5],
        ];
        let graph = [
            node(b"Abs", b"audio", b"outer", &[]),
            node(
                b"If",
                b"audio",
                b"out",
                &field(NODE_ATTRIBUTE, &attribute.concat()),
            ),
        ]
        .concat();
        let whole = ModelGraph::of(&model(&graph, &[]), "b.", &names(&["out"])).unwrap();
        // What only the inner graph takes is needed too.
        assert_eq!(whole.graph.nodes.len(), 2);
        let inner = whole.graph.nodes[1].graphs().next().unwrap();
        assert_eq!(inner.nodes[0].inputs, ["b.outer"]);
        assert_eq!(inner.outputs[0].0, "b.inner");
    }

    #[test]
    fn what_cannot_be_part_of_a_graph_is_said() {
        let function = [
            field(FUNCTION_NAME, b"Swish"),
            field(FUNCTION_DOMAIN, b"mine"),
        ];
        let function = field(MODEL_FUNCTION, &function.concat());
        let own = ModelGraph::of(&model(&[], &function), "a", &[]).unwrap_err();
        assert!(own.to_string().contains("mine::Swish"), "{own}");
        let no_model = ModelGraph::of(b"no model", "a", &[]);
        assert_eq!(no_model, Err(ModelGraphError::NotOnnx));
        let without = ModelGraph::of(&field(MODEL_GRAPH, &[]), "a", &[]);
        assert_eq!(without, Err(ModelGraphError::NoOpset));
    }
}
