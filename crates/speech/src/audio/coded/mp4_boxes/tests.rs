//! Boxes made by hand.

use std::path::Path;

use super::*;

fn boxed(name: &[u8; 4], inside: &[u8]) -> Vec<u8> {
    let size = (inside.len() as u32 + 8).to_be_bytes();
    [&size[..], name, inside].concat()
}

/// A movie with a track and what else is given.
fn movie(edits: Option<&[u8]>, more: &[u8]) -> Result<Boxes, Fault> {
    let mut header = [0; 100];
    header[12..16].copy_from_slice(&600_u32.to_be_bytes());
    let mut track_header = [0; 84];
    track_header[15] = 7;
    let edits = edits.map_or_else(Vec::new, |list| boxed(b"edts", &boxed(b"elst", list)));
    let track = [boxed(b"tkhd", &track_header), edits].concat();
    let inside = [
        boxed(b"mvhd", &header),
        boxed(b"trak", &track),
        more.to_vec(),
    ];
    let file = [boxed(b"ftyp", b"M4A "), boxed(b"moov", &inside.concat())].concat();
    let mut source = Source::from_bytes(Path::new("made.m4a"), &file).expect("bytes");
    Boxes::read(&mut source)
}

#[test]
fn an_edit_list_says_where_the_recording_is() {
    let list = [
        &[0, 0, 0, 0, 0, 0, 0, 2][..],
        // A pause, and what is played.
        &[0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0],
        &[0, 0, 2, 0, 0, 0, 8, 0x40, 0, 1, 0, 0],
    ]
    .concat();
    let boxes = movie(Some(&list), &[]).expect("boxes");
    let expected = Edit {
        delay: 2_112,
        duration: Some(512),
        movie_timescale: 600,
    };
    assert_eq!(boxes.edit(7).expect("one part"), expected);
    assert_eq!(boxes.edit(8).expect("no list").delay, 0);
    let mut two = list.clone();
    two[12..16].copy_from_slice(&[0; 4]);
    let boxes = movie(Some(&two), &[]).expect("boxes");
    assert!(matches!(boxes.edit(7), Err(Fault::Unsupported(..))));
}

#[test]
fn what_itunes_writes_counts_without_an_edit_list() {
    let text = b"\0\0\0\x01\0\0\0\0 00000000 00000840 000001CA 00000000003F31F6 00000000";
    let item = [
        boxed(b"mean", b"\0\0\0\0com.apple.iTunes"),
        boxed(b"name", b"\0\0\0\0iTunSMPB"),
        boxed(b"data", text),
    ];
    let list = boxed(b"ilst", &boxed(b"----", &item.concat()));
    let meta = boxed(b"meta", &[&[0; 4][..], &list].concat());
    let user_data = boxed(b"udta", &meta);
    let boxes = movie(None, &user_data).expect("boxes");
    assert_eq!(boxes.edit(7).expect("no list").delay, 0x840);
    assert_eq!(boxes.itunes_frames(7), Some(0x3f_31f6));
    let empty = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0, 0];
    let boxes = movie(Some(&empty), &user_data).expect("boxes");
    assert_eq!(boxes.edit(7).expect("a list").delay, 5);
    assert_eq!(boxes.itunes_frames(7), None);
}

#[test]
fn a_movie_that_is_missing_or_cut_off_ends_the_file() {
    for bytes in [
        &boxed(b"ftyp", b"M4A ")[..],
        &[boxed(b"moov", &[]), b"\0\0\x01\0mdat".to_vec()].concat(),
    ] {
        let mut source = Source::from_bytes(Path::new("made.m4a"), bytes).expect("bytes");
        assert!(matches!(Boxes::read(&mut source), Err(Fault::Ends)));
    }
}
