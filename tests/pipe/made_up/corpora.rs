//! The made-up corpora: name, language, speakers and utterances of each.

pub const TRAINING: [(&str, &str, usize, u64); 6] = [
    ("emo_db", "de", 10, 535),
    ("emovo", "it", 6, 588),
    ("epst", "en", 8, 2_420),
    ("iemocap", "en", 10, 5_531),
    ("ravdess", "en", 24, 1_440),
    ("savee", "en", 4, 480),
];
pub const UNSEEN: [(&str, &str, usize, u64); 2] =
    [("crema_d", "en", 91, 7_442), ("tess", "en", 2, 2_800)];
pub const CLASSES: [&str; 3] = ["positive", "neutral", "negative"];
pub const SHARES: [f64; 3] = [0.2, 0.2, 0.6];
