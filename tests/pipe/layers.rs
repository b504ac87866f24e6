//! Modules import only from modules that stand above them in `src/lib.rs`.

use std::path::Path;

#[test]
fn modules_import_only_from_above() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = std::fs::read_to_string(root.join("lib.rs")).unwrap();
    let order: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert!(order.len() > 10, "{order:?}");
    // The domain below may name each other in this order too; what is listed here may look sideways or down.
    let mut wrong = Vec::new();
    for (rank, module) in order.iter().enumerate() {
        for entry in walkdir::WalkDir::new(&root).into_iter().flatten() {
            let path = entry.path().strip_prefix(&root).unwrap();
            let first = path
                .iter()
                .next()
                .map(|part| part.to_string_lossy().replace(".rs", ""));
            if first.as_deref() != Some(*module) || path.extension().is_none_or(|e| e != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            for used in text.split("crate::").skip(1) {
                let name: String = used
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if order
                    .iter()
                    .position(|other| *other == name)
                    .is_some_and(|other| other > rank)
                {
                    wrong.push(format!("{}: crate::{name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
