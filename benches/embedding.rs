//! Seconds that silhouettes and a t-SNE map of embeddings take on one thread: `cargo bench --bench embedding`.

use std::time::Instant;

use pipe_foundation::Workers;
use pipe_report::eval::embedding::{Points, Tsne, silhouettes};

/// Values of an embedding of the paper's network.
const DIMENSIONS: usize = 512;

fn main() {
    let workers = Workers::new(1).expect("one thread");
    for count in [2000, 5000] {
        let values = (0..count * DIMENSIONS)
            .map(|i| ((i * 7919) % 10007) as f32 / 5000.0)
            .collect();
        let points = Points::new(DIMENSIONS, values).expect("whole points");
        let groups = (0..count).map(|i| Some(i % 7)).collect();
        let started = Instant::now();
        silhouettes(&points, &[groups], &workers, &|| false).expect("not stopped");
        println!(
            "{count} points: silhouette {:.2} s",
            started.elapsed().as_secs_f64()
        );
        let started = Instant::now();
        let map = Tsne::default().map(&points, &workers, &|| false, &|_, _| ());
        map.expect("not stopped");
        println!(
            "{count} points: map {:.2} s",
            started.elapsed().as_secs_f64()
        );
    }
}
