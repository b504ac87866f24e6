//! The extensions of audio files.

/// Extensions of audio files in lower case. What is inside decides how one is read; those of formats that are not read are
/// among them, so that nobody takes a folder of such files for an empty one.
const EXTENSIONS: [&str; 25] = [
    "wav", "wave", "bwf", "rf64", "w64", "aif", "aiff", "aifc", "sph", "nist", "flac", "mp3",
    "ogg", "oga", "m4a", "mp4", "mov", "aac", "opus", "wma", "au", "snd", "caf", "amr", "webm",
];

/// Whether files of audio have this extension, whatever its case.
pub fn is_audio_extension(extension: &str) -> bool {
    EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}
