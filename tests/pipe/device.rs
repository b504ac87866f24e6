//! The device of a run: which are refused, which are there, and what it does to keys.

use super::manifests::TEST;
use super::resuming::{one, space};
use super::workspace::Workspace;

/// A training of two epochs and its test.
pub fn trained() -> Workspace {
    space(&(one().replace("epochs = 8", "epochs = 2") + TEST))
}

/// What a refused command says; it must end with 2 and make nothing.
fn refused(space: &Workspace, arguments: &[&str]) -> String {
    let output = space.pipe(arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    for folder in ["cache", "runs"] {
        assert!(!space.join(folder).exists(), "{arguments:?}: {folder}");
    }
    told
}

#[test]
#[cfg(not(feature = "cuda"))]
fn cuda_is_refused_at_once_by_a_build_without_it() {
    let space = trained();
    let told = refused(&space, &["run", "one.toml", "--device", "cuda"]);
    assert!(told.contains("device::not_built"), "{told}");
    assert!(
        told.contains("cargo build --release --features cuda"),
        "{told}"
    );
    let output = space.pipe(&["run", "one.toml", "--device", "cuda:1", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("device::not_built"), "{told}");
}

#[test]
fn a_device_that_does_not_exist_is_refused_with_what_is_expected() {
    let space = trained();
    for name in ["quantum", "cuda:", "cuda:x", "CPU"] {
        let told = refused(&space, &["run", "one.toml", "--device", name]);
        assert!(told.contains(&format!("`{name}`")), "{told}");
        assert!(told.contains("expected cpu, cuda, cuda:N such as cuda:1, a list"));
    }
}

#[test]
fn tf32_is_refused_on_the_processor() {
    let space = trained();
    for command in ["run", "plan", "why", "report"] {
        let told = refused(&space, &[command, "one.toml", "--tf32"]);
        assert!(told.contains("device::tf32"), "{told}");
        assert!(told.contains("--device cuda"), "{told}");
    }
}

#[test]
fn results_of_the_processor_are_no_results_of_cuda() {
    let space = trained();
    space.run_well("one.toml");
    #[cfg(not(feature = "cuda"))]
    for more in [&["--device", "auto"][..], &["--device", "auto", "--tf32"]] {
        let run = space.run("one.toml", more);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(run.steps(), (0, 5, 0), "{more:?}");
    }
    let cuda = ["--device", "cuda:2"];
    let plan = |more: &[&str]| space.stdout(&[&["plan", "one.toml"], more].concat());
    assert!(plan(&[]).contains("5 unchanged, 0 to run"));
    let told = plan(&cuda);
    assert!(
        told.contains("3 unchanged, 1 to run, 1 depending"),
        "{told}"
    );
    let why = |more: &[&str]| {
        let step = ["why", "one.toml", "--step", "train"];
        space.stdout(&[&step, more].concat())
    };
    let told = why(&cuda);
    assert!(told.contains("  device: cpu -> cuda\n"), "{told}");
    let told = why(&["--device", "cuda", "--tf32"]);
    assert!(told.contains("  device: cpu -> cuda, TF32\n"), "{told}");
    // The run names its device.
    let runs = space.stdout(&["runs", "--json"]);
    assert!(runs.contains("\"device\":\"cpu\""), "{runs}");
}

/// The folder of the libraries of `tests/cuda_emulator`, where the tests run with them; said aloud where they do not.
#[cfg(feature = "cuda")]
#[expect(
    clippy::disallowed_methods,
    reason = "which libraries are loaded is not in a manifest"
)]
pub fn emulator() -> Option<std::path::PathBuf> {
    let path = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
    let folder = path.split(':').find(|path| path.contains("cuda-emulator"));
    if folder.is_none() {
        pipe_foundation::test_support::skipped("the CUDA device is no software device");
    }
    folder.map(std::path::PathBuf::from)
}

/// Failures and whole runs on a CUDA device in software, where the tests run on one.
#[cfg(feature = "cuda")]
mod in_software {
    use std::collections::BTreeMap;

    use super::*;

    /// Bytes of a device on which the features of [`lean`] take more than half.
    const LITTLE: u64 = 4_500_000;
    /// Chunks that the validation of [`lean`] has more there, at most; the host reads each.
    const SMALLER_CHUNKS: u64 = 8;

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
        /// Most bytes in use.
        peak: u64,
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

    /// Runs trainings anew that must succeed on a device with so many bytes of memory; gives the files of each and what
    /// the device did.
    fn done(manifest: &str, memory: Option<u64>) -> (BTreeMap<String, Vec<u8>>, Done) {
        let space = space(manifest);
        let report = space.join("device-report");
        let bytes = memory.map(|bytes| bytes.to_string()).unwrap_or_default();
        let variables = [
            ("EMULATED_CUDA_REPORT", report.to_str().unwrap()),
            ("EMULATED_CUDA_MEMORY", &bytes),
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
            peak: number("peak"),
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
    fn products_that_no_algorithm_is_found_for_are_computed_one_by_one() {
        if emulator().is_none() {
            return;
        }
        let one_by_one = |manifest: &str| {
            let space = self::space(manifest);
            let (exit, told) = run(&space, &[("EMULATED_CUDA_ALGORITHMS", "0")], &["cuda"]);
            assert_eq!(exit, Some(0), "{told}");
            assert_eq!(told.matches("cuBLAS refused").count(), 1, "{told}");
            learned(&space)
        };
        let (usual, _) = done(&rates("abcde", 1), None);
        let found = one_by_one(&rates("abcde", 1));
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
        let (exit, told) = run(&space, &[("EMULATED_CUDA_MEMORY", "300000")], &["cuda"]);
        assert_eq!(exit, Some(1), "{told}");
        assert!(told.contains("device::out_of_memory"), "{told}");
        assert!(told.contains("batch"), "{told}");
    }
}
