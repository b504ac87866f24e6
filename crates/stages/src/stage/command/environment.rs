//! The environment of a program: a few variables that every program needs, those that the manifest names, those that it
//! sets. Keys and passwords in other variables of the caller reach no program that did not ask for them.

use std::collections::BTreeMap;

/// Variables of the caller that every program has: where things are, how text is written, which libraries are loaded.
const PASSED: [&str; 19] = [
    "CONDA_PREFIX",
    "CUDA_HOME",
    "CUDA_PATH",
    "CUDA_VISIBLE_DEVICES",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "OMP_NUM_THREADS",
    "PATH",
    "PYTHONPATH",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
];

/// How names of the variables of a locale begin.
const LOCALE: &str = "LC_";

/// Whether every program has the variable called `name`.
fn is_passed(name: &str) -> bool {
    PASSED.binary_search(&name).is_ok() || name.starts_with(LOCALE)
}

/// The variables of the caller that a program has which asks for those called `asked`. Those whose name or value is not
/// Unicode are left out.
pub fn passed(asked: &[String]) -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| is_passed(name) || asked.contains(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_each_is_found() {
        assert!(PASSED.is_sorted());
        assert!(PASSED.iter().all(|name| is_passed(name)));
        assert!(is_passed("LC_ALL"));
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "BASH_ENV",
            "",
            "PATHS",
        ] {
            assert!(!is_passed(name), "{name}");
        }
    }
}
