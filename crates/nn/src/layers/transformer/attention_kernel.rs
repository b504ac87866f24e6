//! Multi-head self-attention on the device: an utterance after the other, all models and heads at once.
//!
//! Scores are `[keys, queries]`, so that threads side by side take queries. Queries are taken block by block, and as many
//! models and heads at a time as their scores fit in memory; the backward pass computes the weights again.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Matrix, Memory, Pointer, Sizes, arguments, even_share};

/// Queries of a block: whichever models and utterances there are, so that rounding does not depend on them.
const BLOCK: usize = 512;
/// Values of scores in memory at a time, where those of one head are not more.
const VALUES: usize = 1 << 26;

/// The attention of all models' heads over a batch.
pub struct Attention<'a> {
    pub card: &'a Arc<Card>,
    /// First row and rows of each utterance.
    pub places: &'a [(usize, usize)],
    /// Rows of a model.
    pub rows: usize,
    pub models: usize,
    pub heads: usize,
    /// Values of a head.
    pub part: usize,
}

/// Queries, keys, values, or their gradients: `[3, models, heads, rows, part]`.
struct Projected {
    queries: Pointer,
    keys: Pointer,
    values: Pointer,
}

/// A block of queries of an utterance, and the heads that are computed together.
struct Piece {
    first: usize,
    frames: usize,
    query: usize,
    queries: usize,
    head: usize,
    count: usize,
}

impl Attention<'_> {
    /// Heads of all models.
    fn batch(&self) -> usize {
        self.models * self.heads
    }

    fn scale(&self) -> f32 {
        1.0 / (self.part as f32).sqrt()
    }

    /// Heads whose scores for an utterance of so many frames are in memory together.
    fn at_once(&self, frames: usize) -> usize {
        even_share(self.batch(), VALUES / (frames * frames.min(BLOCK)).max(1))
    }

    /// Values of the scores that are in memory at a time.
    pub fn scores(&self) -> usize {
        let of = |&(_, frames): &(usize, usize)| self.at_once(frames) * frames * frames.min(BLOCK);
        self.places.iter().map(of).max().unwrap_or(0)
    }

    /// All pieces of the work; blocks of the same heads follow each other.
    fn pieces(&self) -> impl Iterator<Item = Piece> {
        self.places.iter().flat_map(move |&(first, frames)| {
            let (batch, at_once) = (self.batch(), self.at_once(frames));
            (0..batch).step_by(at_once).flat_map(move |head| {
                (0..frames).step_by(BLOCK).map(move |query| Piece {
                    first,
                    frames,
                    query,
                    queries: BLOCK.min(frames - query),
                    head,
                    count: at_once.min(batch - head),
                })
            })
        })
    }

    fn projected(&self, start: &Memory) -> Projected {
        let length = self.batch() * self.rows * self.part;
        Projected {
            queries: start.at(0),
            keys: start.at(length),
            values: start.at(2 * length),
        }
    }

    /// Rows of the heads of a piece, from `row` of its utterance on.
    fn rows_of(&self, start: Pointer, piece: &Piece, row: usize) -> Matrix {
        let all = Matrix::new(start, self.part, self.rows * self.part);
        all.of(piece.head).after_rows(piece.first + row)
    }

    fn weights(memory: &Memory, piece: &Piece) -> Matrix {
        Matrix::new(memory.at(0), piece.queries, piece.frames * piece.queries)
    }

    fn sizes(piece: &Piece, rows: usize, inner: usize, columns: usize) -> Sizes {
        Sizes {
            rows,
            inner,
            columns,
            batch: piece.count,
        }
    }

    /// The weights of a piece `[heads, keys, queries]`.
    fn weigh(&self, own: &Projected, piece: &Piece, to: &Memory) -> Result<(), CudaError> {
        let &Piece {
            frames, queries, ..
        } = piece;
        self.card.multiply(
            "attention scores",
            Self::sizes(piece, frames, self.part, queries),
            self.rows_of(own.keys, piece, 0),
            self.rows_of(own.queries, piece, piece.query).transposed(),
            Self::weights(to, piece),
            0.0,
        )?;
        self.card.launch(
            "transformer_softmax",
            (queries, piece.count),
            arguments![of to, float self.scale(), int frames, int queries],
        )
    }

    /// The context `[models, heads, rows, part]` of what is projected.
    pub fn forward(&self, projected: &Memory) -> Result<Memory, CudaError> {
        let own = self.projected(projected);
        let weights = Memory::new(self.card, self.scores())?;
        let context = Memory::new(self.card, self.batch() * self.rows * self.part)?;
        for piece in self.pieces() {
            self.weigh(&own, &piece, &weights)?;
            self.card.multiply(
                "attention context",
                Self::sizes(&piece, piece.queries, piece.frames, self.part),
                Self::weights(&weights, &piece).transposed(),
                self.rows_of(own.values, &piece, 0),
                self.rows_of(context.at(0), &piece, piece.query),
                0.0,
            )?;
        }
        Ok(context)
    }

    /// dL/d(what is projected) from dL/d(context).
    pub fn backward(&self, projected: &Memory, of_context: &Memory) -> Result<Memory, CudaError> {
        let of_projected = Memory::new(self.card, projected.len())?;
        let (own, to) = (self.projected(projected), self.projected(&of_projected));
        let scores = self.scores();
        let weights = Memory::new(self.card, scores)?;
        let of_weights = Memory::new(self.card, scores)?;
        for piece in self.pieces() {
            let Piece {
                frames,
                query,
                queries,
                count,
                ..
            } = piece;
            // Keys and values get their gradient from every block of queries.
            let beta = if query == 0 { 0.0 } else { 1.0 };
            self.weigh(&own, &piece, &weights)?;
            let of_own_context = self.rows_of(of_context.at(0), &piece, query);
            self.card.multiply(
                "attention value gradient",
                Self::sizes(&piece, frames, queries, self.part),
                Self::weights(&weights, &piece),
                of_own_context,
                self.rows_of(to.values, &piece, 0),
                beta,
            )?;
            self.card.multiply(
                "attention weight gradient",
                Self::sizes(&piece, frames, self.part, queries),
                self.rows_of(own.values, &piece, 0),
                of_own_context.transposed(),
                Self::weights(&of_weights, &piece),
                0.0,
            )?;
            self.card.launch(
                "transformer_softmax_back",
                (queries, count),
                arguments![of of_weights, of weights, float self.scale(), int frames, int queries],
            )?;
            self.card.multiply(
                "attention query gradient",
                Self::sizes(&piece, queries, frames, self.part),
                Self::weights(&of_weights, &piece).transposed(),
                self.rows_of(own.keys, &piece, 0),
                self.rows_of(to.queries, &piece, query),
                0.0,
            )?;
            self.card.multiply(
                "attention key gradient",
                Self::sizes(&piece, frames, queries, self.part),
                Self::weights(&of_weights, &piece),
                self.rows_of(own.queries, &piece, query),
                self.rows_of(to.keys, &piece, 0),
                beta,
            )?;
        }
        Ok(of_projected)
    }
}
