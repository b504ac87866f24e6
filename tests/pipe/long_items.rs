//! What steps make of long recordings: neither it nor the recordings are held, and it comes out the same.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use pipe_engine::cache::items::{ItemIndex, ItemRecord};
use pipe_engine::cache::log::Log;
use pipe_foundation::Digest;

use super::long_recordings::{sparse_wav, stderr, within};
use super::workspace::{Run, Workspace};

/// Two hours, whose samples would take 460 MB, and whose features would take 115 MB.
#[test]
fn features_of_a_long_recording_take_room_for_neither_its_samples_nor_themselves() {
    let space = Workspace::with_corpus(1);
    sparse_wav(&space, "corpora/made/audio/0000.wav", 16_000, 8, 7_200);
    space.write(
        "long.toml",
        "[stage.speech]\nkind = \"ingest\"\ncorpora = [\"made\"]\nsplit = \"train\"\nmax_duration_s = 8000\n\
         [stage.fbank]\nkind = \"fbank\"\ninput = \"speech\"\nbins = 40\n",
    );
    let arguments = ["run", "long.toml", "--jobs", "1"];
    let output = within(&space, 100_000, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// What the items in the cache `cache` are, by key.
fn items_in(space: &Workspace, cache: &str) -> BTreeMap<Digest, ItemRecord> {
    let log = Log::new(space.join(&format!("{cache}/items.log")));
    let records = ItemIndex::load(&log).unwrap().into_records().into_iter();
    records
        .map(|(key, record)| match record {
            ItemRecord::Done { digest, .. } => {
                let location = None;
                (key, ItemRecord::Done { digest, location })
            }
            bad => (key, bad),
        })
        .collect()
}

/// 27 minutes, whose samples take 77 MB after resampling, and whose features take 85 MB.
#[test]
fn a_long_recording_that_is_stored_is_read_back_in_blocks_and_made_again_where_it_is_damaged() {
    let space = Workspace::with_corpus(1);
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 8,
        sample_format: hound::SampleFormat::Int,
    };
    let path = space.join("corpora/made/audio/0000.wav");
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for index in 0..16_000 * 1_600_u32 {
        let value = index.wrapping_mul(2_654_435_761) >> 24;
        writer.write_sample(value as u8 as i8 / 2).unwrap();
    }
    writer.finalize().unwrap();
    let resampled = |store| {
        format!(
            "[stage.speech]\nkind = \"ingest\"\ncorpora = [\"made\"]\nsplit = \"train\"\n\
             [stage.resampled]\nkind = \"resample\"\ninput = \"speech\"\nrate_hz = 12000\n\
             store = {store}\n"
        )
    };
    let features = "[stage.fbank]\nkind = \"fbank\"\ninput = \"resampled\"\nsample_rate_hz = 12000\n\
                    frame_shift_ms = 3.0\n";
    space.write("stored.toml", resampled(true));
    space.write("read.toml", resampled(true) + features);
    space.write("anew.toml", resampled(false) + features);
    let run = |manifest: &str, cache: &str| {
        let arguments = ["run", manifest, "--json", "--jobs", "1", "--cache", cache];
        let run = Run::of(within(&space, 100_000, &arguments));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run
    };
    run("anew.toml", "other");
    let expected = items_in(&space, "other");
    assert_eq!(run("stored.toml", "cache").items(), (2, 0));
    assert_eq!(run("read.toml", "cache").items(), (1, 2));
    assert_eq!(items_in(&space, "cache"), expected);

    std::fs::remove_dir_all(space.join("cache")).unwrap();
    run("stored.toml", "cache");
    let packs = space.join("cache/packs").read_dir().unwrap();
    let packs: Vec<_> = packs.map(|pack| pack.unwrap().path()).collect();
    assert_eq!(packs.len(), 1);
    let pack = OpenOptions::new().write(true).open(&packs[0]).unwrap();
    pack.write_all_at(&[9; 4], 40_000_000).unwrap();
    let again = run("read.toml", "cache");
    assert!(
        again.stderr.contains("1 stored item") || again.items().0 > 1,
        "{}",
        again.stderr
    );
    assert_eq!(items_in(&space, "cache"), expected);
}
