//! What the model is for, its limits, and the commands that use it.

use std::collections::BTreeSet;

use pipe_nn::model::{InputNormalisation, ModelConfig};
use pipe_report::Markdown;

use crate::onnx;
use crate::predict::{FeatureStep, FrontEnd, command_line};

use super::content::Card;
use super::data::has_stage;
use super::words::{capitalised, number_word};

/// Writes the sections on use.
pub(super) fn write(card: &Card<'_>, text: &mut Markdown) {
    text.heading(2, "Intended use");
    text.paragraph(
        "Research on speech emotion recognition, above all on how well it generalises to corpora that a model never heard. It was not made for decisions about people, and nothing here shows it to be fit for them.",
    );
    text.heading(2, "Limits");
    text.list(&limits(card));
    text.heading(2, "How to use it");
    match &card.front_end {
        Ok(front_end) => how(card, front_end, text),
        Err(_) if !programs(card).is_empty() => by_programs(card, text),
        Err(reason) => text.paragraph(&format!(
            "Recordings cannot be predicted with the file alone: {reason}. Use an evaluate stage in its manifest instead."
        )),
    }
}

/// The lines of programs that compute features.
fn programs(card: &Card<'_>) -> Vec<String> {
    let stages = card.config.feature_options.as_array();
    let of_features = stages
        .into_iter()
        .flatten()
        .filter(|stage| stage["kind"] == "command" && stage["parameters"]["makes"] == "features");
    of_features.map(command_line).collect()
}

fn by_programs(card: &Card<'_>, text: &mut Markdown) {
    let lines: Vec<String> = programs(card)
        .iter()
        .map(|line| format!("`{line}`"))
        .collect();
    text.paragraph(&format!(
        "A program computes its features, {}, whose files `pipe predict` looks for in the current folder and beside the model. It runs with your rights, where you allow it:",
        lines.join(", then ")
    ));
    text.code(
        "sh",
        &format!(
            "pipe predict {} recording.wav --allow-commands",
            quoted(&card.file)
        ),
    );
    text.paragraph("Exported to ONNX with `--input features`, the graph takes what the program gives; the program stays outside.");
}

fn limits(card: &Card<'_>) -> Vec<String> {
    let mut limits = Vec::new();
    if !card.config.classes.is_empty() {
        limits.push(format!(
            "{} classes only. Emotions that the corpora do not label, and mixtures, are forced into one of them.",
            capitalised(&number_word(card.config.classes.len()))
        ));
        limits.push(
            "Probabilities are the softmax of the network as trained; they are not calibrated."
                .to_owned(),
        );
    }
    if !card.config.targets.is_empty() {
        limits.push(
            "Predicted numbers are means of how raters heard speech of this kind: they vary less than the ratings, and are no measurement of what a person feels."
                .to_owned(),
        );
    }
    let trained = card.training_corpora();
    if !trained.is_empty() {
        let languages: BTreeSet<&str> = trained
            .iter()
            .filter_map(|name| Some(card.corpus(name)?.language.as_str()))
            .collect();
        let of_languages = match languages.len() {
            0 => String::new(),
            _ => format!(
                ", with the languages {}",
                languages.into_iter().collect::<Vec<_>>().join(", ")
            ),
        };
        limits.push(format!(
            "Trained on {} {}{of_languages}. Other languages, microphones, rooms and ways of speaking are outside what it learned.",
            trained.len(),
            if trained.len() == 1 { "corpus" } else { "corpora" },
        ));
    }
    let tested = card
        .evaluations
        .iter()
        .flat_map(|one| &one.evaluation.corpora);
    let unseen: Vec<String> = tested
        .filter(|(name, _)| !trained.contains(&name.as_str()))
        .filter_map(|(name, metrics)| Some(format!("{name} {:.1} %", 100.0 * metrics.ua?)))
        .collect();
    limits.push(if unseen.is_empty() {
        "This card has no result on a corpus that it never heard. Expect it to perform worse there."
            .to_owned()
    } else {
        format!("UA on corpora that it never heard: {}.", unseen.join(", "))
    });
    let few: Vec<String> = card
        .evaluations
        .iter()
        .flat_map(|one| &one.evaluation.speakers)
        .filter(|(_, speakers)| speakers.len() < 10)
        .map(|(name, speakers)| format!("{name} {}", speakers.len()))
        .collect();
    if !few.is_empty() {
        limits.push(format!(
            "Test corpora with fewer than ten speakers: {}. Their numbers say little about other people.",
            few.join(", ")
        ));
    }
    if has_stage(card, "command") {
        limits.push(
            "A program of the manifest's owner took part in computing its features.".to_owned(),
        );
    }
    limits
}

fn how(card: &Card<'_>, front_end: &FrontEnd, text: &mut Markdown) {
    let rate_hz = front_end.rate_hz();
    text.paragraph("With pipe, on recordings of any rate, folders of them, or standard input:");
    let grouped = match &card.config.normalisation {
        Some(InputNormalisation::Group { .. }) => " --normalise-over folder",
        _ => "",
    };
    text.code(
        "sh",
        &format!(
            "pipe predict {file} recording.wav{grouped}\npipe predict {file} recordings/ --window-s 3 --hop-s 1 --format csv{grouped}",
            file = quoted(&card.file)
        ),
    );
    if let Some(InputNormalisation::Group { attribute }) = &card.config.normalisation {
        text.paragraph(&format!(
            "Its features are normalised over all recordings of the same {attribute}, here all files in the same folder. So it can only be exported to ONNX with features as input, normalised in this way."
        ));
        return;
    }
    let others = front_end.steps();
    let others = others
        .filter(|step| matches!(step, FeatureStep::Embedder { .. }))
        .count();
    if others > 0 {
        let (of, files) = match others {
            1 => ("another model in ONNX", "its file"),
            _ => ("other models in ONNX", "their files"),
        };
        text.paragraph(&format!(
            "Its features are those of {of}: `pipe predict` and `pipe export` need {files}, beside the model, in a folder `models`, or named with `--embed-model`."
        ));
    }
    let dither = front_end
        .filterbank()
        .map(|fbank| fbank.fbank().options().dither);
    if dither.is_some_and(|dither| dither > 0.0) {
        text.paragraph(
            "Its features are dithered, so it can only be exported to ONNX with features as input.",
        );
        return;
    }
    text.paragraph("With any ONNX runtime, after one export:");
    text.code(
        "sh",
        &format!("pipe export {} --onnx model.onnx", quoted(&card.file)),
    );
    text.paragraph(&format!(
        "The graph takes samples in -1..=1 at {rate_hz} Hz, [{}, samples], and contains the whole front end:",
        if onnx::takes_one(front_end) { "1" } else { "batch" },
    ));
    text.code("python", &python(rate_hz, card.config));
}

/// A program that reads 16-bit WAV with the standard library and predicts it.
fn python(rate_hz: u32, config: &ModelConfig) -> String {
    let mut end = String::new();
    let mut add = |output: &str, names: &str| {
        end += &format!(
            "{output} = session.run([\"{output}\"], {{\"waveform\": samples[None]}})[0][0]\n\
             {names} = session.get_modelmeta().custom_metadata_map[\"{names}\"].split(\",\")\n\
             print(dict(zip({names}, {output}.tolist())))\n"
        );
    };
    if !config.classes.is_empty() {
        add("probabilities", "classes");
    }
    if !config.targets.is_empty() {
        add("numbers", "targets");
    }
    format!(
        r#"import wave

import numpy
import onnxruntime

with wave.open("recording.wav") as file:  # 16 bits, one channel
    assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == ({rate_hz}, 1, 2)
    samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2") / numpy.float32(32768)
session = onnxruntime.InferenceSession("model.onnx")
{end}"#
    )
}

/// A file name as a shell takes it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+=:@".contains(c);
    if name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_the_shell() {
        assert_eq!(quoted("model.safetensors"), "model.safetensors");
        assert_eq!(quoted("my model's"), r"'my model'\''s'");
    }
}
