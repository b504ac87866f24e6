//! Columns of a table that are no features unless they are asked for, even where they hold numbers.

/// Columns that name recordings, the most telling first.
pub const NAMES: [&str; 10] = [
    "file",
    "name",
    "filename",
    "file_name",
    "id",
    "utterance",
    "utterance_id",
    "path",
    "wav",
    "audio",
];
/// Labels, times, counters and what else is known of recordings.
const OTHERS: [&str; 58] = [
    "start",
    "end",
    "frametime",
    "frameindex",
    "frame",
    "time",
    "class",
    "class_label",
    "label",
    "labels",
    "target",
    "targets",
    "y",
    "emotion",
    "emotions",
    "emotion_label",
    "emotion_name",
    "emotional_intensity",
    "intensity",
    "sentiment",
    "stress",
    "rating",
    "prediction",
    "predicted",
    "speaker",
    "spk",
    "subject",
    "actor",
    "gender",
    "sex",
    "age",
    "language",
    "accent",
    "split",
    "fold",
    "partition",
    "subset",
    "is_test",
    "is_train",
    "corpus",
    "database",
    "dataset",
    "session",
    "statement",
    "sentence",
    "repetition",
    "take",
    "channel",
    "modality",
    "valence",
    "arousal",
    "dominance",
    "text",
    "transcript",
    "transcription",
    "duration",
    "duration_s",
    "weight",
];
/// Ends of names that are no features.
const ENDS: [&str; 6] = ["_id", "_label", "_class", "_code", "_index", "_number"];
/// Names of an index, with which pandas begins the rows.
const INDICES: [&str; 4] = ["index", "row", "row_number", "level_0"];

/// Whether a column is a name, a label or an index by its name.
pub fn is_no_feature(column: &str) -> bool {
    let lower = column.trim().to_ascii_lowercase();
    let known = NAMES.iter().chain(&OTHERS).chain(&INDICES);
    lower.is_empty()
        || lower.starts_with("unnamed:")
        || known.into_iter().any(|name| *name == lower)
        || ENDS.iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_indices_are_no_features_and_descriptors_are() {
        for column in [
            "",
            "Unnamed: 0",
            "index",
            "target",
            "emotion_id",
            "fold",
            "Intensity",
            "Speaker",
        ] {
            assert!(is_no_feature(column), "{column}");
        }
        for column in [
            "F0",
            "F0semitoneFrom27.5Hz_sma3nz_amean",
            "feature_0",
            "0",
            "loudness",
        ] {
            assert!(!is_no_feature(column), "{column}");
        }
    }
}
