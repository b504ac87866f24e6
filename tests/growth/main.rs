//! What a plan costs grows with its steps and no faster: allocations are counted, which no busy machine changes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use pipe_engine::manifest::ReadOptions;
use pipe_nn::model::Devices;
use pipe_speech::corpus::Corpora;
use pipe_stages::domain::{PlanOptions, SpeechPlan};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Two stages with a variant for each of `count` values on two sides, where half of the values have one side only, and
/// a third that takes them all. The second is limited to every fourth value.
fn manifest(count: usize) -> String {
    let numbers = |step: usize| -> String {
        let numbers: Vec<String> = (0..count).step_by(step).map(|n| n.to_string()).collect();
        numbers.join(", ")
    };
    let mut text = format!(
        "[matrix]\nnumber = [{}]\nside = [\"left\", \"right\"]\n",
        numbers(1)
    );
    text.push_str("exclude = [");
    for number in (0..count).step_by(2) {
        let _ = write!(text, "{{ number = {number}, side = \"right\" }}, ");
    }
    let _ = write!(
        text,
        r#"]
[stage.one]
kind = "command"
run = "echo ${{matrix.number}} ${{matrix.side}} > {{out}}/a"
outputs = ["a"]
[stage.two]
kind = "command"
only = {{ number = [{}] }}
inputs = {{ one = "one" }}
run = "echo ${{matrix.number}} ${{matrix.side}} | cat {{one}}/a - > {{out}}/a"
outputs = ["a"]
[stage.all]
kind = "command"
inputs = {{ two = "two" }}
run = "echo > {{out}}/a"
outputs = ["a"]
"#,
        numbers(4)
    );
    text
}

/// Steps of the plan, and allocations that reading it takes.
fn read(path: &Path, text: &str) -> (Result<usize, usize>, u64) {
    std::fs::write(path, text).unwrap();
    let none = Corpora::parse("folder = \"corpora\"").unwrap();
    let options = PlanOptions {
        read: ReadOptions::default(),
        present_only: true,
        devices: Devices::default(),
        sandbox: false,
        corpora: &|_| Ok(none.clone()),
    };
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let plan = SpeechPlan::read(path, &options);
    let taken = ALLOCATIONS.load(Ordering::Relaxed) - before;
    let found = match plan {
        Ok(plan) => Ok(plan.steps.len()),
        Err(diagnostics) => Err(diagnostics.len()),
    };
    (found, taken)
}

// One test in this file: others at the same time would be counted too.
#[test]
fn plans_and_errors_of_four_times_the_variants_take_four_times_the_allocations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growth.toml");
    let (few, many) = (500, 2000);
    let (small, taken_by_few) = read(&path, &manifest(few));
    let (large, taken_by_many) = read(&path, &manifest(many));
    assert!(small.is_ok_and(|steps| steps > few), "{small:?}");
    assert!(large.is_ok_and(|steps| steps > many), "{large:?}");
    let ratio = taken_by_many as f64 / taken_by_few as f64;
    assert!(ratio < 4.4, "{ratio} times the allocations");

    // Every value is wrong somewhere, and some mistakes are in every variant.
    let wrong = |count: usize| {
        manifest(count)
            .replace("${matrix.side} >", "${matrix.sied} >")
            .replace(
                "outputs = [\"a\"]\n[stage.two]",
                "outputs = [\"${matrix.number}\"]\nmaxbad = 1\n[stage.two]",
            )
    };
    let (small, taken_by_few) = read(&path, &wrong(few));
    let (large, taken_by_many) = read(&path, &wrong(many));
    assert!(small.is_err_and(|count| count < 10), "{small:?}");
    assert_eq!(small, large);
    let ratio = taken_by_many as f64 / taken_by_few as f64;
    assert!(ratio < 4.4, "{ratio} times the allocations for errors");
}
