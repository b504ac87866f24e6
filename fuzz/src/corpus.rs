//! What holds of every listing of a corpus, and the corpora that are listed.

use std::sync::LazyLock;

use pipe_foundation::Limit;
use pipe_speech::corpus::{AudioSource, Corpora, Listing};

/// How long files of a corpus may be.
pub const FILE_BYTES: Limit = Limit {
    name: "file_bytes",
    most: 1 << 20,
};

/// The `corpora.toml` of the project.
pub fn shipped() -> &'static Corpora {
    static SHIPPED: LazyLock<Corpora> =
        LazyLock::new(|| Corpora::parse(include_str!("../../corpora.toml")).expect("it is tested"));
    &SHIPPED
}

/// Checks a listing of the corpus `name`: ids in order, each once, segments forward; their end may be that of the file.
pub fn check_listing(name: &str, listing: &Listing) {
    let ids = || listing.entries.iter().map(|entry| &entry.utterance.id);
    assert!(ids().is_sorted_by(|one, next| one < next));
    for entry in &listing.entries {
        let utterance = &entry.utterance;
        for text in [&*utterance.id, &*utterance.speaker] {
            assert!(text.starts_with(name) && !text.contains(char::is_control));
        }
        if let AudioSource::File {
            segment_s: Some((start_s, end_s)),
            ..
        } = &entry.source
        {
            assert!(*start_s >= 0.0 && start_s < end_s && start_s.is_finite());
        }
    }
    for dropped in &listing.dropped {
        assert!(!dropped.what.contains(['\n', '\t']) && !dropped.reason.contains(['\n', '\t']));
    }
}
