//! How work is cut.

use super::*;

const CUT: Cut = Cut {
    most_tasks: 1001,
    items_per_task: 2_000,
    units_per_device: 8,
};

fn work(name: &str, like: &str, after: &[usize]) -> Work {
    Work {
        name: name.into(),
        like: like.into(),
        title: like.into(),
        after: after.to_vec(),
        needs_all: true,
        ..Work::default()
    }
}

/// Features of `items` items; `models` trainings, each with a test; a report over all tests.
fn study(items: usize, models: usize) -> Vec<Work> {
    let mut works = vec![Work {
        items: Some(items),
        ..work("features", "items", &[])
    }];
    works.extend((0..models).map(|model| work(&format!("train {model}"), "train", &[0])));
    works.extend((0..models).map(|model| work(&format!("test {model}"), "test", &[0, 1 + model])));
    let tests: Vec<usize> = (1 + models..1 + 2 * models).collect();
    works.push(work("report", "report", &tests));
    works
}

fn cut_all(works: &[Work], how: &Cut) -> Vec<JobArray> {
    let all = (0..works.len()).collect();
    cut(works, &all, &[], &HashMap::new(), how)
}

fn kinds(array: &JobArray) -> Vec<(usize, DependencyKind)> {
    array
        .after
        .iter()
        .map(|after| (after.array, after.kind))
        .collect()
}

/// Every unit is in one task, but for shares of its items.
fn check_complete(works: &[Work], arrays: &[JobArray]) {
    let pieces = arrays
        .iter()
        .flat_map(|array| array.tasks.values().flatten());
    let mut units: Vec<usize> = pieces
        .filter(|piece| piece.share.is_none())
        .map(|piece| piece.unit)
        .collect();
    units.sort_unstable();
    assert_eq!(units, (0..works.len()).collect::<Vec<_>>());
}

#[test]
fn a_study_is_an_array_for_each_kind_of_step() {
    use DependencyKind::{AfterCorresponding, AfterOk};
    let works = study(500, 46);
    let arrays = cut_all(&works, &CUT);
    check_complete(&works, &arrays);
    let shape: Vec<(&str, usize)> = arrays
        .iter()
        .map(|array| (array.title.as_str(), array.tasks.len()))
        .collect();
    assert_eq!(
        shape,
        [("items", 1), ("train", 46), ("test", 46), ("report", 1)]
    );
    assert_eq!(kinds(&arrays[1]), [(0, AfterOk)]);
    // A test waits for its own training alone, so that another that fails keeps none from it.
    assert_eq!(kinds(&arrays[2]), [(0, AfterOk), (1, AfterCorresponding)]);
    assert_eq!(kinds(&arrays[3]), [(2, AfterOk)]);
    for task in 0..46 {
        let piece = arrays[2].tasks[&task][0];
        assert_eq!(piece.unit, arrays[1].tasks[&task][0].unit + 46);
    }
}

#[test]
fn many_items_are_shared_and_one_task_records_the_set() {
    let works = study(1_000_000, 1);
    let arrays = cut_all(&works, &CUT);
    assert_eq!(arrays[0].tasks.len(), 500);
    let shares = arrays[0]
        .tasks
        .values()
        .map(|pieces| pieces[0].share.unwrap());
    assert!(
        shares
            .enumerate()
            .all(|(number, share)| share == Share { number, of: 500 })
    );
    assert_eq!(kinds(&arrays[1]), [(0, DependencyKind::AfterOk)]);
    assert_eq!(arrays[1].tasks[&0][0].share, None);
    // What follows waits for the set.
    assert_eq!(kinds(&arrays[2]), [(1, DependencyKind::AfterOk)]);
}

#[test]
fn arrays_keep_to_what_the_scheduler_allows_and_submissions_stay_few() {
    let works = study(1_000_000, 10_000);
    let arrays = cut_all(&works, &CUT);
    check_complete(&works, &arrays);
    assert!(arrays.len() < 100, "{}", arrays.len());
    for array in &arrays {
        assert!(array.tasks.len() <= 1001);
        assert!(array.tasks.keys().all(|&task| task < 1001));
    }
    assert_eq!(arrays[2].tasks[&0].len(), 10);
}

#[test]
fn a_task_with_several_pieces_asks_for_the_time_of_all_and_the_memory_of_those_side_by_side() {
    let asked = Resources {
        cores: 2,
        memory_bytes: 1_000,
        devices: 1,
        minutes: 10,
    };
    let on_device = |model: usize| Work {
        shares_device: true,
        resources: asked,
        ..work(&format!("train {model}"), "train", &[])
    };
    let works: Vec<Work> = (0..20).map(on_device).collect();
    let arrays = cut_all(&works, &CUT);
    assert_eq!(arrays[0].tasks.len(), 3);
    let expected = Resources {
        memory_bytes: 8_000,
        ..asked
    };
    assert_eq!(arrays[0].resources, expected);
    let few = Cut {
        most_tasks: 1,
        ..CUT
    };
    let one = cut_all(&works, &few);
    assert_eq!(one[0].tasks.len(), 1);
    assert_eq!(one[0].resources.minutes, 30);
}

#[test]
fn what_depends_on_parts_of_an_array_looks_itself_whether_they_are_there() {
    use DependencyKind::{AfterAny, AfterOk};
    let mut works = study(10, 4);
    works.push(work("compared", "compare", &[5, 6]));
    works.push(Work {
        needs_all: false,
        ..work("what there is", "table", &[5, 6, 7, 8])
    });
    let arrays = cut_all(&works, &CUT);
    let of = |title: &str| {
        let mut arrays = arrays.iter();
        arrays.find(|array| array.title == title).unwrap()
    };
    assert_eq!(kinds(of("compare")), [(2, AfterAny)]);
    assert_eq!(kinds(of("table")), [(2, AfterAny)]);
    assert_eq!(kinds(of("report")), [(2, AfterOk)]);
}

#[test]
fn what_is_done_is_not_waited_for_and_what_was_handed_in_before_is() {
    use DependencyKind::{AfterAny, AfterOk};
    let works = study(10, 3);
    let first = cut_all(&works, &CUT);
    // Features are made; the second training and its test were lost, and with them the report; the others go on.
    let open: BTreeSet<usize> = [2, 5, 7].into();
    let going_on = [(1, 1, 0), (3, 1, 2), (4, 2, 0), (6, 2, 2)];
    let placed = going_on
        .map(|(unit, array, task)| (unit, Placed { array, task }))
        .into();
    let again = cut(&works, &open, &first, &placed, &CUT);
    let titles: Vec<&str> = again.iter().map(|array| array.title.as_str()).collect();
    assert_eq!(titles, ["train", "test", "report"]);
    assert_eq!(kinds(&again[0]), []);
    assert_eq!(kinds(&again[1]), [(4, AfterOk)]);
    // Of the earlier array of tests, the report waits for those that go on; the lost one is in the new array.
    assert_eq!(kinds(&again[2]), [(2, AfterAny), (5, AfterOk)]);
}

#[test]
fn a_test_whose_training_is_done_does_not_wait_for_a_task_that_there_is_not() {
    let works = study(10, 3);
    // The first training is made, its test is not.
    let open: BTreeSet<usize> = [2, 3, 4, 5, 6, 7].into();
    let arrays = cut(&works, &open, &[], &HashMap::new(), &CUT);
    for array in arrays.iter().filter(|array| array.title == "test") {
        let waits = array
            .after
            .iter()
            .any(|after| after.kind == DependencyKind::AfterCorresponding);
        let units: Vec<usize> = array
            .tasks
            .values()
            .flatten()
            .map(|piece| piece.unit)
            .collect();
        assert_eq!(waits, units != [4], "{units:?}");
    }
}
