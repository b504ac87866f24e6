//! Corpora whose file names say it all: CREMA-D, EMOVO, Emo-DB, RAVDESS, SAVEE, TESS.

use super::*;

#[test]
fn crema_d_takes_gender_from_the_demographics() {
    let tree = Tree::new(
        "crema-d",
        &[
            "AudioWAV/1001_DFA_ANG_XX.wav",
            "AudioWAV/1002_IEO_HAP_HI.wav",
            "AudioWAV/1040_ITH_SAD_X.wav",
            "AudioWAV/1092_IEO_HAP_HI.wav",
            "AudioWAV/1002_IEO_HAP_MAX.wav",
            "AudioWAV/01002_IEO_HAP_LO.wav",
            "AudioMP3/1001_DFA_ANG_XX.mp3",
        ],
    );
    tree.write(
        "VideoDemographics.csv",
        "\"ActorID\",\"Age\",\"Sex\",\"Race\",\"Ethnicity\"\n1001,51,\"Male\",\"a, b\",\"c\"\n\
         1002,21,\"Female\",\"a\",\"c\"\n1003,x\n",
    );
    let listing = tree.list();
    assert_eq!(
        facts(&listing),
        [
            ("AudioWAV/1001_DFA_ANG_XX", "1001", M, "ANG", "negative"),
            ("AudioWAV/1002_IEO_HAP_HI", "1002", F, "HAP", "positive"),
            ("AudioWAV/1040_ITH_SAD_X", "1040", None, "SAD", "negative"),
        ]
    );
    assert_eq!(listing.dropped.len(), 3);
    assert_warns(
        &listing,
        "intensity X, written by old mirrors, is read as XX",
    );
    let columns = ListOptions {
        columns: KeptColumns::All,
        ..ListOptions::default()
    };
    let kept = tree.list_with(&columns).unwrap();
    let intensity =
        |place: usize| &kept.entries[place].utterance.columns.as_ref().unwrap()["intensity"];
    assert_eq!((intensity(1).as_str(), intensity(2).as_str()), ("HI", "XX"));
    assert_warns(&listing, "VideoDemographics.csv:4: no actor and sex");
    assert_warns(&listing, "the gender of these speakers is unknown: 1040");
    assert_eq!(listing.warnings.len(), 3);
}

#[test]
fn crema_d_without_demographics_says_so_and_takes_configured_genders() {
    let mut tree = Tree::new("crema-d", &["crema-d/AudioWAV/1001_DFA_ANG_XX.wav"]);
    tree.config.genders.insert("1001".to_string(), Gender::Male);
    let listing = tree.list();
    assert_eq!(listing.entries[0].utterance.gender, M);
    assert_warns(&listing, "VideoDemographics.csv is missing");
    tree.write("VideoDemographics.csv", "a,b\n1,2\n");
    assert_warns(&tree.list(), "no columns ActorID and Sex");
    tree.write("VideoDemographics.csv", "ActorID,Sex\n1001,Female\n");
    let listing = tree.list();
    assert_eq!(listing.entries[0].utterance.gender, M);
    assert_warns(&listing, "`genders` is used");
}

#[test]
fn the_file_name_wins_over_the_folder() {
    let tree = Tree::new(
        "crema-d",
        &[
            "hap/1001_DFA_ANG_XX.wav",
            "hap/1001_IEO_ANG_XX.wav",
            "Ang/1001_TIE_ANG_XX.wav",
        ],
    );
    let listing = tree.list();
    assert!(listing.entries.iter().all(|e| &*e.utterance.label == "ANG"));
    assert_warns(
        &listing,
        "folder hap contains files whose names say label ANG",
    );
    assert_eq!(
        listing
            .warnings
            .iter()
            .filter(|w| w.contains("folder"))
            .count(),
        1
    );
}

#[test]
fn emovo_names_tell_speaker_gender_and_label() {
    let tree = Tree::new(
        "emovo",
        &[
            "EMOVO/f1/gio-f1-b1.wav",
            "EMOVO/M3/SOR-m3-l4.WAV",
            "EMOVO/f2/rab-m1-b1.wav",
            "EMOVO/f2/rab-m4-b1.wav",
            "EMOVO/documents/notes.wav",
        ],
    );
    let listing = tree.list();
    assert_eq!(
        facts(&listing),
        [
            ("EMOVO/M3/SOR-m3-l4", "m3", M, "sor", "positive"),
            ("EMOVO/f1/gio-f1-b1", "f1", F, "gio", "positive"),
            ("EMOVO/f2/rab-m1-b1", "m1", M, "rab", "negative"),
        ]
    );
    assert_eq!(listing.dropped.len(), 2);
    assert_warns(
        &listing,
        "folder f2 contains files whose names say speaker m1",
    );
    assert!(
        listing
            .entries
            .iter()
            .all(|e| &*e.utterance.language == "it")
    );
}

#[test]
fn emo_db_takes_differ_by_their_letter_and_genders_are_right() {
    let names = [
        "03a01Fa", "03a01Nc", "08a02La", "09a05Eb", "10a01Wa", "11a01Aa", "12a01Ta",
    ];
    let more = ["13a01Wb", "13a01Wc", "14a01Wa", "15a01Wa", "16a01Wa"];
    let files: Vec<String> = names
        .iter()
        .chain(&more)
        .map(|n| format!("wav/{n}.wav"))
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let listing = Tree::new("emo-db", &files).list();
    assert_eq!(listing.entries.len(), 12);
    let men = ["03", "10", "11", "12", "15"];
    for (id, speaker, gender, label, _) in facts(&listing) {
        assert_eq!(gender, if men.contains(&speaker) { M } else { F }, "{id}");
        assert_eq!(label, &id[9..10]);
    }
    assert!(listing.warnings.is_empty(), "{:?}", listing.warnings);
}

#[test]
fn ravdess_channels_are_an_option() {
    let files = [
        "Audio_Speech_Actors_01-24/Actor_01/03-01-02-01-01-01-01.wav",
        "Audio_Speech_Actors_01-24/Actor_02/03-01-08-01-01-01-02.wav",
        "Audio_Song_Actors_01-24/Actor_02/03-02-05-01-01-01-02.wav",
        "Video/Actor_02/01-01-05-01-01-01-02.wav",
        "Actor_03/03-01-04-01-01-01-04.wav",
        "Actor_25/03-01-04-01-01-01-25.wav",
        "Actor_03/03-03-04-01-01-01-03.wav",
        "Actor_03/03-01-04-01-01-01-3.wav",
    ];
    let listing = Tree::new("ravdess", &files).list();
    assert_eq!(
        facts(&listing),
        [
            ("Actor_03/03-01-04-01-01-01-04", "04", F, "04", "negative"),
            (&files[0][..files[0].len() - 4], "01", M, "02", "neutral"),
            (&files[1][..files[1].len() - 4], "02", F, "08", "positive"),
        ]
    );
    assert_warns(
        &listing,
        "folder Actor_03 contains files whose names say actor 04",
    );
    let by_choice = listing
        .dropped
        .iter()
        .filter(|d| d.cause == DropCause::Choice)
        .count();
    assert_eq!((by_choice, listing.bad().count()), (2, 3));

    let both = serde_json::json!(["speech", "song"]);
    let listing = Tree::new("ravdess", &files).option("channels", both).list();
    assert_eq!(listing.entries.len(), 4);
    let song = Tree::new("ravdess", &files).option("channels", serde_json::json!(["song"]));
    assert_eq!(song.list().entries.len(), 1);
}

#[test]
fn savee_has_two_layouts() {
    let listing = Tree::new(
        "savee",
        &[
            "AudioData/DC/a01.wav",
            "AudioData/jk/su15.wav",
            "flat/KL_sa03.wav",
            "flat/n30.wav",
            "AudioData/JE/DC_n01.wav",
            "AudioData/DC/a1.wav",
            "AudioData/DC/xx01.wav",
            "flat/ZZ_a01.wav",
        ],
    )
    .list();
    assert_eq!(
        facts(&listing),
        [
            ("AudioData/DC/a01", "DC", M, "a", "negative"),
            ("AudioData/JE/DC_n01", "DC", M, "n", "neutral"),
            ("AudioData/jk/su15", "JK", M, "su", "positive"),
            ("flat/KL_sa03", "KL", M, "sa", "negative"),
        ]
    );
    let what: Vec<&str> = listing.dropped.iter().map(|d| d.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "AudioData/DC/a1.wav",
            "AudioData/DC/xx01.wav",
            "flat/ZZ_a01.wav",
            "flat/n30.wav"
        ]
    );
    assert_warns(
        &listing,
        "folder JE contains files whose names say speaker DC",
    );
    assert_warns(&listing, "label `xx` is not listed");
}

#[test]
fn tess_folders_are_uneven_and_may_hold_a_second_tree() {
    let listing = Tree::new(
        "tess",
        &[
            "Set/OAF_Pleasant_surprise/OAF_back_ps.wav",
            "Set/YAF_pleasant_surprised/YAF_back_ps.wav",
            "Set/OAF_Fear/OAF_food_fear.wav",
            "Set/OAF_neutral/OA_bite_neutral.wav",
            "Set/YAF_sad/OAF_back_sad.wav",
            "Set/YAF_sad/YAF_back_angry.wav",
            "Set/Set/OAF_Fear/OAF_food_fear.wav",
            "OAF_bar_happy.wav",
            "OAF_bar.wav",
            "XAF_bar_happy.wav",
        ],
    )
    .list();
    assert_eq!(
        facts(&listing),
        [
            ("OAF_bar_happy", "OAF", F, "happy", "positive"),
            ("Set/OAF_Fear/OAF_food_fear", "OAF", F, "fear", "negative"),
            (
                "Set/OAF_Pleasant_surprise/OAF_back_ps",
                "OAF",
                F,
                "ps",
                "positive"
            ),
            (
                "Set/OAF_neutral/OA_bite_neutral",
                "OAF",
                F,
                "neutral",
                "neutral"
            ),
            (
                "Set/Set/OAF_Fear/OAF_food_fear",
                "OAF",
                F,
                "fear",
                "negative"
            ),
            (
                "Set/YAF_pleasant_surprised/YAF_back_ps",
                "YAF",
                F,
                "ps",
                "positive"
            ),
            ("Set/YAF_sad/OAF_back_sad", "OAF", F, "sad", "negative"),
            ("Set/YAF_sad/YAF_back_angry", "YAF", F, "angry", "negative"),
        ]
    );
    assert_eq!(listing.dropped.len(), 2);
    assert_warns(
        &listing,
        "speaker OA is read as OAF: Set/OAF_neutral/OA_bite_neutral.wav",
    );
    assert_warns(
        &listing,
        "folder YAF_sad contains files whose names say speaker OAF",
    );
    assert_warns(
        &listing,
        "folder YAF_sad contains files whose names say label angry",
    );
    assert_eq!(listing.warnings.len(), 3);
}
