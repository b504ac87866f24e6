//! Failures and whole runs on a CUDA device in software, where the tests run on one.

use std::collections::BTreeMap;

use super::*;

/// Bytes of a device on which the features of [`lean`] take more than half.
const LITTLE: u64 = 4_500_000;
/// Chunks that the validation of [`lean`] has more there, at most; the host reads each.
const SMALLER_CHUNKS: u64 = 8;

/// Bytes that cuBLAS has for itself, before any model: 32 MiB on a device of compute capability 9.0.
const WORKSPACE: u64 = 32 << 20;

/// Runs the training on the device; gives the exit code and what was said.
fn run(space: &Workspace, variables: &[(&str, &str)], more: &[&str]) -> (Option<i32>, String) {
    let mut command = space.command(&["run", "one.toml", "--device"]);
    command.args(more);
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), told)
}

/// What the device did in a run.
struct Done {
    launches: u64,
    /// How often the host waited until the device had nothing left to do.
    drains: u64,
    /// Bytes copied from the host.
    copied: u64,
    /// Most bytes in use beside the workspace of cuBLAS.
    peak: u64,
    /// Calls of cuBLAS and cublasLt that compute products, and how many of them were refused.
    products: u64,
    refusals: u64,
    /// What the run said.
    told: String,
}

/// The files that trainings end with.
fn learned(space: &Workspace) -> BTreeMap<String, Vec<u8>> {
    let mut files = space.files("runs/one/train");
    files.retain(|name, _| {
        let kept = ["model.safetensors", "history.jsonl", "summary.json"];
        kept.iter().any(|kept| name.ends_with(kept))
    });
    assert!(files.len() >= 3, "{:?}", files.keys());
    files
}

/// Trainings that differ in their rate, of which each has a letter, side by side.
fn rates(letters: &str, epochs: usize) -> String {
    let rate = |letter: char| {
        let thousandths = letter as u32 - 'a' as u32 + 1;
        format!("{{ name = \"{letter}\", value = 0.00{thousandths} }}")
    };
    let rates: Vec<String> = letters.chars().map(rate).collect();
    let one = with(
        "learning_rate = 0.002",
        "learning_rate = \"${matrix.rate.value}\"",
    );
    let one = one.replace("epochs = 1", &format!("epochs = {epochs}"));
    format!("[matrix]\nrate = [{}]\n{one}", rates.join(", "))
}

/// Runs trainings anew that must succeed on a device with so many bytes of memory beside the workspace of cuBLAS; gives the files of each and what
/// the device did.
fn done(manifest: &str, memory: Option<u64>) -> (BTreeMap<String, Vec<u8>>, Done) {
    done_with("", manifest, memory)
}

/// As [`done`], with algorithms of cublasLt as the device in software is told.
fn done_with(
    algorithms: &str,
    manifest: &str,
    memory: Option<u64>,
) -> (BTreeMap<String, Vec<u8>>, Done) {
    let space = space(manifest);
    let report = space.join("device-report");
    let bytes = memory.map(|bytes| (bytes + WORKSPACE).to_string());
    let bytes = bytes.unwrap_or_default();
    let variables = [
        ("EMULATED_CUDA_REPORT", report.to_str().unwrap()),
        ("EMULATED_CUDA_MEMORY", &bytes),
        ("EMULATED_CUDA_ALGORITHMS", algorithms),
    ];
    let (exit, told) = run(&space, &variables, &["cuda"]);
    assert_eq!(exit, Some(0), "{memory:?} {told}");
    let files = learned(&space);
    let text = space.read("device-report");
    let number = |name: &str| -> u64 {
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        let found = lines.find(|(own, _)| *own == name);
        found.unwrap_or_else(|| panic!("{text}")).1.parse().unwrap()
    };
    let done = Done {
        launches: number("launches"),
        drains: number("drains"),
        copied: number("copied"),
        peak: number("peak") - WORKSPACE,
        products: number("products"),
        refusals: number("refusals"),
        told,
    };
    assert!(memory.is_none_or(|bytes| done.peak <= bytes));
    (files, done)
}

fn with(from: &str, to: &str) -> String {
    assert!(one().contains(from), "{from}");
    one().replace("epochs = 8", "epochs = 1").replace(from, to)
}

/// One epoch of a network that is small beside its features, in batches of two.
fn lean() -> String {
    let one = one();
    let heads = one.lines().find(|line| line.starts_with("heads"));
    let alpha = "alpha = { start = 0.0, end = 0.4 }\n";
    with("batch = 8", "batch = 2")
        .replace(heads.unwrap(), "")
        .replace(alpha, "")
}

#[test]
fn no_step_waits_for_the_device() {
    if emulator().is_none() {
        return;
    }
    let (_, few) = done(&with("batch = 8", "batch = 16"), None);
    let (_, many) = done(&with("batch = 8", "batch = 2"), None);
    assert!(many.launches > 4 * few.launches);
    // At the end of an epoch the host reads what was measured and what was classified.
    assert!(few.drains > 0);
    assert_eq!(many.drains, few.drains);
    // Nor where the batches bring their features along.
    let (_, resident) = done(&lean(), None);
    let (_, brought) = done(&lean(), Some(LITTLE));
    assert!(brought.peak < resident.peak);
    assert_eq!(resident.drains, few.drains);
    assert!(brought.drains <= resident.drains + SMALLER_CHUNKS);
}

#[test]
fn features_that_do_not_fit_stay_on_the_host_and_nothing_else_changes() {
    if emulator().is_none() {
        return;
    }
    // In two epochs what stays is copied once, what comes with its batches twice.
    let manifest = lean().replace("epochs = 1", "epochs = 2");
    let (expected, resident) = done(&manifest, None);
    let (found, brought) = done(&manifest, Some(LITTLE));
    assert!(found == expected, "the same files");
    let remark = "no room for all features";
    assert!(!resident.told.contains(remark), "{}", resident.told);
    assert!(brought.told.contains(remark), "{}", brought.told);
    assert!(brought.copied > resident.copied + resident.copied / 4);
    assert!(brought.peak < resident.peak);
}

#[test]
fn features_leave_the_device_where_one_model_has_too_little_memory() {
    if emulator().is_none() {
        return;
    }
    let manifest = one().replace("epochs = 8", "epochs = 1");
    let (expected, resident) = done(&manifest, None);
    // Less than the training takes with its features, which are small beside it.
    let (found, brought) = done(&manifest, Some(resident.peak / 100 * 97));
    assert!(found == expected, "the same files");
    assert!(brought.copied > resident.copied);
}

#[test]
fn models_that_do_not_fit_side_by_side_take_turns_and_learn_the_same() {
    if emulator().is_none() {
        return;
    }
    let manifest = rates("abcde", 1);
    let (expected, together) = done(&manifest, None);
    assert!(expected.len() >= 15);
    for percent in [85, 80] {
        let (found, halved) = done(&manifest, Some(together.peak / 100 * percent));
        assert!(found == expected, "the same files");
        assert!(halved.launches > together.launches + together.launches / 2);
        let remark = "of the models at once: they take turns";
        assert!(!together.told.contains(remark), "{}", together.told);
        assert_eq!(halved.told.matches(remark).count(), 1, "{}", halved.told);
    }
}

#[test]
fn a_driver_or_device_that_is_not_there_is_reported_before_anything_runs() {
    if emulator().is_none() {
        return;
    }
    for (variable, device, code) in [
        (("EMULATED_CUDA_DEVICES", "0"), "cuda", "device::no_device"),
        (("EMULATED_CUDA_INIT", "803"), "cuda", "device::no_driver"),
        (("EMULATED_CUDA_DEVICES", "2"), "cuda:2", "device::ordinal"),
    ] {
        let space = trained();
        let (exit, told) = run(&space, &[variable], &[device]);
        assert_eq!(exit, Some(2), "{told}");
        assert!(told.contains(code), "{told}");
        assert!(!space.join("cache").exists());
    }
    // Without a device, `auto` is the processor.
    let space = trained();
    let (exit, told) = run(&space, &[("EMULATED_CUDA_DEVICES", "0")], &["auto"]);
    assert_eq!(exit, Some(0), "{told}");
}

#[test]
fn a_device_that_breaks_is_reported_and_the_same_command_continues() {
    if emulator().is_none() {
        return;
    }
    let breaks = |variable: &str, launch: u64| {
        let space = trained();
        let launch = launch.to_string();
        let (exit, told) = run(&space, &[(variable, &launch)], &["cuda"]);
        assert_eq!(exit, Some(1), "{variable}={launch} {told}");
        assert!(told.contains("device::sticky"), "{launch}: {told}");
        assert!(!told.contains("panicked"), "{launch}: {told}");
        space
    };
    // Whichever call is the first to tell: another launch, a product, or memory that is given back.
    for launch in (300..380).step_by(5) {
        breaks("EMULATED_CUDA_FAIL_LATE", launch);
    }
    let space = breaks("EMULATED_CUDA_FAIL_LAUNCH", 300);
    let (exit, told) = run(&space, &[], &["cuda"]);
    assert_eq!(exit, Some(0), "{told}");
    let again = space.pipe(&["run", "one.toml", "--device", "cuda", "--json"]);
    assert!(again.status.success());
}

#[test]
fn a_study_that_is_interrupted_ends_with_the_same_bits() {
    if emulator().is_none() {
        return;
    }
    let manifest = rates("abcde", 3);
    let (expected, whole) = done(&manifest, None);
    // In the first epoch, in the middle, and where only some have written the checkpoint of their last epoch.
    for part in [8, 17, 31] {
        let space = self::space(&manifest);
        let launch = (whole.launches * part / 32).to_string();
        let (exit, told) = run(&space, &[("EMULATED_CUDA_FAIL_LAUNCH", &launch)], &["cuda"]);
        assert_eq!(exit, Some(1), "{told}");
        let (exit, told) = run(&space, &[], &["cuda"]);
        assert_eq!(exit, Some(0), "{told}");
        assert!(
            learned(&space) == expected,
            "the same files after launch {launch}"
        );
    }
    // One alone, and then the others.
    let space = self::space(&rates("c", 3));
    for manifest in [rates("c", 3), manifest] {
        space.write("one.toml", &manifest);
        let (exit, told) = run(&space, &[], &["cuda"]);
        assert_eq!(exit, Some(0), "{told}");
    }
    assert!(learned(&space) == expected, "the same files");
}

#[test]
fn products_without_an_algorithm_take_one_call_of_cublas_for_all_models() {
    if emulator().is_none() {
        return;
    }
    let (usual, with_algorithms) = done(&rates("abcde", 1), None);
    assert_eq!(with_algorithms.refusals, 0);
    let (found, without) = done_with("0", &rates("abcde", 1), None);
    let (refused, refusing) = done_with("refused", &rates("abcde", 1), None);
    for done in [&without, &refusing] {
        assert_eq!(
            done.told.matches("cuBLAS refused").count(),
            1,
            "{}",
            done.told
        );
    }
    // As many calls as ever, whatever number of models shares each.
    assert_eq!(without.products, with_algorithms.products);
    // A kind of product is refused twice at most, by class of sizes and by the very sizes; then that is known.
    assert_eq!(
        refusing.products,
        with_algorithms.products + refusing.refusals
    );
    assert!(
        refusing.refusals > 0 && refusing.refusals < with_algorithms.products / 4,
        "{} of {}",
        refusing.refusals,
        with_algorithms.products
    );
    assert!(found == refused, "both are computed by cuBLAS");
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        usual.keys().collect::<Vec<_>>()
    );
    assert!(found != usual, "other algorithms give other digits");
}

#[test]
fn too_little_memory_names_the_batch_and_what_to_lower() {
    if emulator().is_none() {
        return;
    }
    let space = trained();
    let little = (WORKSPACE + 300_000).to_string();
    let (exit, told) = run(&space, &[("EMULATED_CUDA_MEMORY", &little)], &["cuda"]);
    assert_eq!(exit, Some(1), "{told}");
    assert!(told.contains("device::out_of_memory"), "{told}");
    assert!(told.contains("batch"), "{told}");
}
