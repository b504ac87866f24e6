//! Steps of every kind of task on the device and on the processor, and what the networks then predict.

use crate::model::Predictor;

use super::*;

fn read(tasks: &str) -> Vec<TaskSpec> {
    serde_json::from_str(tasks).unwrap()
}

/// Classes by each loss, numbers by each loss, and both.
fn kinds() -> Vec<Vec<TaskSpec>> {
    vec![
        read(r#"[{"task":"emotion","loss":"cross_entropy","label_smoothing":0.2}]"#),
        read(r#"[{"task":"emotion","loss":"focal","gamma":1.5}]"#),
        read(r#"[{"task":"arousal","loss":"ccc"}]"#),
        read(r#"[{"task":"arousal","loss":"mse","weight":2},{"task":"valence","loss":"mae"}]"#),
        read(
            r#"[{"task":"arousal","loss":"ccc","weight":0.5},{"task":"emotion","loss":"cross_entropy"},
            {"task":"valence","loss":"mse"}]"#,
        ),
    ]
}

#[test]
fn steps_of_every_kind_of_task_agree_with_the_processor_and_do_not_depend_on_other_models() {
    let Some(card) = card() else { return };
    let (bins, layers) = encoders().swap_remove(2);
    let shape = EncoderShape::new(&layers, bins).unwrap();
    for (tasks, how) in kinds().into_iter().zip(hows().into_iter().cycle()) {
        let mut data = data(bins, &FRAMES);
        data.tasks = tasks;
        // Rows of shares, one of which is not known.
        let row = |at: usize| match at {
            4 => Vec::new(),
            at => vec![0.5, 0.125 * (at % 4) as f32, 0.5 - 0.125 * (at % 4) as f32],
        };
        let rows: Vec<_> = (0..FRAMES.len()).map(row).collect();
        for shares in [None, Some(rows)] {
            data.shares = shares;
            let corpus = Corpus::new(&card, &data.views()).unwrap();
            let batches = &BATCHES;
            let course = Course { batches, how };
            agree(&card, &shape, &data, course, &corpus);
            let run = |members: &[usize]| {
                on_device(&card, (&shape, members), &data, course, &corpus, whole)
            };
            let (losses, states) = run(&[0, 1, 2, 3, 4, 5, 6, 7]);
            let (alone, state) = run(&[5]);
            for (step, alone) in losses.iter().zip(&alone) {
                assert_eq!(step[5], alone[0]);
            }
            assert!(bits(&states[5]) == bits(&state[0]));
        }
    }
}

#[test]
fn networks_with_and_without_classes_predict_as_on_the_processor() {
    let Some(card) = card() else { return };
    let (bins, layers) = encoders().swap_remove(0);
    let shape = EncoderShape::new(&layers, bins).unwrap();
    let mut data = data(bins, &FRAMES);
    for tasks in kinds() {
        data.tasks = tasks;
        let networks = networks(&shape, &data.tasks);
        let states = networks.iter().cloned().map(TrainingState::new).collect();
        let group = Group::new(&card, states).unwrap();
        let views = data.views();
        let found = group.predict(&Corpus::on_host(views.clone())).unwrap();
        for (network, found) in networks.iter().zip(found) {
            let expected = Predictor::new(network, 1).unwrap().predict(&views).unwrap();
            for (found, expected) in found.iter().zip(&expected) {
                let values = |output: &crate::model::Outputs| -> Vec<f32> {
                    let all = output.probabilities.iter().chain(&output.numbers);
                    all.copied().collect()
                };
                let (found, expected) = (values(found), values(expected));
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.into_iter().zip(expected) {
                    assert!(
                        close(found.into(), expected.into(), 1.0),
                        "{found} {expected}"
                    );
                }
            }
        }
    }
}
