//! `corpora.toml`: what is read is what would be read again after it was written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe_speech::corpus::{ClassChoice, Corpora, LabelMap, check_config};

fuzz_target!(|text: &str| {
    let corpora = match Corpora::parse(text) {
        Ok(corpora) => corpora,
        Err(error) => {
            let _ = (error.to_string(), error.span());
            return;
        }
    };
    for (name, config) in &corpora.corpora {
        let _ = check_config(name, config);
        for map in ["valence3", "native", "none"]
            .into_iter()
            .chain(corpora.classes.keys().map(String::as_str))
        {
            let choice = ClassChoice::Named(map.into());
            let _ = LabelMap::new(name, config, &choice, &corpora.classes);
        }
    }
    // TOML has no null, which is what an option that is not a number comes to.
    if let Ok(written) = toml::to_string(&corpora) {
        let again = Corpora::parse(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(format!("{again:?}"), format!("{corpora:?}"));
    }
});
