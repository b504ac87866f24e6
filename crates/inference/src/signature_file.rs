//! The signature of a model in a file: of a large one, little is read.

use std::io::{BufReader, Read, Seek};
use std::path::Path;

use pipe_foundation::regular_file::{self, FileError};

use crate::error::ModelError;
use crate::protobuf_reader::{varint, write_varint};
use crate::signature::{
    GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_NODE, GRAPH_OUTPUT, MODEL_GRAPH, NODE_OUTPUT, Signature,
    TENSOR_NAME,
};

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
    /// A file that cannot be read, or is no ONNX model.
    pub fn of_file(path: &Path) -> Result<Self, SignatureError> {
        let file = regular_file::open(path).map_err(SignatureError::File)?;
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        let mut skimming = KeptCopy {
            reader: BufReader::new(file),
            at: 0,
            kept: 0,
        };
        let skimmed = skimming.message(bytes, &MODEL);
        let skimmed = skimmed.ok_or(SignatureError::Model(ModelError::NotOnnx))?;
        Self::of(&skimmed).map_err(SignatureError::Model)
    }
}

/// What is kept of a message.
struct Kept {
    /// Fields that are kept as they are.
    whole: &'static [u64],
    /// Fields with messages of which something is kept.
    parts: &'static [(u64, Kept)],
}

const MODEL: Kept = Kept {
    whole: &[],
    parts: &[(
        MODEL_GRAPH,
        Kept {
            whole: &[GRAPH_INPUT, GRAPH_OUTPUT],
            parts: &[
                (
                    GRAPH_INITIALIZER,
                    Kept {
                        whole: &[TENSOR_NAME],
                        parts: &[],
                    },
                ),
                (
                    GRAPH_NODE,
                    Kept {
                        whole: &[NODE_OUTPUT],
                        parts: &[],
                    },
                ),
            ],
        },
    )],
};

/// Copies of a file what is kept of it.
struct KeptCopy<R> {
    reader: BufReader<R>,
    at: u64,
    kept: usize,
}

impl<R: Read + Seek> KeptCopy<R> {
    /// What is kept of a message that ends at `end`; none where it is no message, or too much would be kept.
    fn message(&mut self, end: u64, kept: &Kept) -> Option<Vec<u8>> {
        let mut copy = Vec::new();
        while self.at < end {
            let tag = self.varint(end)?;
            let number = tag >> 3;
            match tag & 7 {
                0 => drop(self.varint(end)?),
                1 => self.skip(8, end)?,
                5 => self.skip(4, end)?,
                2 => {
                    let length = self.varint(end)?;
                    let field_end = self.at.checked_add(length).filter(|&at| at <= end)?;
                    let part = kept.parts.iter().find(|(of, _)| *of == number);
                    let bytes = match part {
                        Some((_, kept)) => self.message(field_end, kept)?,
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
