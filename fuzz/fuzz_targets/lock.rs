//! Lock files: what is read is what would be read again after it was written.
//!
//! The key of a step is that of its inputs, so inputs of the fuzzer get the right ones.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe::lock::LockFile;
use pipe_engine::artifact::FingerprintInputs;

/// Puts the key of each step on.
fn keyed(text: &str) -> Option<String> {
    let mut table: toml::Table = text.parse().ok()?;
    let steps = table.get_mut("step").and_then(toml::Value::as_array_mut);
    for step in steps.into_iter().flatten() {
        let Some(step) = step.as_table_mut() else {
            continue;
        };
        let mut inputs = FingerprintInputs::default();
        let values = step.get("inputs").and_then(toml::Value::as_table);
        for (name, value) in values.into_iter().flatten() {
            inputs.add(name, value.as_str().unwrap_or_default());
        }
        step.insert("key".into(), inputs.key().hex().into());
    }
    toml::to_string(&table).ok()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let text = keyed(text).unwrap_or_else(|| text.into());
    match LockFile::parse("fuzzed.lock.toml", &text) {
        Ok(lock) => {
            let again = LockFile::parse("again.lock.toml", &lock.to_text());
            // What is not a number is not equal to itself.
            let again = again.expect("it was written");
            assert_eq!(format!("{again:?}"), format!("{lock:?}"));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
