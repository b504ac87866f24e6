//! Which models learn side by side: it must not change a bit of any.

use super::*;

/// Every model beside others, in any order and place, and one alone.
const COMPANIES: [&[usize]; 5] = [&[6, 3, 0], &[2], &[5, 1, 4, 2, 0], &[4, 6], &[7]];

#[test]
fn a_model_learns_the_same_bits_in_any_company() {
    let Some(card) = card() else { return };
    for (bins, layers) in encoders() {
        let shape = EncoderShape::new(&layers, bins).unwrap();
        let data = data(bins, &FRAMES);
        let corpus = Corpus::new(&card, &data.views()).unwrap();
        for how in [hows()[1], hows()[3]] {
            let batches = &BATCHES;
            let run = |members: &[usize]| {
                let course = Course { batches, how };
                on_device(&card, (&shape, members), &data, course, &corpus, whole)
            };
            let (expected_losses, expected) = run(&[0, 1, 2, 3, 4, 5, 6, 7]);
            for members in COMPANIES {
                let (losses, states) = run(members);
                for (place, &model) in members.iter().enumerate() {
                    let told = format!("{bins} bins, model {model} of {members:?}");
                    for (found, expected) in losses.iter().zip(&expected_losses) {
                        assert_eq!(found[place], expected[model], "{told}");
                    }
                    assert!(bits(&states[place]) == bits(&expected[model]), "{told}");
                }
            }
        }
    }
    assert_eq!(card.refused_products(), 0, "all by algorithms of cublasLt");
}
