//! A Slurm of one node on the loopback, for one test: `tests/slurm/up.sh` starts it, and it ends with the test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::workspace::{Run, TRUST, Workspace};

/// The longest that anything of a test is waited for.
const PATIENCE: Duration = Duration::from_secs(400);

/// A Slurm with a workspace whose user has it execute steps.
pub struct LoopbackSlurm {
    /// The workspace.
    pub space: Workspace,
    folder: tempfile::TempDir,
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/slurm")
        .join(name)
}

impl LoopbackSlurm {
    /// Starts one beside `space`; none where Slurm is not installed, which is told.
    pub fn beside(space: Workspace) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let started = Command::new(script("up.sh"))
            .arg(folder.path())
            .output()
            .unwrap();
        match started.status.code() {
            Some(0) => {}
            Some(3) => {
                let said = String::from_utf8_lossy(&started.stderr).into_owned();
                pipe_foundation::test_support::skipped(said.trim());
                return None;
            }
            _ => panic!("{}", String::from_utf8_lossy(&started.stderr)),
        }
        space.write("configuration/pipe/trust.toml", TRUST);
        let slurm = Self { space, folder };
        slurm.configure("");
        Some(slurm)
    }

    /// Has the user's configuration say this of the cluster, and what the tests need.
    pub fn configure(&self, lines: &str) {
        self.space.write(
            "configuration/pipe/config.toml",
            format!("[executor]\nkind = \"slurm\"\npoll_seconds = 0.3\n{lines}\n"),
        );
    }

    /// A program with this Slurm, started in the workspace.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.space.path());
        self.prepare(command)
    }

    /// `pipe` with this Slurm, in a process that heeds signals.
    pub fn pipe(&self, arguments: &[&str]) -> Command {
        self.prepare(self.space.command_that_heeds_signals(arguments))
    }

    fn prepare(&self, mut command: Command) -> Command {
        command
            .env("SLURM_CONF", self.folder.path().join("slurm.conf"))
            .env("XDG_CONFIG_HOME", self.space.join("configuration"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// `pipe run --json` to its end.
    pub fn run(&self, manifest: &str, more: &[&str]) -> Run {
        let arguments = [&["run", manifest, "--json"], more].concat();
        Run::of(self.pipe(&arguments).output().unwrap())
    }

    /// `pipe run` that goes on beside the test.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.pipe(arguments).spawn().unwrap()
    }

    /// As [`LoopbackSlurm::start`], with standard output in a file of the workspace.
    pub fn start_into(&self, file: &str, arguments: &[&str]) -> Child {
        let output = std::fs::File::create(self.space.join(file)).unwrap();
        self.pipe(arguments).stdout(output).spawn().unwrap()
    }

    /// Standard output of a program of Slurm, which must succeed.
    pub fn says(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program, arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {output:?}"
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// The jobs that wait or are at work, as `JOB_TASK NAME STATE` each; none where nobody answers.
    pub fn jobs(&self) -> Vec<String> {
        let arguments = ["--noheader", "--array", "--format=%i %j %T"];
        let output = self.command("squeue", &arguments).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.lines().map(|line| line.trim().to_owned()).collect()
    }

    /// Waits until something is so.
    pub fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            let waited = started.elapsed();
            assert!(
                waited < PATIENCE,
                "not after {waited:?}: {what}; jobs: {:?}",
                self.jobs()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the controller, as for maintenance, and waits until it is gone.
    pub fn stop_controller(&self) {
        let pid = self.controller();
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        while Path::new("/proc").join(&pid).exists() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts the controller again.
    pub fn start_controller(&self) {
        let mut command = self.command("slurmctld", &[]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = format!("{}:/usr/sbin", path.to_string_lossy());
        // It goes on in the background, and would keep pipes open.
        command
            .env("PATH", path)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        assert!(command.status().unwrap().success());
    }

    /// The node fails, for the controller; it is back at once.
    pub fn fail_node(&self) {
        let node = self.says("sinfo", &["--noheader", "--format=%n"]);
        let node = format!("nodename={}", node.lines().next().unwrap().trim());
        let down = ["update", &node, "state=down", "reason=test"];
        self.says("scontrol", &down);
        self.wait_until("the node is back", || {
            // It may have come back by itself, which is then said to be an error.
            let back = ["update", &node, "state=resume"];
            let _ = self.command("scontrol", &back).output().unwrap();
            !self
                .says("sinfo", &["--noheader", "--format=%T"])
                .contains("down")
        });
    }

    /// Jobs of another user of the cluster take the place of all others, for a moment.
    pub fn submit_what_is_urgent(&self) {
        let options = ["--partition=urgent", "--ntasks=4", "--mem=50M"];
        let job = ["--output=/dev/null", "--job-name=urgent", "--wrap=true"];
        self.says("sbatch", &[&options[..], &job].concat());
    }

    /// Jobs that were started again wait for two minutes: they start now.
    pub fn start_delayed(&self) {
        let arguments = ["--noheader", "--array", "--states=PENDING"];
        let said = self.says("squeue", &[&arguments[..], &["--format=%F_%K %r"]].concat());
        for line in said.lines() {
            if let Some(job) = line.trim().strip_suffix(" BeginTime") {
                let job = format!("JobId={job}");
                self.says("scontrol", &["update", &job, "StartTime=now"]);
            }
        }
    }

    /// The time of the jobs called `name` that are at work is over.
    pub fn end_time(&self, name: &str) {
        for job in self.jobs() {
            if job.contains(name) && job.ends_with("RUNNING") {
                let job = format!("JobId={}", job.split(' ').next().unwrap());
                self.says("scontrol", &["update", &job, "EndTime=now"]);
            }
        }
    }

    fn controller(&self) -> String {
        let pid = std::fs::read_to_string(self.folder.path().join("slurmctld.pid")).unwrap();
        pid.trim().to_owned()
    }

    /// Numbers of the processes of jobs that do steps of the workspace.
    pub fn steps_at_work(&self) -> Vec<u32> {
        let own = self.space.path().to_string_lossy().into_owned();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_step = |number: &u32| {
            let line = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            let words: Vec<&str> = line.split('\0').collect();
            let begins = words.first().is_some_and(|first| first.ends_with("/pipe"));
            begins && words.get(1) == Some(&"step") && line.contains(&own)
        };
        numbers.filter(is_step).collect()
    }
}

/// What a process that was started beside the test has come to.
pub fn ended(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

impl Drop for LoopbackSlurm {
    fn drop(&mut self) {
        let _ = Command::new(script("down.sh"))
            .arg(self.folder.path())
            .status();
    }
}
