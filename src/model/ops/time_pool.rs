//! Pooling over time: one vector from an utterance's own frames.

/// Mean of `rows`, each `[channels]`, into `out`; summed in the order given.
pub fn mean<'a>(rows: impl Iterator<Item = &'a [f32]>, out: &mut [f32]) {
    out.fill(0.0);
    let mut count = 0usize;
    for row in rows {
        out.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        count += 1;
    }
    let scale = 1.0 / count.max(1) as f32;
    out.iter_mut().for_each(|sum| *sum *= scale);
}

/// The gradient of each of `count` rows under a mean: `gradient / count`.
pub fn mean_backward(gradient: &[f32], count: usize, row: &mut [f32]) {
    let scale = 1.0 / count.max(1) as f32;
    row.iter_mut()
        .zip(gradient)
        .for_each(|(of_row, g)| *of_row = g * scale);
}

/// The step whose hidden state is the last of a direction: the last frame forward, the first one backward in time.
pub fn last_step(length: usize, backward_in_time: bool) -> usize {
    if backward_in_time {
        0
    } else {
        length.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_its_gradient() {
        let rows = [[1.0, 10.0], [2.0, 20.0], [6.0, 0.0]];
        let mut out = [9.0; 2];
        mean(rows.iter().map(|row| &row[..]), &mut out);
        assert_eq!(out, [3.0, 10.0]);
        let mut row = [0.0; 2];
        mean_backward(&[3.0, -6.0], 3, &mut row);
        assert_eq!(row, [1.0, -2.0]);
    }
}
