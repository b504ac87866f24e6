//! The model card of a trained model (Mitchell et al., 2019): only what its file and the tables hold.

mod content;
mod data;
mod metrics;
mod network;
mod usage;
mod words;

use pipe_report::{Align, Markdown};

pub use content::{Card, CardCorpus, CardEvaluation};
use words::{listed, number_word};

impl Card<'_> {
    /// What the model predicts.
    fn purpose(&self) -> String {
        let (classes, targets) = (&self.config.classes, &self.config.targets);
        let mut sentences = Vec::new();
        if !classes.is_empty() {
            sentences.push(format!(
                "Classifies recorded speech into {} classes of emotion: {}. It uses the audio alone and gives a probability for each class.",
                number_word(classes.len()),
                listed(classes)
            ));
        }
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        match (classes.is_empty(), names.is_empty()) {
            (_, true) => {}
            (true, false) => sentences.push(format!(
                "Predicts {} of recorded speech, as numbers. It uses the audio alone.",
                listed(&names)
            )),
            (false, false) => {
                sentences.push(format!("It also predicts {}, as numbers.", listed(&names)))
            }
        }
        sentences.join(" ")
    }

    /// The card as GitHub-flavoured Markdown; equal inputs give equal text.
    pub fn to_markdown(&self) -> String {
        let mut text = Markdown::default();
        text.heading(1, &format!("Model card: {}", self.file));
        text.paragraph(&self.purpose());
        text.table(
            &[("", Align::Left), ("", Align::Left)],
            &[
                vec![
                    "file".into(),
                    format!("{}, {} bytes", self.file, self.bytes),
                ],
                vec!["BLAKE3 digest".into(), self.digest.hex()],
                vec!["written by".into(), self.written_by()],
                vec![
                    "weights of".into(),
                    format!("epoch {}, counted from 1", self.config.best_epoch + 1),
                ],
            ],
        );
        data::write(self, &mut text);
        network::write(self, &mut text);
        metrics::write(self, &mut text);
        usage::write(self, &mut text);
        text.finish()
    }

    /// The version of the `train` stage, which decides on the numbers; earlier files have that of `pipe`.
    fn written_by(&self) -> String {
        let provenance = &self.config.provenance;
        match (
            provenance["train_version"].as_u64(),
            provenance["pipe_version"].as_str(),
        ) {
            (Some(version), _) => format!("version {version} of pipe's train stage"),
            (None, Some(version)) => format!("pipe {version}"),
            (None, None) => "pipe (version not recorded)".into(),
        }
    }
}
