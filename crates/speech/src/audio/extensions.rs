//! The extensions of audio files: the only list of them.

/// What an extension tells of a file. What is inside decides how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioExtension {
    /// A format that recordings are published in.
    Usual,
    /// A further one that is read, mostly lossy: publishers give copies of the originals in them too.
    Further,
    /// A format that is not read. It is known, so that nobody takes a folder of such files for an empty one.
    Unread,
}

use AudioExtension::{Further, Unread, Usual};

/// In lower case; longer ones before those that they begin with.
const EXTENSIONS: [(&str, AudioExtension); 34] = [
    ("wave", Further),
    ("wav", Usual),
    ("bwf", Further),
    ("rf64", Further),
    ("w64", Further),
    ("aiff", Usual),
    ("aifc", Usual),
    ("aif", Usual),
    ("sph", Usual),
    ("nist", Further),
    ("flac", Usual),
    ("mp3", Further),
    ("ogg", Further),
    ("oga", Further),
    ("m4a", Further),
    ("mp4", Further),
    ("mov", Further),
    ("aac", Further),
    ("opus", Unread),
    ("spx", Unread),
    ("wma", Unread),
    ("amr", Unread),
    ("3gp", Unread),
    ("snd", Unread),
    ("au", Unread),
    ("caf", Unread),
    ("webm", Unread),
    ("mka", Unread),
    ("mp2", Unread),
    ("ac3", Unread),
    ("wv", Unread),
    ("ape", Unread),
    ("shn", Unread),
    ("raw", Unread),
];

impl AudioExtension {
    /// What an extension without its dot tells, whatever its case; none of files that are no audio.
    pub fn of(extension: &str) -> Option<Self> {
        let known = EXTENSIONS.iter();
        let mut known = known.filter(|(known, _)| extension.eq_ignore_ascii_case(known));
        known.next().map(|(_, told)| *told)
    }

    /// All extensions in lower case; longer ones before those that they begin with.
    pub fn all() -> impl Iterator<Item = &'static str> {
        EXTENSIONS.iter().map(|(extension, _)| *extension)
    }
}

/// Whether files of audio have this extension, whatever its case and whether they are read.
pub fn is_audio_extension(extension: &str) -> bool {
    AudioExtension::of(extension).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_extension_is_there_once_and_behind_none_that_it_begins_with() {
        for (place, (extension, _)) in EXTENSIONS.iter().enumerate() {
            for (earlier, _) in &EXTENSIONS[..place] {
                assert!(!extension.starts_with(earlier), "{extension} {earlier}");
            }
        }
    }

    #[test]
    fn case_does_not_count() {
        assert_eq!(AudioExtension::of("MOV"), Some(Further));
        assert_eq!(AudioExtension::of("Caf"), Some(Unread));
        assert_eq!(AudioExtension::of("txt"), None);
        assert!(is_audio_extension("AU"));
    }
}
