//! Values of columns in several splits: of one corpus, of several, and of groups that were to stay whole.

use super::*;

fn item(corpus: &str, split: Split) -> Audited {
    let mut item = named(&format!("{corpus}/{}", split.name()), "happy", split);
    item.utterance.corpus = corpus.into();
    let columns = [("text", "Hello"), ("session", "3"), ("room", "hall")];
    let columns = columns.map(|(name, value)| (name.to_owned(), value.to_owned()));
    item.utterance.columns = Some(Arc::new(columns.into()));
    item
}

#[test]
fn texts_are_shared_by_corpora_and_sessions_are_not() {
    let items = [item("a", Split::Train), item("b", Split::Test)];
    let found = between_splits(&items);
    assert_eq!(codes(&found), ["audit::shared_text"]);
    assert_eq!(found[0].names, ["a, b \"Hello\" (train, test)"]);
}

#[test]
fn groups_that_were_to_stay_whole_are_compared() {
    let items = [item("a", Split::Train), item("b", Split::Test)];
    let groups = ["room", "text", "speaker"].map(str::to_owned).into();
    let found = shared::shared_between_splits(&items, &groups);
    assert_eq!(codes(&found), ["audit::shared_text", "audit::shared_group"]);
    assert_eq!(
        found[1].message,
        "1 value of the group `room` is in more than one split: a, b \"hall\" (train, test)"
    );
    assert_eq!(found[1].severity, Severity::Warning);
}
