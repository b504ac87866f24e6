//! Messages about configurations that are wrong.

use super::*;

/// The message, code and help of what is wrong with a configuration.
fn complaint(config: &CorpusConfig) -> String {
    use miette::Diagnostic;
    let error = list("c", config).expect_err("a broken configuration");
    let code = error.code().expect("a code").to_string();
    let help = error.help().expect("help").to_string();
    format!("{error}\n{code}\n{help}")
}

#[test]
fn messages_name_the_nearest() {
    insta::assert_snapshot!(complaint(&with(clean(), "speaker", serde_json::json!(3))), @r"
corpus c: unknown option `speaker` of the reader `synthetic`
corpus::synthetic::unknown_option
valid options, nearest first: speakers, seed, noise, snr_db, strength, rate_hz, languages, room, tilt_db, level_db, utterances_per_label
");
    insta::assert_snapshot!(complaint(&with(clean(), "speakers", serde_json::json!(0))), @r"
corpus c: option `speakers` cannot be 0
corpus::synthetic::bad_option
`speakers` takes a whole number from 1 to 1000
");
    insta::assert_snapshot!(complaint(&with(clean(), "snr_db", serde_json::json!("loud"))), @r#"
corpus c: option `snr_db` cannot be "loud"
corpus::synthetic::bad_option
`snr_db` takes a number from -10 to 120
"#);
    insta::assert_snapshot!(complaint(&with(clean(), "room", serde_json::json!("kichen"))), @r#"
corpus c: option `room` cannot be "kichen"
corpus::synthetic::bad_option
`room` takes one of kitchen, none, office, studio, hall
"#);
    insta::assert_snapshot!(complaint(&with(clean(), "languages", serde_json::json!(["xx"]))), @r#"
corpus c: option `languages` cannot be ["xx"]
corpus::synthetic::bad_option
`languages` takes a list of en, de, it, es
"#);
    let mut config = clean();
    config.labels.positive.push("hapiness".to_string());
    insta::assert_snapshot!(complaint(&config), @r"
corpus c: the synthesiser does not know the label `hapiness`
corpus::synthetic::unknown_label
labels of synthetic speech, nearest first: happiness, sadness, anger, calm, elation, surprise, fear, disgust, neutral, boredom
");
    let mut config = clean();
    config.labels.positive.push("anger".to_string());
    insta::assert_snapshot!(complaint(&config), @r"
corpus c: label `anger` is listed as positive and as negative
corpus::label_twice
keep it in one list; labels are compared ignoring case, hyphens and underscores
");
    let mut config = clean();
    config.labels = crate::corpus::Labels::default();
    insta::assert_snapshot!(complaint(&config), @r#"
corpus c has no class map `valence3`
corpus::no_class_map
add [corpus.c.labels] to corpora.toml; or set `classes` of the ingest stage to "native" (the corpus's own labels), a table of classes and labels
"#);
}
