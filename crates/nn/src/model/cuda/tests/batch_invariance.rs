//! Which models learn side by side: it must not change a bit of any.

use super::*;

/// Every model together with others, in any order and place, and one alone.
const COMPANIES: [&[usize]; 9] = [
    &[6, 3, 0],
    &[2],
    &[5, 1, 4, 2, 0],
    &[4, 6],
    &[7],
    &[9, 8],
    &[10, 1, 9],
    &[12, 3, 13],
    &[11],
];

/// All models side by side.
const ALL: [usize; 14] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];

/// What [`on_device`] gives.
type Learned = (Vec<Vec<StepLosses>>, Vec<TrainingState>);

/// Every member's losses and bits are those it has where all are side by side.
fn as_in_the_largest(members: &[usize], found: &Learned, expected: &Learned, setting: &str) {
    for (place, &model) in members.iter().enumerate() {
        for (found, expected) in found.0.iter().zip(&expected.0) {
            assert_eq!(
                found[place], expected[model],
                "{setting}: {model} of {members:?}"
            );
        }
        let same = bits(&found.1[place]) == bits(&expected.1[model]);
        assert!(same, "{setting}: {model} of {members:?}");
    }
}

#[test]
fn a_model_learns_the_same_bits_whatever_trains_side_by_side() {
    let Some(card) = card() else { return };
    let two = encoders()
        .into_iter()
        .map(|own| (own, vec![hows()[1], hows()[3]]));
    let one = examples().map(|own| (own, vec![hows()[3]]));
    for ((bins, layers), hows) in two.chain(one) {
        let shape = EncoderShape::new(&layers, bins).unwrap();
        let data = data(bins, &FRAMES);
        let corpus = Corpus::new(&card, &data.views()).unwrap();
        for how in hows {
            let batches = &BATCHES;
            let run = |members: &[usize]| {
                let course = Course { batches, how };
                on_device(&card, (&shape, members), &data, course, &corpus, whole)
            };
            let expected = run(&ALL);
            for members in COMPANIES {
                as_in_the_largest(members, &run(members), &expected, &format!("{bins} bins"));
            }
        }
    }
    assert_eq!(card.irregular_products(), 0, "all by their sizes alone");
}

/// Sizes like those of real networks: four values are loaded at once, and with TF32 tensor cores multiply.
#[test]
fn wide_products_give_the_same_bits_whatever_trains_side_by_side_with_either_precision() {
    let layers = r#"[{"layer":"conv","channels":64,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
        {"layer":"conv","channels":64,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
        {"layer":"lstm","units":32,"bidirectional":true},
        {"layer":"time_pool","how":"last_states"}]"#;
    let layers: Vec<Layer> = serde_json::from_str(layers).unwrap();
    let shape = EncoderShape::new(&layers, 40).unwrap();
    let data = data(40, &[310, 90, 255]);
    for tf32 in [false, true] {
        let Some(card) = opened(Card::open(0, tf32)) else {
            return;
        };
        let corpus = Corpus::new(&card, &data.views()).unwrap();
        let course = Course {
            batches: &[&[2, 0], &[0, 1, 2]],
            how: hows()[0],
        };
        let run = |members: &[usize], at_once| {
            card.fix_models_at_once(at_once);
            on_device(&card, (&shape, members), &data, course, &corpus, whole)
        };
        let expected = run(&ALL, 0);
        for (members, at_once) in [(&[2][..], 0), (&[6, 3, 0], 0), (&ALL, 1), (&ALL, 3)] {
            let setting = format!("TF32 {tf32}, {at_once} at once");
            as_in_the_largest(members, &run(members, at_once), &expected, &setting);
        }
        assert_eq!(card.irregular_products(), 0, "all by their sizes alone");
        let network = networks(&shape, &data.tasks).swap_remove(0);
        let (reference, _) = on_processor(network, 0, &data, course);
        let allowed = if tf32 { 1e-2 } else { 1e-4 };
        for (found, expected) in expected.0.iter().zip(&reference) {
            let off = (found[0].total - expected.total).abs();
            assert!(off < allowed, "TF32 {tf32}: {found:?} {expected:?}");
        }
    }
}

/// Long utterances: the gradients of the convolutions' weights are summed in more phases than patches have frames.
#[test]
fn a_model_learns_the_same_bits_however_many_a_convolution_takes_at_a_time() {
    let Some(card) = card() else { return };
    let (bins, layers) = encoders().swap_remove(0);
    let shape = EncoderShape::new(&layers, bins).unwrap();
    let data = data(bins, &[310, 9, 700, 255, 480]);
    let corpus = Corpus::new(&card, &data.views()).unwrap();
    let course = Course {
        batches: &[&[3, 0, 2, 1], &[4, 2, 0]],
        how: hows()[1],
    };
    agree(&card, &shape, &data, course, &corpus);
    let run = |at_once| {
        card.fix_models_at_once(at_once);
        let (losses, states) = on_device(&card, (&shape, &ALL), &data, course, &corpus, whole);
        (losses, states.iter().map(bits).collect::<Vec<_>>())
    };
    let expected = run(0);
    for at_once in [1, 3, 7] {
        assert!(run(at_once) == expected, "{at_once} at a time");
    }
}
