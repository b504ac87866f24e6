//! Encoders with each kind of layer: they learn as on the processor, and utterances do not depend on each other.

use crate::layers::{Kind, REGISTERED};

use super::*;

/// The example of each kind of layer that has kernels.
pub fn examples() -> impl Iterator<Item = (usize, Vec<Layer>)> {
    let read = |kind: &Kind| (3, serde_json::from_str::<Vec<Layer>>(kind.example).unwrap());
    let runs = |(bins, layers): &(usize, Vec<Layer>)| {
        let shape = EncoderShape::new(layers, *bins).unwrap();
        shape.check_kernels().is_ok()
    };
    REGISTERED.iter().map(read).filter(runs)
}

#[test]
fn every_kind_of_layer_learns_as_on_the_processor() {
    let Some(card) = card() else { return };
    for (bins, layers) in examples() {
        let shape = EncoderShape::new(&layers, bins).unwrap();
        let data = data(bins, &FRAMES);
        let corpus = Corpus::new(&card, &data.views()).unwrap();
        for how in [hows()[1], hows()[3]] {
            let batches = &BATCHES;
            agree(&card, &shape, &data, Course { batches, how }, &corpus);
        }
    }
}

#[test]
fn an_utterance_is_classified_alike_whatever_the_others_are() {
    let Some(card) = card() else { return };
    for (bins, layers) in encoders().into_iter().chain(examples()) {
        let shape = EncoderShape::new(&layers, bins).unwrap();
        let data = data(bins, &FRAMES);
        let states = networks(&shape, &[TaskSpec::classes()]).into_iter().take(2);
        let group = Group::new(&card, states.map(TrainingState::new).collect()).unwrap();
        let views = data.views();
        let together = group
            .predict(&Corpus::on_host(views.iter().copied()))
            .unwrap();
        for (at, view) in views.iter().enumerate() {
            let alone = group.predict(&Corpus::on_host([*view])).unwrap();
            for (alone, together) in alone.iter().zip(&together) {
                for (found, expected) in
                    (alone[0].probabilities.iter()).zip(&together[at].probabilities)
                {
                    let agrees = close((*found).into(), (*expected).into(), 1.0);
                    assert!(agrees, "{layers:?} {at}: {found} {expected}");
                }
            }
        }
    }
}
