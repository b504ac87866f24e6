//! Names of manifests as names of single files: `/` is written as in URLs.

/// The name of a file or folder that stands for the manifest called `name`. Different names have different ones.
pub fn encode(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}

/// The name behind [`encode`].
pub fn decode(file_name: &str) -> String {
    file_name.replace("%2F", "/").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_one_name_and_comes_back() {
        for name in ["demo", "a/b", "a%2Fb", "100%", "a%252Fb/c"] {
            let encoded = encode(name);
            assert!(!encoded.contains('/'));
            assert_eq!(decode(&encoded), name);
        }
        assert_eq!(encode("demo"), "demo");
    }
}
