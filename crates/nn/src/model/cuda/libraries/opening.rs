//! Where the libraries of CUDA are looked for, and which of several versions are opened.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cudarc::driver::sys;
use libloading::Library;

/// CUDA versions whose libraries are known, the first choice first.
const MAJORS: [i32; 3] = [13, 12, 11];

/// A library of CUDA, which stays open as long as the process.
pub struct Opened {
    /// Its file name.
    pub name: String,
    pub library: Library,
    /// Libraries it asks for by name alone.
    _companions: Vec<Library>,
}

/// A library, or all that was tried.
pub type Found = Result<Opened, String>;

/// What the loader says of a file that it does not find.
const ABSENT: &str = "cannot open shared object file: No such file or directory";

/// The driver's library.
pub fn driver() -> &'static Found {
    static FOUND: LazyLock<Found> = LazyLock::new(|| {
        let folders = folders();
        open("libcuda.so.1", "", &folders).map_err(|tried| with_folders(&tried, &folders))
    });
    &FOUND
}

/// cuBLAS, for products of matrices.
pub fn cublas() -> &'static Found {
    &computing().0
}

/// The compiler of kernels.
pub fn nvrtc() -> &'static Found {
    &computing().1
}

/// The newest CUDA that the driver knows, as 1000 times the major version plus 10 times the minor one; none where
/// there is no driver.
pub fn driver_version() -> Option<i32> {
    let mut version = 0;
    // SAFETY: the number is written to a place for it.
    let status = unsafe { sys::cuDriverGetVersion(&raw mut version) };
    (status == sys::CUresult::CUDA_SUCCESS && version > 0).then_some(version)
}

fn computing() -> &'static (Found, Found) {
    static FOUND: LazyLock<(Found, Found)> = LazyLock::new(|| {
        let folders = folders();
        let driver = driver_version();
        let found = |part: Part, major| open(&part.file(major), &part.companion(major), &folders);
        let (cublas, nvrtc) = pair(&majors(driver), found);
        let explained = |part: Part, tried: String| {
            let there = |major: &&i32| found(part, **major).is_ok();
            let newer = driver.and_then(|version| {
                let newer = MAJORS.iter().find(|major| **major > version / 1000);
                Some((version, newer.filter(there)?))
            });
            match newer {
                Some((version, major)) => too_new(&tried, &part.file(*major), version),
                None => with_folders(&tried, &folders),
            }
        };
        (
            cublas.map_err(|tried| explained(Part::Cublas, tried)),
            nvrtc.map_err(|tried| explained(Part::Nvrtc, tried)),
        )
    });
    &FOUND
}

/// A library of the toolkit, which has the toolkit's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Cublas,
    Nvrtc,
}

impl Part {
    /// Its file name.
    fn file(self, major: i32) -> String {
        match (self, major) {
            (Self::Cublas, _) => format!("libcublas.so.{major}"),
            // The last of CUDA 11; it was named by its minor version then.
            (Self::Nvrtc, 11) => "libnvrtc.so.11.2".to_string(),
            (Self::Nvrtc, _) => format!("libnvrtc.so.{major}"),
        }
    }

    /// How the file names of libraries begin that it opens by name, in its own folder.
    fn companion(self, major: i32) -> String {
        match self {
            Self::Cublas => format!("libcublasLt.so.{major}"),
            Self::Nvrtc => format!("libnvrtc-builtins.so.{major}"),
        }
    }
}

/// The versions that the driver knows, in the order of preference: libraries of a newer one do not work with it.
fn majors(driver: Option<i32>) -> Vec<i32> {
    let suits = |major: &i32| driver.is_none_or(|version| *major <= version / 1000);
    MAJORS.into_iter().filter(suits).collect()
}

/// What to say where the library `newer` was found, but none for the driver.
fn too_new(tried: &str, newer: &str, driver: i32) -> String {
    let (major, minor) = (driver / 1000, driver % 1000 / 10);
    format!(
        "{tried}; {newer} was found, but the driver supports CUDA {major}.{minor} at most: install the libraries of CUDA \
         {major}, or a newer driver"
    )
}

/// cuBLAS and the compiler of the first version that has both; where none has, the first of each.
fn pair<T>(
    majors: &[i32],
    open: impl Fn(Part, i32) -> Result<T, String>,
) -> (Result<T, String>, Result<T, String>) {
    let mut first = (Err(String::new()), Err(String::new()));
    for &major in majors {
        let found = (open(Part::Cublas, major), open(Part::Nvrtc, major));
        if found.0.is_ok() && found.1.is_ok() {
            return found;
        }
        first = (either(first.0, found.0), either(first.1, found.1));
    }
    first
}

/// The first that was found, or what both said.
fn either<T>(one: Result<T, String>, other: Result<T, String>) -> Result<T, String> {
    match (one, other) {
        (Err(one), Err(other)) if one.is_empty() => Err(other),
        (Err(one), Err(other)) => Err(format!("{one}; {other}")),
        (Ok(found), _) | (Err(_), Ok(found)) => Ok(found),
    }
}

/// Folders that are searched after those of the loader.
fn folders() -> Vec<PathBuf> {
    let variables = ["CUDA_PATH", "CUDA_HOME"].into_iter();
    let named = variables.filter_map(env::var_os).map(PathBuf::from);
    // An empty or relative name would mean another folder wherever the program is started.
    let named = named.filter(|folder| folder.is_absolute());
    let toolkits = named.chain([PathBuf::from("/usr/local/cuda")]);
    let mut folders: Vec<PathBuf> = toolkits.map(|toolkit| toolkit.join("lib64")).collect();
    let program = env::current_exe().ok();
    folders.extend(program.and_then(|program| Some(program.parent()?.join("lib"))));
    folders
}

fn with_folders(tried: &str, folders: &[PathBuf]) -> String {
    let folders: Vec<_> = folders.iter().map(|path| path.to_string_lossy()).collect();
    format!(
        "{tried} (searched: the loader's folders, {})",
        folders.join(", ")
    )
}

/// Opens the library `name` as the loader finds it, else from the first of `folders` that has it, after all libraries
/// there whose names begin with `companion`.
fn open(name: &str, companion: &str, folders: &[PathBuf]) -> Result<Opened, String> {
    let opened = |library, companions| Opened {
        name: name.to_string(),
        library,
        _companions: companions,
    };
    let mut tried = match load(PathBuf::from(name)) {
        Ok(library) => return Ok(opened(library, Vec::new())),
        Err(reason) if reason == format!("{name}: {ABSENT}") => format!("{name} was not found"),
        Err(reason) => reason,
    };
    for folder in folders {
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        let companions = companions(folder, companion);
        match load(path) {
            Ok(library) => return Ok(opened(library, companions)),
            Err(reason) => tried = format!("{tried}; {reason}"),
        }
    }
    Err(tried)
}

/// Opens what is in `folder` under names that begin with `companion`: the loader does not look there for what a library
/// asks for by name, but takes what is already open.
fn companions(folder: &Path, companion: &str) -> Vec<Library> {
    if companion.is_empty() {
        return Vec::new();
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let begins = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(companion))
        .map(|entry| entry.path());
    // One that does not open is reported by the library that needs it.
    begins.filter_map(|path| load(path).ok()).collect()
}

fn load(path: PathBuf) -> Result<Library, String> {
    // SAFETY: code of the libraries of CUDA runs, as it would if they were linked.
    unsafe { Library::new(path) }.map_err(|error| match error {
        libloading::Error::DlOpen { source } => source.to_string(),
        error => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_that_the_driver_knows_are_opened() {
        assert_eq!(majors(None), [13, 12, 11]);
        assert_eq!(majors(Some(13_000)), [13, 12, 11]);
        assert_eq!(majors(Some(14_010)), [13, 12, 11]);
        assert_eq!(majors(Some(12_080)), [12, 11]);
        assert_eq!(majors(Some(11_040)), [11]);
        let message = too_new("libcublas.so.12 was not found", "libcublas.so.13", 12_040);
        assert!(
            message
                .contains("libcublas.so.13 was found, but the driver supports CUDA 12.4 at most")
        );
    }

    #[test]
    fn both_are_of_one_version_where_there_is_such_a_pair() {
        let among = |there: &[(Part, i32)]| {
            pair(&[13, 12, 11], |part, major| {
                let here = there.contains(&(part, major));
                here.then_some(major).ok_or_else(|| part.file(major))
            })
        };
        use Part::{Cublas, Nvrtc};
        let all = [(Cublas, 13), (Nvrtc, 13), (Cublas, 12), (Nvrtc, 12)];
        assert_eq!(among(&all), (Ok(13), Ok(13)));
        assert_eq!(among(&all[1..]), (Ok(12), Ok(12)));
        assert_eq!(among(&[all[0], all[2], all[3]]), (Ok(12), Ok(12)));
        assert_eq!(among(&[all[0], all[3]]), (Ok(13), Ok(12)));
        let names = "libnvrtc.so.13; libnvrtc.so.12; libnvrtc.so.11.2";
        assert_eq!(among(&[all[2]]), (Ok(12), Err(names.to_string())));
    }

    #[test]
    fn what_was_tried_names_the_file_and_why_it_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let name = "libpipe-of-no-such-name.so.1";
        let folders = [folder.path().to_path_buf()];
        let absent = open(name, "", &folders).err().unwrap();
        assert!(absent.contains(name), "{absent}");
        assert!(!absent.contains(';'), "{absent}");
        std::fs::write(folder.path().join(name), "no library").unwrap();
        let reason = open(name, "", &folders).err().unwrap();
        assert!(reason.starts_with(&format!("{absent}; ")), "{reason}");
        assert!(reason.contains(folder.path().to_str().unwrap()), "{reason}");
    }

    #[test]
    fn a_library_of_a_folder_is_opened_with_its_companions() {
        // Any library will do: the one of C, by a name that the loader does not know.
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let c = (maps.split_whitespace())
            .find(|word| word.contains("/libc.so") || word.contains("/libc-"))
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        for name in ["libpipe-test.so.1", "libpipe-companion.so.1.2"] {
            std::os::unix::fs::symlink(c, folder.path().join(name)).unwrap();
        }
        let folders = [PathBuf::from("/nowhere"), folder.path().to_path_buf()];
        let opened = open("libpipe-test.so.1", "libpipe-companion.so.1", &folders).unwrap();
        assert_eq!(opened.name, "libpipe-test.so.1");
        assert_eq!(opened._companions.len(), 1);
    }
}
