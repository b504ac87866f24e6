//! Long recordings: memory follows what is held and never what a header says, and one alone can be interrupted.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use pipe_engine::cache::items::ItemIndex;
use pipe_engine::cache::log::Log;
use rustix::process::{Pid, Signal, kill_process};

use super::predicting::{MODEL, trained};
use super::resuming::read_until;
use super::workspace::{Run, Workspace, lines_of_json};

/// Writes a WAV whose samples are a hole in the file: it takes 4 KB, however long it is.
pub fn sparse_wav(space: &Workspace, name: &str, rate_hz: u32, bits: u16, seconds: u32) {
    let frame_bytes = u32::from(bits / 8);
    let bytes = rate_hz * seconds * frame_bytes;
    let mut header = b"RIFF".to_vec();
    header.extend((36 + bytes).to_le_bytes());
    header.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    header.extend(rate_hz.to_le_bytes());
    header.extend((rate_hz * frame_bytes).to_le_bytes());
    header.extend((frame_bytes as u16).to_le_bytes());
    header.extend(bits.to_le_bytes());
    header.extend(b"data");
    header.extend(bytes.to_le_bytes());
    space.write(name, header);
    let file = OpenOptions::new().write(true).open(space.join(name));
    file.unwrap().set_len(44 + u64::from(bytes)).unwrap();
}

/// Runs the binary with so many kilobytes for all that it allocates; it fails where it asks for more.
pub fn within(space: &Workspace, kilobytes: u32, arguments: &[&str]) -> Output {
    fed_within(space, kilobytes, arguments, Stdio::null())
}

/// As [`within`], with something on standard input.
fn fed_within(space: &Workspace, kilobytes: u32, arguments: &[&str], stdin: Stdio) -> Output {
    let script = format!("ulimit -d {kilobytes}; exec \"$0\" \"$@\"");
    let mut command = space.script(&script, arguments);
    // Threads have stacks, which count: as many as on a small machine. What is freed counts too where glibc keeps it, which
    // depends on which thread frees what and when, unless all large blocks are mapped.
    command
        .env("RAYON_NUM_THREADS", "2")
        .env("MALLOC_MMAP_THRESHOLD_", "262144")
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(stdin);
    command.output().unwrap()
}

/// What was written to standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn windows_of_a_recording_take_the_memory_of_a_few_windows() {
    let space = trained();
    // By whole recordings, the longer one would take 159 MB for its samples alone.
    for (name, seconds) in [("short.wav", 60), ("long.wav", 3600)] {
        sparse_wav(&space, name, 16_000, 8, seconds);
        let arguments = ["predict", MODEL, name, "--window-s", "10", "--threads", "1"];
        let output = within(&space, 100_000, &arguments);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        let rows = output.stdout.split(|byte| *byte == b'\n').count() - 2;
        assert_eq!(rows, seconds as usize / 10, "{name}");
    }
    // Out of a pipe as well: what does not fit is kept in a temporary file.
    let arguments = ["predict", MODEL, "-", "--window-s", "10", "--threads", "1"];
    let long = std::fs::File::open(space.join("long.wav")).unwrap();
    let output = fed_within(&space, 100_000, &arguments, long.into());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows = output.stdout.split(|byte| *byte == b'\n').count() - 2;
    assert_eq!(rows, 360);
}

#[test]
fn windows_that_are_cut_while_a_recording_is_read_are_those_of_short_recordings() {
    let space = trained();
    // At the rate of the model, 75 MB of samples: too many to be held.
    let (rate_hz, seconds) = (11_025, 1_700);
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let sample = |index: u32| (index.wrapping_mul(2_654_435_761) >> 18) as i16 - (1 << 13);
    let write = |name: &str, range: std::ops::Range<u32>| {
        let mut writer = hound::WavWriter::create(space.join(name), spec).unwrap();
        let mut writer16 = writer.get_i16_writer(range.len() as u32);
        range.for_each(|index| writer16.write_sample(sample(index)));
        writer16.flush().unwrap();
        writer.finalize().unwrap();
    };
    let predict = |name: &str| {
        let output = space.pipe(&["predict", MODEL, name, "--window-s", "10", "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        lines_of_json(&String::from_utf8(output.stdout).unwrap())
    };
    write("long.wav", 0..rate_hz * seconds);
    let rows = predict("long.wav");
    assert_eq!(rows.len(), seconds as usize / 10);
    for window in [0, 1, 77, 169] {
        let start = 10 * rate_hz * window;
        write("short.wav", start..start + 10 * rate_hz);
        let alone = predict("short.wav");
        let found = &rows[window as usize];
        assert_eq!(
            alone[0]["probabilities"], found["probabilities"],
            "{window}"
        );
        assert_eq!(found["start_s"], f64::from(10 * window));
    }
}

#[test]
fn a_recording_that_is_too_long_is_refused_by_its_header() {
    let space = trained();
    // Resampled to 11,025 Hz, its samples would take 2.6 GB.
    sparse_wav(&space, "long.wav", 1_000, 8, 60_000);
    space.tone("short.wav", 16_000, 0.5, 200.0);
    let arguments = ["predict", MODEL, "long.wav", "short.wav", "--threads", "1"];
    let output = within(&space, 100_000, &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    for words in [
        "long.wav: it lasts 60000.0 s, more than the 3600.0 s",
        "--window-s 3",
        "--max-duration-s",
    ] {
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    let rows = String::from_utf8_lossy(&output.stdout);
    assert!(
        rows.lines().nth(1).unwrap().starts_with("short.wav,"),
        "{rows}"
    );
    // The limit is on what is computed as one, and can be set.
    for (file, more, code) in [
        ("short.wav", &["--max-duration-s", "0.4"][..], 1),
        ("short.wav", &["--max-duration-s", "0.5"], 0),
        (
            "short.wav",
            &["--max-duration-s", "0.4", "--window-s", "0.4"],
            0,
        ),
        (
            "short.wav",
            &["--max-duration-s", "0.4", "--window-s", "9"],
            1,
        ),
        ("short.wav", &["--max-duration-s", "0"], 2),
        ("short.wav", &["--max-duration-s", "nan"], 2),
        ("long.wav", &["--window-s", "3601"], 1),
    ] {
        let output = space.pipe(&[&["predict", MODEL, file], more].concat());
        assert_eq!(
            output.status.code(),
            Some(code),
            "{more:?} {}",
            stderr(&output)
        );
    }
}

/// A run whose allocations may take so many kilobytes.
fn run_within(space: &Workspace, kilobytes: u32, more: &[&str]) -> Run {
    let arguments = [&["run", "pipe.toml", "--json", "--jobs", "1"], more].concat();
    Run::of(within(space, kilobytes, &arguments))
}

#[test]
fn a_recording_of_a_corpus_that_is_too_long_is_bad_until_the_limit_is_raised() {
    let space = Workspace::with_corpus(10);
    let all = space.run_well("pipe.toml");
    let whole = space.read("runs/pipe/count/count.txt");
    sparse_wav(&space, "corpora/made/audio/0003.wav", 1_000, 8, 60_000);
    let refused = run_within(&space, 100_000, &[]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    for words in [
        "1 of 10 items",
        "made/audio/0003: it lasts 60000.0 s, more than the 3600.0 s that `max_duration_s`",
    ] {
        assert!(refused.error().contains(words), "{}", refused.error());
    }
    let allowed = run_within(&space, 100_000, &["--set", "speech.max_bad=0.1"]);
    assert_eq!(allowed.code, Some(0), "{}", allowed.stderr);
    assert_eq!(allowed.items(), (0, 9 * 3));
    let dropped = space.read("runs/pipe/speech.max_bad=0.1/speech/dropped.tsv");
    assert!(
        dropped.contains("made/audio/0003\tit lasts 60000.0 s"),
        "{dropped}"
    );

    // A limit is not part of any key: the same items are the same results.
    space.tone("corpora/made/audio/0003.wav", 16_000, 0.3, 153.0);
    let same = space.run("pipe.toml", &["--set", "speech.max_duration_s=0.3"]);
    assert_eq!((same.code, same.steps()), (Some(0), (0, 4, 0)));
    assert_eq!(same.key("fbank"), all.key("fbank"));

    space.tone("corpora/made/audio/0003.wav", 16_000, 0.9, 153.0);
    let short = [
        "--set",
        "speech.max_duration_s=0.5",
        "--set",
        "speech.max_bad=0.1",
    ];
    let without = space.run("pipe.toml", &short);
    assert_eq!((without.code, without.items()), (Some(0), (0, 9 * 3)));
    let shorter = "runs/pipe/speech.max_bad=0.1,speech.max_duration_s=0.5/count/count.txt";
    assert_ne!(space.read(shorter), whole);
    let with = space.run("pipe.toml", &["--set", "speech.max_duration_s=0.9"]);
    assert_eq!((with.code, with.items()), (Some(0), (3, 9 * 3)));
    let longer = "runs/pipe/speech.max_duration_s=0.9/count/count.txt";
    assert_eq!(space.read(longer), whole);
    let again = space.run("pipe.toml", &short);
    assert_eq!((again.code, again.steps().0), (Some(0), 0));
}

#[test]
fn rates_that_no_recording_has_are_refused_before_anything_is_read() {
    let space = trained();
    for (name, rate_hz) in [("slow.wav", 1), ("fast.wav", 768_001)] {
        sparse_wav(&space, name, rate_hz, 8, 3_000);
        let arguments = ["predict", MODEL, name, "--threads", "1"];
        let output = within(&space, 100_000, &arguments);
        assert_eq!(output.status.code(), Some(1));
        let told = format!("{name} has a sample rate of {rate_hz} Hz; from 1000 to 768000 Hz");
        assert!(stderr(&output).contains(&told), "{}", stderr(&output));
    }
    let space = Workspace::with_corpus(10);
    sparse_wav(&space, "corpora/made/audio/0003.wav", 1, 8, 3_000);
    let run = run_within(&space, 100_000, &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let told = "made/audio/0003: the file has a sample rate of 1 Hz";
    assert!(run.error().contains(told), "{}", run.error());
}

#[test]
fn an_hour_at_the_rate_of_a_converter_has_too_many_samples() {
    let space = Workspace::with_corpus(10);
    // As 32-bit floats, its samples would take 4.9 GB.
    sparse_wav(&space, "corpora/made/audio/0003.wav", 768_000, 8, 1_600);
    for _ in 0..2 {
        let run = run_within(&space, 100_000, &[]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        let told = "made/audio/0003: it lasts 1600.0 s at 768000 Hz, more samples than";
        assert!(run.error().contains(told), "{}", run.error());
    }
    // What is refused is not remembered: another limit has its say.
    sparse_wav(&space, "corpora/made/audio/0003.wav", 768_000, 8, 3);
    let limit = |seconds: &str| format!("speech.max_duration_s={seconds}");
    let refused = space.run("pipe.toml", &["--set", &limit("10")]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let allowed = space.run("pipe.toml", &["--set", &limit("30")]);
    assert_eq!(allowed.code, Some(0), "{}", allowed.stderr);
}

#[test]
fn a_header_that_promises_more_than_the_file_has_costs_no_memory() {
    let space = trained();
    sparse_wav(&space, "lying.wav", 16_000, 8, 60);
    let mut bytes = std::fs::read(space.join("lying.wav")).unwrap();
    bytes[40..44].copy_from_slice(&0x7000_0000_u32.to_le_bytes());
    space.write("lying.wav", bytes);
    for more in [&[][..], &["--window-s", "10"]] {
        let arguments = [&["predict", MODEL, "lying.wav", "--threads", "1"], more].concat();
        let output = within(&space, 100_000, &arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("is cut short"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let space = trained();
    let made = Command::new("mkfifo").arg(space.join("fifo.wav")).status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", space.join("zero.wav")).unwrap();
    for name in ["fifo.wav", "zero.wav"] {
        let output = space.pipe(&["predict", MODEL, name]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("not a regular file"),
            "{}",
            stderr(&output)
        );
        let corpus = Workspace::with_corpus(10);
        std::fs::remove_file(corpus.join("corpora/made/audio/0003.wav")).unwrap();
        let target = space.join(name);
        let link = corpus.join("corpora/made/audio/0003.wav");
        std::os::unix::fs::symlink(target, link).unwrap();
        let run = corpus.run("pipe.toml", &[]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.error().contains("0003"), "{}", run.error());
    }
}

#[test]
fn long_recordings_are_in_flight_together_only_as_far_as_memory_allows() {
    let space = Workspace::with_corpus(6);
    // Each takes 38 MB, and 10 MB for its features: side by side they would take 290 MB.
    for index in 0..6 {
        let name = format!("corpora/made/audio/{index:04}.wav");
        sparse_wav(&space, &name, 16_000, 8, 600 + index);
    }
    let arguments = [
        "run",
        "pipe.toml",
        "--json",
        "--jobs",
        "6",
        "--memory",
        "60MB",
    ];
    let run = Run::of(within(&space, 200_000, &arguments));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.items(), (6 * 3, 0));
}

#[test]
fn the_samples_of_a_recording_are_held_once_on_their_way_to_features() {
    let space = Workspace::with_corpus(1);
    // 77 MB of samples and 19 MB of features, which are stored.
    sparse_wav(&space, "corpora/made/audio/0000.wav", 16_000, 8, 1200);
    let run = run_within(&space, 160_000, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.items(), (3, 0));
}

#[test]
fn a_signal_ends_a_run_within_one_item() {
    let space = Workspace::with_corpus(1);
    // A hundred copies of an hour take minutes.
    sparse_wav(&space, "corpora/made/audio/0000.wav", 16_000, 8, 3600);
    space.write(
        "pipe.toml",
        r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"
[stage.copies]
kind = "augment"
input = "speech"
copies = 100
snr_db = [10, 20]
noise = "pink"
"#,
    );
    let mut command = space.command_that_heeds_signals(&["run", "pipe.toml", "--json"]);
    let mut child = read_until(&mut command, |_, event| event["event"] == "step_started");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // Whatever had been made by then is kept, and the rest of the item was not waited for.
    let items = ItemIndex::load(&Log::new(space.join("cache/items.log"))).unwrap();
    assert!(items.iter().count() < 50);
}

#[test]
fn a_signal_ends_predictions_within_one_recording_and_after_a_whole_line() {
    let space = trained();
    // 30 hours by overlapping windows take minutes.
    sparse_wav(&space, "long.wav", 16_000, 8, 30 * 3600);
    let arguments = [
        "predict",
        MODEL,
        "long.wav",
        "--window-s",
        "10",
        "--hop-s",
        "0.05",
        "--json",
    ];
    let mut command = space.command_that_heeds_signals(&arguments);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    lines.read_line(&mut text).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    std::io::Read::read_to_string(&mut lines, &mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(text.ends_with('\n'));
    let rows = lines_of_json(&text).len();
    assert!((1..1_000_000).contains(&rows), "{rows} of 2,160,000");
}
