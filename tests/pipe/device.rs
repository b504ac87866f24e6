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

#[cfg(feature = "cuda")]
mod in_software;
