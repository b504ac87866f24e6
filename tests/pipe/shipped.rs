//! The manifests of `pipelines/`.

use std::path::Path;

use serde_json::Value as Json;

use super::workspace::Workspace;

#[test]
fn every_shipped_manifest_is_read_and_lacks_at_most_corpora_and_models_of_others() {
    let space = Workspace::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora.toml");
    let mut read = 0;
    for entry in walkdir::WalkDir::new(&shipped)
        .into_iter()
        .map(Result::unwrap)
    {
        if entry
            .path()
            .extension()
            .is_none_or(|extension| extension != "toml")
        {
            continue;
        }
        let manifest = entry.path().to_str().unwrap();
        let arguments = [
            "graph",
            manifest,
            "--json",
            "--corpora",
            corpora.to_str().unwrap(),
        ];
        let output = space.pipe(&arguments);
        if output.status.code() != Some(0) {
            let error: Json = serde_json::from_slice(&output.stdout).unwrap();
            for diagnostic in error["errors"].as_array().unwrap() {
                let code = diagnostic["code"].as_str().unwrap();
                let lacks_model = code == "manifest::missing_file"
                    && diagnostic["message"].as_str().unwrap().contains(".onnx");
                assert!(
                    code == "manifest::missing_corpus" || lacks_model,
                    "{manifest}: {diagnostic}"
                );
            }
        }
        read += 1;
    }
    assert!(read >= 7, "{read} manifests");
}
