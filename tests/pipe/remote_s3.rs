//! A remote cache at a real S3 server on this machine, with signatures and puts on condition, and everything that can be in
//! the way: what is there is used, what does not come is computed, and nothing waits for long.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use pipe_foundation::test_support::skipped;

use super::fault_proxy::{Fault, FaultProxy};
use super::remote::{Person, ended_well, fetched, results};
use super::workspace::Run;

pub const ACCESS_KEY: &str = "AKIDOFTHETESTS";
pub const SECRET_KEY: &str = "secret-of-the-tests-0123456789";

/// A server with one bucket, `lab`.
pub struct S3Server {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where `.ci/install` puts the server, or where the user has it.
fn program() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/s3s-fs/bin/s3s-fs");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).map(|folder| folder.join("s3s-fs"));
    std::iter::once(own)
        .chain(folders)
        .find(|path| path.is_file())
}

impl S3Server {
    /// Starts one; none where it is not installed, which is told.
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            skipped("s3s-fs is not installed: .ci/run installs it");
            return None;
        };
        // The port may be taken between its choice and the start of the server, which ends then.
        for _ in 0..20 {
            let chosen = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = chosen.local_addr().unwrap();
            drop(chosen);
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("lab")).unwrap();
            let mut process = Command::new(&program)
                .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
                .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
                .arg(folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            while process.try_wait().unwrap().is_none() {
                if TcpStream::connect(address).is_ok() {
                    return Some(Self {
                        process,
                        address,
                        folder,
                    });
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("s3s-fs does not start");
    }

    /// Names of all objects in the bucket.
    pub fn objects(&self) -> Vec<String> {
        let root = self.folder.path().join("lab");
        let entries = walkdir::WalkDir::new(&root).into_iter().flatten();
        let files = entries.filter(|entry| entry.file_type().is_file());
        let name = |entry: walkdir::DirEntry| {
            let path = entry.path().strip_prefix(&root).unwrap();
            path.to_string_lossy().into_owned()
        };
        files
            .map(name)
            .filter(|name| !name.contains(".s3s-fs"))
            .collect()
    }
}

/// A person whose store is the bucket.
fn person() -> Person {
    Person::new(5, "remote = \"s3://lab/team\"\npatience_s = 2\n")
}

/// A command of theirs that finds the server at `address`, with this secret.
pub fn command(person: &Person, arguments: &[&str], address: SocketAddr, secret: &str) -> Command {
    let mut command = person.command(arguments);
    command
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL", format!("http://{address}"));
    command
}

fn run_at(person: &Person, address: SocketAddr) -> Run {
    let arguments = ["run", "pipe.toml", "--json"];
    ended_well(&mut command(person, &arguments, address, SECRET_KEY))
}

#[test]
fn results_go_to_a_server_and_come_back() {
    let Some(server) = S3Server::start() else {
        return;
    };
    let (first, second) = (person(), person());
    let run = run_at(&first, server.address);
    assert_eq!(run.steps(), (4, 0, 0));
    assert_eq!(run.warnings(), Vec::<&str>::new());
    let objects = server.objects();
    assert!(
        objects.iter().all(|name| name.starts_with("team/")),
        "{objects:?}"
    );
    let run = run_at(&second, server.address);
    assert_eq!((run.steps(), fetched(&run)), ((0, 4, 0), 4));
    assert_eq!(results(&second), results(&first));
    assert_eq!(server.objects(), objects);
    let mut doctor = command(&second, &["doctor"], server.address, SECRET_KEY);
    let told = String::from_utf8(doctor.output().unwrap().stdout).unwrap();
    assert!(told.contains("s3://lab/team answers in"), "{told}");
}

#[test]
fn credentials_are_in_nothing_that_is_written() {
    let Some(server) = S3Server::start() else {
        return;
    };
    let person = person();
    let mut said = Vec::new();
    // Where they are right, where they are not, and where nobody answers.
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (address, secret) in [
        (server.address, SECRET_KEY),
        (server.address, "wrong-secret-of-the-tests-98765"),
        (nobody, SECRET_KEY),
    ] {
        for arguments in [
            &["run", "pipe.toml"][..],
            &["run", "pipe.toml", "--json", "--set", "fbank.bins=20"],
            &["plan", "pipe.toml"],
            &["cache", "push", "pipe.toml"],
            &["doctor"],
            &["bundle", "export", "pipe.toml", "-o", "b.tar.zst"],
            &["show", "pipe", "--log"],
        ] {
            let output = command(&person, arguments, address, secret)
                .output()
                .unwrap();
            said.push(output.stdout);
            said.push(output.stderr);
        }
        // Nothing is remembered of the store.
        let _ = fs::remove_dir_all(person.space.join("cache/remote"));
    }
    said.extend(person.space.files("").into_values());
    let written = walkdir::WalkDir::new(server.folder.path())
        .into_iter()
        .flatten();
    let written = written.filter(|entry| entry.file_type().is_file());
    said.extend(written.map(|entry| fs::read(entry.path()).unwrap()));
    for secret in [SECRET_KEY, "wrong-secret-of-the-tests-98765", ACCESS_KEY] {
        let holds = |text: &Vec<u8>| {
            text.windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        assert!(!said.iter().any(holds), "{secret}");
    }
}

/// A run of somebody new through faults, and how it went.
fn through(server: &S3Server, fault: Fault) -> (Person, Run, usize) {
    let proxy = FaultProxy::start(server.address, fault);
    let person = person();
    let run = run_at(&person, proxy.address);
    (person, run, proxy.requests.load(Ordering::SeqCst))
}

#[test]
fn a_run_ends_well_whatever_becomes_of_the_store() {
    let Some(server) = S3Server::start() else {
        return;
    };
    let first = person();
    run_at(&first, server.address);
    for (fault, comes) in [
        (Fault::None, true),
        (Fault::NowAndThen, true),
        (Fault::Silence, false),
        (Fault::Unavailable, false),
        (Fault::Truncation, false),
        (Fault::Corruption, false),
    ] {
        let (person, run, requests) = through(&server, fault);
        assert_eq!(results(&person), results(&first), "{fault:?}");
        let steps = if comes { (0, 4, 0) } else { (4, 0, 0) };
        assert_eq!(run.steps(), steps, "{fault:?}: {:?}", run.warnings());
        let about = run
            .warnings()
            .into_iter()
            .filter(|text| text.contains("remote cache"));
        let about = about.count();
        assert_eq!(about == 0, comes, "{fault:?}: {:?}", run.warnings());
        assert!(
            about <= 2 && requests < 60,
            "{fault:?}: {requests} requests"
        );
    }
}

#[test]
fn a_store_that_is_down_or_refuses_is_told_of_once_and_left_out() {
    let Some(server) = S3Server::start() else {
        return;
    };
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let cases = [
        (nobody, SECRET_KEY),
        (server.address, "wrong-secret-of-the-tests"),
    ];
    for (address, secret) in cases {
        let person = person();
        let arguments = ["run", "pipe.toml", "--json"];
        let run = ended_well(&mut command(&person, &arguments, address, secret));
        assert_eq!(run.steps(), (4, 0, 0));
        let warnings = run.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].contains("the run goes on without it"),
            "{warnings:?}"
        );
        // The results are not lost: the next run that reaches the store sends them.
        let push = ["cache", "push", "pipe.toml"];
        let refused = command(&person, &push, address, secret).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
    }
    assert_eq!(server.objects(), Vec::<String>::new());
    let person = person();
    let mut offline = command(&person, &["run", "pipe.toml", "--json"], nobody, SECRET_KEY);
    ended_well(&mut offline);
    let run = run_at(&person, server.address);
    assert_eq!(run.steps(), (0, 4, 0));
    assert_eq!(run.events_of("remote_pushed")[0]["results"], 4);
}
