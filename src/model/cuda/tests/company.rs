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
        let members = &[0, 1, 2, 3, 4, 5, 6, 7];
        let (losses, states) = on_device(&card, (&shape, members), &data, course, &corpus, whole);
        (losses, states.iter().map(bits).collect::<Vec<_>>())
    };
    let expected = run(0);
    for at_once in [1, 3, 7] {
        assert!(run(at_once) == expected, "{at_once} at a time");
    }
}
