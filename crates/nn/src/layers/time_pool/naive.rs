//! Pooling over time as its definition says: the reference of the tests.

use super::TimePool;

/// `frames` `[frames, width]` to one vector; of last states, the first `forward` values are those of the forward direction.
pub fn forward(frames: &[f64], how: TimePool, (width, forward): (usize, usize)) -> Vec<f64> {
    let count = frames.len() / width;
    let value = |frame: usize, at: usize| frames[frame * width + at];
    let pooled = |at: usize| match how {
        TimePool::Mean => (0..count).map(|frame| value(frame, at)).sum::<f64>() / count as f64,
        TimePool::LastStates if at < forward => value(count - 1, at),
        TimePool::LastStates => value(0, at),
    };
    (0..width).map(pooled).collect()
}
