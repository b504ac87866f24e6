//! How the layers of an encoder are cut into parts that run in one way.

use crate::layers::Run;
use crate::model::EncoderShape;

/// In which way a part runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Layers of frames, on shares of the batch, up to a recurrent layer or the pooling over time.
    Frames,
    /// Layers that depend on all frames of a batch, on the whole batch.
    Batch,
    /// Recurrent layers, on groups of sequences.
    Sequences,
    /// Layers after the pooling over time, on the whole batch.
    Vectors,
}

/// Layers that run one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LayerRange {
    pub(super) how: How,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The parts. The first is of frames, perhaps without a layer: it brings the features into place. A part of sequences
/// stands between two of shares, as the pooling is one of their layers.
pub(super) fn of(shape: &EncoderShape) -> Vec<LayerRange> {
    let mut parts = vec![LayerRange {
        how: How::Frames,
        from: 0,
        to: 0,
    }];
    for (index, (_, layer)) in shape.layers().enumerate() {
        let how = match layer.run() {
            Run::Frames(_) | Run::Batch(_) if index > shape.pooling() => How::Vectors,
            Run::Frames(_) => How::Frames,
            Run::Batch(_) => How::Batch,
            Run::Sequences(_) => How::Sequences,
        };
        match parts.last_mut() {
            Some(last) if last.how == how => last.to = index + 1,
            _ => parts.push(LayerRange {
                how,
                from: index,
                to: index + 1,
            }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_with_frames_and_change_with_the_way_of_running() {
        let parts = |layers: &str| -> Vec<(How, usize, usize)> {
            let layers: Vec<_> = serde_json::from_str(layers).unwrap();
            let shape = EncoderShape::new(&layers, 3).unwrap();
            let parts = of(&shape).into_iter();
            parts.map(|part| (part.how, part.from, part.to)).collect()
        };
        let pool = r#"{"layer":"time_pool","how":"mean"}"#;
        let lstm = r#"{"layer":"lstm","units":2,"layers":2}"#;
        let linear = r#"{"layer":"linear","units":2}"#;
        assert_eq!(parts(&format!("[{pool}]")), [(How::Frames, 0, 1)]);
        assert_eq!(
            parts(&format!("[{lstm},{pool},{linear}]")),
            [
                (How::Frames, 0, 0),
                (How::Sequences, 0, 2),
                (How::Frames, 2, 3),
                (How::Vectors, 3, 4)
            ]
        );
        let norm = r#"{"layer":"batch_norm"}"#;
        assert_eq!(
            parts(&format!(
                "[{norm},{norm},{lstm},{norm},{pool},{norm},{linear}]"
            )),
            [
                (How::Frames, 0, 0),
                (How::Batch, 0, 2),
                (How::Sequences, 2, 4),
                (How::Batch, 4, 5),
                (How::Frames, 5, 6),
                (How::Vectors, 6, 8)
            ]
        );
        assert_eq!(
            parts(&format!("[{linear},{lstm},{linear},{lstm},{pool}]")),
            [
                (How::Frames, 0, 1),
                (How::Sequences, 1, 3),
                (How::Frames, 3, 4),
                (How::Sequences, 4, 6),
                (How::Frames, 6, 7)
            ]
        );
    }
}
