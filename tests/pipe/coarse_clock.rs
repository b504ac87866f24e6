//! Files on a file system that counts in whole seconds: no rewrite is missed, and mounting again reads nothing again.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::workspace::Workspace;

/// A file system with times in whole seconds, in a file; gone when dropped.
struct Coarse {
    image: PathBuf,
    folder: PathBuf,
}

impl Coarse {
    /// Makes and mounts one; none where that is not allowed.
    fn mount(image: PathBuf, folder: PathBuf) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let file = fs::File::create(&image).unwrap();
        file.set_len(4 << 20).unwrap();
        let small_inodes = ["-q", "-t", "ext2", "-I", "128"];
        let made = run("mke2fs", &small_inodes, &[&image]);
        let disk = Self { image, folder };
        if made && disk.attach() {
            return Some(disk);
        }
        pipe_foundation::test_support::skipped("file systems cannot be mounted here");
        None
    }

    fn attach(&self) -> bool {
        run("mount", &["-o", "loop"], &[&self.image, &self.folder])
    }

    fn detach(&self) {
        run("umount", &["-d"], &[&self.folder]);
    }
}

impl Drop for Coarse {
    fn drop(&mut self) {
        self.detach();
    }
}

fn run(program: &str, options: &[&str], paths: &[&Path]) -> bool {
    let output = Command::new(program).args(options).args(paths).output();
    output.is_ok_and(|output| output.status.success())
}

/// A program that copies a file on such a file system.
const COPY: &str = r#"
[stage.copy]
kind = "command"
files = ["disk/data.txt"]
run = "cp disk/data.txt {out}/data.txt"
outputs = ["data.txt"]
"#;

/// What is compared of a file.
fn look(path: &Path) -> [i64; 6] {
    let found = path.metadata().unwrap();
    [
        found.ino() as i64,
        found.size() as i64,
        found.mtime(),
        found.mtime_nsec(),
        found.ctime(),
        found.ctime_nsec(),
    ]
}

#[test]
fn a_rewrite_within_the_same_second_is_noticed() {
    let space = Workspace::with_manifest("pipe.toml", COPY);
    let Some(_disk) = Coarse::mount(space.join("image"), space.join("disk")) else {
        return;
    };
    let data = space.join("disk/data.txt");
    let mut seen = 0;
    // On a busy machine a run seldom fits into a second with both writings.
    for attempt in 0..200 {
        fs::write(&data, format!("{attempt:03} before")).unwrap();
        let before = look(&data);
        assert_eq!((before[3], before[5]), (0, 0), "times finer than seconds");
        space.run_well("pipe.toml");
        let wanted = format!("{attempt:03} behind");
        fs::write(&data, &wanted).unwrap();
        if look(&data) != before {
            continue;
        }
        space.run_well("pipe.toml");
        assert_eq!(space.read("runs/pipe/copy/data.txt"), wanted);
        seen += 1;
        if seen == 3 {
            return;
        }
    }
    pipe_foundation::test_support::skipped("no run fits into a second here");
}

#[test]
fn mounting_again_reads_nothing_again() {
    let space = Workspace::with_manifest("pipe.toml", COPY);
    let Some(disk) = Coarse::mount(space.join("image"), space.join("disk")) else {
        return;
    };
    space.write("disk/data.txt", "data");
    let remembered = || fs::read(space.join("cache/files.log")).unwrap();
    space.run_well("pipe.toml");
    std::thread::sleep(Duration::from_millis(2100));
    space.run_well("pipe.toml");
    let trusted = remembered();
    space.run_well("pipe.toml");
    assert!(remembered() == trusted, "read again without a reason");
    let device = || space.join("disk").metadata().unwrap().dev();
    let before = device();
    disk.detach();
    // Takes the number that the first one had.
    let Some(_other) = Coarse::mount(space.join("other"), space.join("elsewhere")) else {
        return;
    };
    assert!(disk.attach());
    if device() == before {
        return pipe_foundation::test_support::skipped("the file system has the same number again");
    }
    space.run_well("pipe.toml");
    assert!(remembered() == trusted, "read again after mounting");
}
