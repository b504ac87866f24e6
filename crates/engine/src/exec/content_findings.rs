//! What stages have found out about contents, in the memory of the cache.

use std::path::Path;

use pipe_foundation::Digest;

use crate::cache::Cache;
use crate::stage::ContentFindings;

impl ContentFindings for Cache {
    fn recall(&self, key: &Digest) -> Option<Vec<u8>> {
        self.findings.recall(key)
    }

    fn keep(&self, key: Digest, file: Option<&Path>, found: &[u8]) {
        let is_of_content = file.is_none_or(|file| self.files.is_unchanged(file).unwrap_or(false));
        if is_of_content {
            self.findings.keep(key, found);
        }
    }

    fn save(&self) {
        self.findings.save();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::StatCache;

    #[test]
    fn what_was_found_is_known_to_the_next_process_unless_its_file_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Cache::open(&folder.path().join("cache"), false).unwrap();
        let file = folder.path().join("a.wav");
        std::fs::write(&file, "a").unwrap();
        let cache = open();
        let digest = StatCache::digest(&cache.files, &file).unwrap();
        assert_eq!(cache.recall(&digest), None);
        cache.keep(digest, Some(&file), b"found");
        let other = Digest::of(b"made");
        cache.keep(other, None, b"");
        cache.save();
        drop(cache);
        let cache = open();
        assert_eq!(cache.recall(&digest).as_deref(), Some(&b"found"[..]));
        assert_eq!(cache.recall(&other).as_deref(), Some(&b""[..]));
        std::fs::write(&file, "another content").unwrap();
        let third = Digest::of(b"third");
        cache.keep(third, Some(&file), b"of what is no longer there");
        assert_eq!(cache.recall(&third), None);
    }
}
