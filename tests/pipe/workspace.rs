//! A temporary folder with made audio, a `corpora.toml` and manifests, and the binary to run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;

use super::manifests;

/// A folder of its own for one test.
pub struct Workspace {
    folder: tempfile::TempDir,
}

/// Trust in every folder.
pub const TRUST: &str = "folders = [\"/\"]\n";

/// The configuration of a user who trusts every manifest, since most tests write their own.
pub fn configuration() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("configuration");
        fs::create_dir_all(folder.join("pipe")).unwrap();
        fs::write(folder.join("pipe/trust.toml"), TRUST).unwrap();
        folder
    })
}

/// What a `pipe run --json` told.
pub struct Run {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Every event, in order.
    pub events: Vec<Json>,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Run {
    /// The last event.
    pub fn finished(&self) -> &Json {
        let last = self
            .events
            .last()
            .unwrap_or_else(|| panic!("no events; stderr:\n{}", self.stderr));
        assert_eq!(
            last["event"], "run_finished",
            "last event {last}; stderr:\n{}",
            self.stderr
        );
        last
    }

    /// Executed, unchanged and failed steps.
    pub fn steps(&self) -> (u64, u64, u64) {
        let steps = &self.finished()["steps"];
        let count = |name: &str| steps[name].as_u64().unwrap();
        (count("executed"), count("hit"), count("failed"))
    }

    /// Computed and reused items.
    pub fn items(&self) -> (u64, u64) {
        let items = &self.finished()["items"];
        (
            items["computed"].as_u64().unwrap(),
            items["reused"].as_u64().unwrap(),
        )
    }

    /// Ids of the steps that ran, in order.
    pub fn executed(&self) -> Vec<String> {
        self.with_status("executed")
    }

    /// Ids of the steps that ended with `status`.
    pub fn with_status(&self, status: &str) -> Vec<String> {
        self.events
            .iter()
            .filter(|event| event["event"] == "step_finished" && event["status"] == status)
            .map(|event| event["step"].as_str().unwrap().to_string())
            .collect()
    }

    /// Key of a step.
    pub fn key(&self, step: &str) -> String {
        let finished = self
            .events
            .iter()
            .find(|e| e["event"] == "step_finished" && e["step"] == step);
        finished.unwrap_or_else(|| panic!("no step {step}"))["key"]
            .as_str()
            .unwrap()
            .to_string()
    }

    /// The first event of a step that failed.
    pub fn failure(&self) -> &Json {
        let failed = self.events_of("step_failed");
        failed
            .first()
            .unwrap_or_else(|| panic!("no step failed; stderr:\n{}", self.stderr))
    }

    /// What the first step that failed says.
    pub fn error(&self) -> &str {
        self.failure()["error"].as_str().unwrap()
    }

    /// The texts of all warnings.
    pub fn warnings(&self) -> Vec<&str> {
        let warnings = self.events_of("warning").into_iter();
        warnings
            .map(|event| event["message"].as_str().unwrap())
            .collect()
    }

    /// All events called `name`.
    pub fn events_of(&self, name: &str) -> Vec<&Json> {
        self.events
            .iter()
            .filter(|event| event["event"] == name)
            .collect()
    }
}

impl Workspace {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A folder with a manifest.
    pub fn with_manifest(name: &str, text: impl AsRef<[u8]>) -> Self {
        let space = Self::new();
        space.write(name, text);
        space
    }

    /// A folder with a manifest over synthetic corpora, see [`manifests::CORPORA`].
    pub fn synthetic(name: &str, text: impl AsRef<[u8]>) -> Self {
        let space = Self::with_manifest(name, text);
        space.write("corpora.toml", manifests::CORPORA);
        space
    }

    /// A folder with `utterances` recordings of a table corpus called `made`, a second apart in pitch, of four
    /// speakers, and a manifest `pipe.toml` with the chain speech, audio, fbank.
    pub fn with_corpus(utterances: usize) -> Self {
        let space = Self::new();
        for index in 0..utterances {
            space.tone(
                &format!("corpora/made/audio/{index:04}.wav"),
                16_000,
                0.3,
                150.0 + index as f64,
            );
        }
        space.table(utterances);
        space.write("corpora.toml", manifests::MADE_CORPUS);
        space.write("pipe.toml", manifests::chain());
        space
    }

    /// Writes the corpus table for the first `utterances` recordings.
    pub fn table(&self, utterances: usize) {
        let mut table = String::from("path,speaker,gender,language,emotion\n");
        for index in 0..utterances {
            let gender = if index % 2 == 0 { "female" } else { "male" };
            let emotion = ["happy", "neutral", "sad"][index % 3];
            table.push_str(&format!(
                "audio/{index:04}.wav,s{},{gender},en,{emotion}\n",
                index % 4
            ));
        }
        self.write("corpora/made/table.csv", &table);
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file, with its folders.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Copies a program and makes it executable. A process of its own writes it: one started elsewhere in this process at
    /// that moment would inherit the file open for writing, and Linux starts no program that is ("Text file busy").
    pub fn install(&self, from: &Path, name: &str) {
        let mut command = Command::new("install");
        command.args(["-m", "755"]).arg(from).arg(self.join(name));
        assert!(command.status().unwrap().success(), "{command:?}");
    }

    /// Reads a text file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Replaces text in a file; the text must be there.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not hold {from:?}");
        self.write(name, text.replace(from, to));
    }

    /// Writes a 16-bit mono WAV with a tone and two overtones.
    pub fn tone(&self, name: &str, rate_hz: u32, seconds: f64, hertz: f64) {
        let samples = (0..(seconds * f64::from(rate_hz)) as usize).map(|index| {
            let phase = std::f64::consts::TAU * hertz * index as f64 / f64::from(rate_hz);
            let value = phase.sin() + 0.5 * (2.0 * phase).sin() + 0.25 * (3.0 * phase).sin();
            (value * 8000.0) as i16
        });
        self.write_pcm(name, rate_hz, &samples.collect::<Vec<i16>>());
    }

    /// Writes a recording with one channel of 16-bit samples.
    pub fn write_pcm(&self, name: &str, rate_hz: u32, samples: &[i16]) {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate_hz,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec).unwrap();
        for sample in samples {
            writer.write_sample(*sample).unwrap();
        }
        writer.finalize().unwrap();
    }

    /// The binary, to be run in the folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipe"));
        command.args(arguments);
        self.prepare(command)
    }

    /// As [`Workspace::command`], in a process that ignores no signal, as the tests themselves may: a run continues after
    /// signals that are ignored from its start.
    pub fn command_that_heeds_signals(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("env");
        command
            .args([
                "--default-signal=HUP,INT,QUIT,TERM",
                env!("CARGO_BIN_EXE_pipe"),
            ])
            .args(arguments);
        self.prepare(command)
    }

    /// A script of a shell, in which `"$0" "$@"` are the binary and `arguments`, to be run in the folder.
    pub fn script(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_pipe")]);
        command.args(arguments);
        self.prepare(command)
    }

    fn prepare(&self, mut command: Command) -> Command {
        command.current_dir(self.path()).stdin(Stdio::null());
        command.env("NO_COLOR", "1").env("COLUMNS", "100");
        command.env("XDG_CONFIG_HOME", configuration());
        command
    }

    /// Runs the binary to its end.
    pub fn pipe(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of the binary, which must exit with 0.
    pub fn stdout(&self, arguments: &[&str]) -> String {
        self.stdout_of_exit(arguments, 0)
    }

    /// Standard output of the binary, which must exit with `code`.
    pub fn stdout_of_exit(&self, arguments: &[&str], code: i32) -> String {
        let output = self.pipe(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Standard error of the binary in one line, whatever its exit code: warnings are there.
    pub fn warned(&self, arguments: &[&str]) -> String {
        let stderr = String::from_utf8(self.pipe(arguments).stderr).unwrap();
        stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Standard error of the binary, which must refuse what it is told: it exits with 2.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.pipe(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        stderr
    }

    /// `pipe run --json` with more arguments.
    pub fn run(&self, manifest: &str, more: &[&str]) -> Run {
        Run::of(self.pipe(&[&["run", manifest, "--json"], more].concat()))
    }

    /// `pipe run --json` that must end with 0.
    pub fn run_well(&self, manifest: &str) -> Run {
        let run = self.run(manifest, &[]);
        assert_eq!(run.code, Some(0), "{:?}\n{}", run.events, run.stderr);
        run
    }

    /// All files below `folder` with their content, by relative path.
    pub fn files(&self, folder: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
        let root = self.join(folder);
        walkdir::WalkDir::new(&root)
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let name = entry
                    .path()
                    .strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                (name, fs::read(entry.path()).unwrap())
            })
            .collect()
    }

    /// Bytes of all files below `folder`.
    pub fn bytes(&self, folder: &str) -> u64 {
        self.files(folder)
            .values()
            .map(|content| content.len() as u64)
            .sum()
    }
}

impl Run {
    /// Reads the events out of what a process wrote.
    pub fn of(output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout).unwrap();
        Self {
            code: output.status.code(),
            events: lines_of_json(&stdout),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The objects of lines of JSON.
pub fn lines_of_json(text: &str) -> Vec<Json> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
