//! What a study asks of a cluster as it grows, as a table.

use std::collections::BTreeSet;

use super::trouble::Trouble;
use super::{expected, play, study};

#[test]
#[ignore = "prints the table of docs/cluster.md: benches/scale/past_one_machine.sh"]
fn a_study_that_grows_takes_few_submissions_and_one_poll_a_period() {
    println!(
        "\n| trainings | utterances | units of work | submissions | tasks | periods | polls | bytes of metadata for a unit |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (trainings, utterances) in [
        (100, 10_000),
        (1_000, 10_000),
        (10_000, 10_000),
        (10_000, 100_000),
        (10_000, 1_000_000),
    ] {
        let works = study(trainings, utterances);
        let units = works.len();
        let told = play(works.clone(), 300, Trouble::none(1));
        assert_eq!(told.settled, expected(&works, &BTreeSet::new()));
        let (submissions, polls) = (told.submissions, told.world.polls());
        assert!(submissions < 100, "{submissions}");
        assert_eq!(polls, told.turns);
        let (tasks, bytes) = (told.tasks, told.metadata_bytes / units as u64);
        println!(
            "| {trainings} | {utterances} | {units} | {submissions} | {tasks} | {} | {polls} | {bytes} |",
            told.turns
        );
    }
}
