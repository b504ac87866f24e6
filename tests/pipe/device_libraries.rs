//! A build with CUDA where libraries of CUDA are missing: what works all the same, and what is said.
//!
//! Skipped, aloud, on machines that have such libraries, or where the tests do not run with those in software.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::device::{emulator, trained};
use super::workspace::Workspace;

/// Whether the program finds a library of CUDA here without being told where.
fn installed() -> bool {
    let known = Command::new("/sbin/ldconfig").arg("-p").output();
    let known = known.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let known = known.unwrap_or_default();
    let names = ["libcuda.so.1", "libcublas.so", "libnvrtc.so"];
    let here = names.iter().any(|name| known.contains(name))
        || Path::new("/usr/local/cuda/lib64").exists();
    if here {
        pipe_foundation::test_support::skipped("libraries of CUDA are installed");
    }
    here
}

/// Runs the binary with no libraries of CUDA but those of `folder`.
fn with_libraries(space: &Workspace, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = space.command(arguments);
    command.env("LD_LIBRARY_PATH", folder);
    command.env_remove("CUDA_PATH").env_remove("CUDA_HOME");
    command.output().unwrap()
}

/// What a training says on a device that it cannot use; it must end with 2 and make nothing.
fn refused(space: &Workspace, folder: &Path, device: &str) -> String {
    let arguments = ["run", "one.toml", "--device", device];
    let output = with_libraries(space, folder, &arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    for folder in ["cache", "runs"] {
        assert!(!space.join(folder).exists(), "{folder}: {told}");
    }
    told
}

fn well(space: &Workspace, folder: &Path, arguments: &[&str]) -> String {
    let output = with_libraries(space, folder, arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with links to some of the libraries in software, each under a name.
fn linked(space: &Workspace, emulator: &Path, links: &[(&str, &str)]) -> PathBuf {
    let folder = space.join("libraries");
    std::fs::create_dir(&folder).unwrap();
    for (name, file) in links {
        symlink(emulator.join(file), folder.join(name)).unwrap();
    }
    folder
}

const DRIVER: &str = "libcuda.so.1";
const CUBLAS: &str = "libcublas.so.13";
const NVRTC: &str = "libnvrtc.so.13";

#[test]
fn without_a_driver_everything_works_but_cuda() {
    if installed() {
        return;
    }
    let space = trained();
    let nowhere = Path::new("");
    let told = refused(&space, nowhere, "cuda");
    assert!(told.contains("device::no_driver"), "{told}");
    assert!(told.contains(DRIVER), "{told}");
    assert!(told.contains("580 or newer"), "{told}");
    well(&space, nowhere, &["--version"]);
    well(&space, nowhere, &["plan", "one.toml"]);
    // The processor, whether it is taken because there is no device or because none was asked for.
    let auto = ["run", "one.toml", "--device", "auto"];
    well(&space, nowhere, &auto);
    let told = well(&space, nowhere, &["plan", "one.toml"]);
    assert!(told.contains("5 unchanged, 0 to run"), "{told}");
}

#[test]
fn a_missing_library_is_reported_before_anything_runs() {
    let Some(emulator) = emulator() else { return };
    if installed() {
        return;
    }
    for (missing, links) in [
        (CUBLAS, &[(DRIVER, DRIVER), (NVRTC, NVRTC)][..]),
        (NVRTC, &[(DRIVER, DRIVER), (CUBLAS, CUBLAS)]),
    ] {
        let space = trained();
        let folder = linked(&space, &emulator, links);
        // A device that is there is not passed over in silence.
        for device in ["cuda", "auto"] {
            let told = refused(&space, &folder, device);
            assert!(told.contains("device::no_library"), "{told}");
            assert!(told.contains(missing), "{told}");
            assert!(told.contains("LD_LIBRARY_PATH"), "{told}");
        }
        well(&space, &folder, &["plan", "one.toml", "--device", "auto"]);
    }
}

#[test]
fn a_library_without_a_function_is_reported_with_its_name() {
    let Some(emulator) = emulator() else { return };
    if installed() {
        return;
    }
    for (links, lacking) in [
        (
            [(DRIVER, DRIVER), (CUBLAS, NVRTC), (NVRTC, NVRTC)],
            "cublasCreate_v2",
        ),
        (
            [(DRIVER, DRIVER), (CUBLAS, CUBLAS), (NVRTC, DRIVER)],
            "nvrtcCreateProgram",
        ),
        ([(DRIVER, NVRTC), (CUBLAS, NVRTC), (NVRTC, NVRTC)], "cuInit"),
    ] {
        let space = trained();
        let folder = linked(&space, &emulator, &links);
        let run = ["run", "one.toml", "--device", "cuda"];
        let output = with_libraries(&space, &folder, &run);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{told}");
        assert!(told.contains(lacking), "{told}");
        assert!(!told.contains("panicked"), "{told}");
    }
}
