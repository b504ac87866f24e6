//! Every recording of real corpora, where they are present.

use std::path::PathBuf;

use pipe_foundation::test_support::{corpora_folder, skipped};

use crate::audio::{AudioFormat, probe, read};

#[test]
fn every_recording_decodes() {
    let Some(root) = corpora_folder() else {
        return;
    };
    let files: Vec<PathBuf> = walkdir::WalkDir::new(&root)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            path.extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("wav"))
        })
        .collect();
    if files.is_empty() {
        skipped(format_args!("no recordings in {}", root.display()));
        return;
    }
    let mut aiff = 0;
    for path in &files {
        let info = probe(path).expect("a header");
        let waveform = read(path, None, None).expect("samples");
        assert_eq!(
            waveform.samples.len() as u64,
            info.frames,
            "{}",
            path.display()
        );
        assert!(info.duration_s() > 0.2, "{}", path.display());
        assert!(waveform.samples.iter().all(|sample| sample.abs() <= 1.0));
        aiff += usize::from(info.format == AudioFormat::Aiff);
    }
    eprintln!("{} recordings, {aiff} of them AIFF", files.len());
}
