//! The device of a run: which are refused, which are there, and what it does to keys.

use super::resuming::{ONE, space};
use super::workspace::Workspace;

/// A training of two epochs and its test.
pub fn trained() -> Workspace {
    let test = "[stage.test]\nkind = \"evaluate\"\nmodel = \"train\"\ninput = \"fbank\"\n";
    space(&(ONE.replace("epochs = 8", "epochs = 2") + test))
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

/// What a command prints that must end with 0.
fn printed(space: &Workspace, arguments: &[&str]) -> String {
    let output = space.pipe(arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
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
        assert!(told.contains("cpu, cuda, cuda:N such as cuda:1, or auto"));
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
    let plan = |more: &[&str]| printed(&space, &[&["plan", "one.toml"], more].concat());
    assert!(plan(&[]).contains("5 unchanged, 0 to run"));
    let told = plan(&cuda);
    assert!(
        told.contains("3 unchanged, 1 to run, 1 depending"),
        "{told}"
    );
    let why = |more: &[&str]| {
        let step = ["why", "one.toml", "--step", "train"];
        printed(&space, &[&step, more].concat())
    };
    let told = why(&cuda);
    assert!(told.contains("  device: cpu -> cuda\n"), "{told}");
    let told = why(&["--device", "cuda", "--tf32"]);
    assert!(told.contains("  device: cpu -> cuda, TF32\n"), "{told}");
    // The run names its device.
    let runs = printed(&space, &["runs", "--json"]);
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
        eprintln!("skipped: the CUDA device is no software device");
    }
    folder.map(std::path::PathBuf::from)
}

/// Failures and whole runs on a CUDA device in software, where the tests run on one.
#[cfg(feature = "cuda")]
mod in_software {
    use super::*;

    /// Runs the training on the device; gives the exit code and what was said.
    fn run(space: &Workspace, variables: &[(&str, &str)], more: &[&str]) -> (Option<i32>, String) {
        let mut command = space.command(&["run", "one.toml", "--device"]);
        command.args(more);
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told)
    }

    #[test]
    fn a_driver_or_device_that_is_not_there_is_told_before_anything_runs() {
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
    fn a_device_that_breaks_is_told_and_the_same_command_goes_on() {
        if emulator().is_none() {
            return;
        }
        let space = trained();
        let (exit, told) = run(&space, &[("EMULATED_CUDA_FAIL_LAUNCH", "300")], &["cuda"]);
        assert_eq!(exit, Some(1), "{told}");
        assert!(told.contains("device::sticky"), "{told}");
        assert!(!told.contains("panicked"), "{told}");
        let (exit, told) = run(&space, &[], &["cuda"]);
        assert_eq!(exit, Some(0), "{told}");
        let again = space.pipe(&["run", "one.toml", "--device", "cuda", "--json"]);
        assert!(again.status.success());
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
