//! The signature of a model in a file: of a large one, little is read.

use std::io::{BufReader, Read, Seek};
use std::path::Path;

use pipe_foundation::regular_file::{self, FileError};

use crate::error::ModelError;
use crate::external_data::DEEPEST;
use crate::onnx_fields::{
    ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS, ATTRIBUTE_SPARSE_TENSOR, ATTRIBUTE_SPARSE_TENSORS,
    ATTRIBUTE_TENSOR, ATTRIBUTE_TENSORS, FUNCTION_NODE, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_NODE,
    GRAPH_OUTPUT, GRAPH_SPARSE_INITIALIZER, MODEL_FUNCTION, MODEL_GRAPH, NODE_ATTRIBUTE,
    NODE_OUTPUT, SPARSE_INDICES, SPARSE_VALUES, TENSOR_DATA_LOCATION, TENSOR_EXTERNAL_DATA,
    TENSOR_NAME,
};
use crate::protobuf_reader::{varint, write_varint};
use crate::signature::Signature;

/// What is kept of a file at most: names and shapes of a large model take some hundred kilobytes.
const MOST_KEPT_BYTES: usize = 16 << 20;

/// Why a file has no signature.
#[derive(Debug)]
pub enum SignatureError {
    /// It cannot be read.
    File(FileError),
    /// It is no model.
    Model(ModelError),
}

impl Signature {
    /// That of the model in a file; its weights are passed over.
    ///
    /// # Errors
    /// A file that cannot be read, is no ONNX model, or one with tensors in other files.
    pub fn of_file(path: &Path) -> Result<Self, SignatureError> {
        let file = regular_file::open(path).map_err(SignatureError::File)?;
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        let mut skimming = KeptCopy {
            reader: BufReader::new(file),
            at: 0,
            kept: 0,
        };
        let skimmed = skimming.message(bytes, &MODEL, 0);
        let skimmed = skimmed.ok_or(SignatureError::Model(ModelError::NotOnnx))?;
        Self::of(&skimmed).map_err(SignatureError::Model)
    }
}

/// What is kept of a message.
struct Kept {
    /// Fields that are kept as they are.
    whole: &'static [u64],
    /// Fields with messages of which something is kept.
    parts: &'static [(u64, &'static Kept)],
}

static MODEL: Kept = Kept {
    whole: &[],
    parts: &[(MODEL_GRAPH, &GRAPH), (MODEL_FUNCTION, &FUNCTION)],
};

static FUNCTION: Kept = Kept {
    whole: &[],
    parts: &[(FUNCTION_NODE, &NODE)],
};

static GRAPH: Kept = Kept {
    whole: &[GRAPH_INPUT, GRAPH_OUTPUT],
    parts: &[
        (GRAPH_INITIALIZER, &TENSOR),
        (GRAPH_SPARSE_INITIALIZER, &SPARSE),
        (GRAPH_NODE, &NODE),
    ],
};

/// Of the attributes of nodes, only what tells whether a tensor is in another file.
static NODE: Kept = Kept {
    whole: &[NODE_OUTPUT],
    parts: &[(NODE_ATTRIBUTE, &ATTRIBUTE)],
};

static ATTRIBUTE: Kept = Kept {
    whole: &[],
    parts: &[
        (ATTRIBUTE_TENSOR, &TENSOR),
        (ATTRIBUTE_TENSORS, &TENSOR),
        (ATTRIBUTE_SPARSE_TENSOR, &SPARSE),
        (ATTRIBUTE_SPARSE_TENSORS, &SPARSE),
        (ATTRIBUTE_GRAPH, &GRAPH),
        (ATTRIBUTE_GRAPHS, &GRAPH),
    ],
};

static SPARSE: Kept = Kept {
    whole: &[],
    parts: &[(SPARSE_VALUES, &TENSOR), (SPARSE_INDICES, &TENSOR)],
};

static TENSOR: Kept = Kept {
    whole: &[TENSOR_NAME, TENSOR_EXTERNAL_DATA, TENSOR_DATA_LOCATION],
    parts: &[],
};

/// Copies of a file what is kept of it.
struct KeptCopy<R> {
    reader: BufReader<R>,
    at: u64,
    kept: usize,
}

impl<R: Read + Seek> KeptCopy<R> {
    /// What is kept of a message that ends at `end`; none where it is no message, or too much would be kept.
    fn message(&mut self, end: u64, kept: &Kept, depth: usize) -> Option<Vec<u8>> {
        if depth > DEEPEST {
            return None;
        }
        let mut copy = Vec::new();
        while self.at < end {
            let tag = self.varint(end)?;
            let number = tag >> 3;
            match tag & 7 {
                0 => {
                    let value = self.varint(end)?;
                    if kept.whole.contains(&number) {
                        write_varint(&mut copy, tag);
                        write_varint(&mut copy, value);
                    }
                }
                1 => self.skip(8, end)?,
                5 => self.skip(4, end)?,
                2 => {
                    let length = self.varint(end)?;
                    let field_end = self.at.checked_add(length).filter(|&at| at <= end)?;
                    let part = kept.parts.iter().find(|(of, _)| *of == number);
                    let bytes = match part {
                        Some((_, kept)) => self.message(field_end, kept, depth + 1)?,
                        None if kept.whole.contains(&number) => self.bytes(length)?,
                        None => {
                            self.skip(length, end)?;
                            continue;
                        }
                    };
                    write_varint(&mut copy, tag);
                    write_varint(&mut copy, bytes.len() as u64);
                    copy.extend(bytes);
                }
                _ => return None,
            }
        }
        (self.at == end).then_some(copy)
    }

    fn varint(&mut self, end: u64) -> Option<u64> {
        varint(|| {
            if self.at >= end {
                return None;
            }
            let mut byte = [0];
            self.reader.read_exact(&mut byte).ok()?;
            self.at += 1;
            Some(byte[0])
        })
    }

    fn bytes(&mut self, length: u64) -> Option<Vec<u8>> {
        let length = usize::try_from(length).ok()?;
        self.kept = self
            .kept
            .checked_add(length)
            .filter(|&kept| kept <= MOST_KEPT_BYTES)?;
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes).ok()?;
        self.at += length as u64;
        Some(bytes)
    }

    fn skip(&mut self, length: u64, end: u64) -> Option<()> {
        self.at = self.at.checked_add(length).filter(|&at| at <= end)?;
        self.reader.seek_relative(i64::try_from(length).ok()?).ok()
    }
}
