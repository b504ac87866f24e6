//! An encoder layer of a transformer as its definition says: the reference of the tests.

/// `rows` `[rows, inputs]` times weight `[outputs, inputs]`, plus bias; both are taken from the front of `values`.
fn dense(values: &mut &[f64], rows: &[Vec<f64>], outputs: usize) -> Vec<Vec<f64>> {
    let inputs = rows[0].len();
    let (weight, rest) = values.split_at(outputs * inputs);
    let (bias, rest) = rest.split_at(outputs);
    *values = rest;
    let of_row = |row: &Vec<f64>| {
        let output = |o: usize| {
            let own = row.iter().zip(&weight[o * inputs..]);
            own.map(|(x, w)| x * w).sum::<f64>() + bias[o]
        };
        (0..outputs).map(output).collect()
    };
    rows.iter().map(of_row).collect()
}

fn norm(values: &[f64], rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let width = rows[0].len();
    let flat: Vec<f64> = rows.concat();
    let out = crate::layers::layer_norm::naive::forward(values, &flat, width, 1e-5);
    out.chunks(width).map(<[f64]>::to_vec).collect()
}

fn sum(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let row = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + b).collect();
    a.iter().zip(b).map(row).collect()
}

/// For each head `softmax(Q Kᵀ / sqrt(d)) V` of rows `[Q, K, V]`.
fn attention(projected: &[Vec<f64>], width: usize, heads: usize) -> Vec<Vec<f64>> {
    let part = width / heads;
    let mut out = vec![vec![0.0; width]; projected.len()];
    for head in 0..heads {
        for (query, out) in projected.iter().zip(&mut out) {
            let at = |which: usize, d: usize| which * width + head * part + d;
            let score = |key: &Vec<f64>| {
                let products = (0..part).map(|d| query[at(0, d)] * key[at(1, d)]);
                (products.sum::<f64>() / (part as f64).sqrt()).exp()
            };
            let scores: Vec<f64> = projected.iter().map(score).collect();
            let all: f64 = scores.iter().sum();
            for (value, score) in projected.iter().zip(&scores) {
                for d in 0..part {
                    out[head * part + d] += score / all * value[at(2, d)];
                }
            }
        }
    }
    out
}

/// `frames` `[frames, width]`; `values` in the order of the layer's arrays.
pub fn forward(
    values: &[f64],
    frames: &[f64],
    (width, heads, units): (usize, usize, usize),
    (norm_first, sinusoidal): (bool, bool),
) -> Vec<f64> {
    let mut x: Vec<Vec<f64>> = frames.chunks(width).map(<[f64]>::to_vec).collect();
    if sinusoidal {
        for (t, row) in x.iter_mut().enumerate() {
            for (at, value) in row.iter_mut().enumerate() {
                let pair = (at / 2 * 2) as f64;
                let angle = t as f64 / 10_000f64.powf(pair / width as f64);
                *value += if at % 2 == 0 {
                    angle.sin()
                } else {
                    angle.cos()
                };
            }
        }
    }
    let (mut values, norms) = values.split_at(values.len() - 4 * width);
    let (norm1, norm2) = norms.split_at(2 * width);
    let into = if norm_first {
        norm(norm1, &x)
    } else {
        x.clone()
    };
    let projected = dense(&mut values, &into, 3 * width);
    let context = attention(&projected, width, heads);
    let mut y = sum(&x, &dense(&mut values, &context, width));
    if !norm_first {
        y = norm(norm1, &y);
    }
    let into = if norm_first {
        norm(norm2, &y)
    } else {
        y.clone()
    };
    let mut hidden = dense(&mut values, &into, units);
    hidden.iter_mut().flatten().for_each(|v| *v = v.max(0.0));
    let mut z = sum(&y, &dense(&mut values, &hidden, width));
    if !norm_first {
        z = norm(norm2, &z);
    }
    z.concat()
}
