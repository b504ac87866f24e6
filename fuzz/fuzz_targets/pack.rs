//! Items. The first byte says what an input is: `l` records of the item index, `i` a pack with an index that refers to it,
//! `h` the log of a listing, `x` a log that is damaged anywhere, `a` and `f` stored audio and features.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use pipe_engine::artifact::ArtifactKind;
use pipe_engine::cache::items::{
    ItemIndex, ItemRecord, Location, StepTag, decode, encode, step_of,
};
use pipe_engine::cache::log::Log;
use pipe_engine::cache::{Cache, Interruption, ListingHistory, PackReader, VerifyOptions, verify};
use pipe_foundation::Digest;
use pipe_foundation::system::RealSystem;
use pipe_fuzz::{empty, framed, safetensors, write};
use pipe_stages::items::{AUDIO, FEATURES};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind {
        b'l' => index(&framed(bytes)),
        b'i' => pack(bytes),
        b'h' => listing(&framed(bytes)),
        b'x' => damaged(bytes),
        b'a' => item(AUDIO, bytes),
        b'f' => item(FEATURES, bytes),
        _ => {}
    }
});

fn index(payloads: &[&[u8]]) {
    let log = Log::new(empty("items").join("items.log"));
    log.append(payloads.iter().copied())
        .expect("TMPDIR can be written");
    let mut read = Vec::new();
    let state = log
        .read(|payload| read.push(payload.to_vec()))
        .expect("it can be read");
    assert_eq!(state.damaged_bytes, 0);
    assert_eq!(read, payloads);
    let index = ItemIndex::load(&log).expect("it can be read");
    for payload in payloads {
        if let Some((key, record)) = decode(payload) {
            assert!(index.get(&key).is_some());
            let step = step_of(payload).unwrap_or(StepTag(7));
            assert_eq!(decode(&encode(&key, step, &record)), Some((key, record)));
        }
    }
}

/// The parts of the input are an item, a place, and the rest of the pack.
fn pack(bytes: &[u8]) {
    let Some((place, pack)) = bytes.split_first_chunk::<24>() else {
        return;
    };
    let number = |at: usize| {
        let bytes = place[8 * at..8 * at + 8].try_into().expect("8 bytes");
        u64::from_le_bytes(bytes)
    };
    let location = Location {
        pack: number(0),
        offset: number(1),
        bytes: number(2),
    };
    let folder = empty("packs");
    write(&format!("packs/{:016x}.pack", location.pack), pack);
    let reader = PackReader::new(Arc::new(RealSystem), folder, None, Interruption::default());
    let in_pack = || {
        let start = usize::try_from(location.offset).ok()?;
        pack.get(start..start.checked_add(usize::try_from(location.bytes).ok()?)?)
    };
    let wanted = Digest::of(in_pack().unwrap_or_default());
    let got = reader.get(location, &wanted).expect("it can be read");
    let part = reader.open(location, &wanted).expect("it can be read");
    let read = part.map(|part| part.to_vec().expect("it was read"));
    assert_eq!(got.as_deref(), in_pack());
    assert_eq!(read.as_deref(), in_pack());
    let other = Digest::of(b"other than what is there");
    assert!(
        reader
            .get(location, &other)
            .expect("it can be read")
            .is_none()
    );
}

fn listing(payloads: &[&[u8]]) {
    let log = Log::new(empty("listings").join("made-speech.log"));
    log.append(payloads.iter().copied())
        .expect("TMPDIR can be written");
    let history = ListingHistory::from(log);
    let newest = payloads
        .iter()
        .rev()
        .find_map(|payload| payload.first_chunk::<32>());
    let Some(newest) = newest.map(|digest| Digest(*digest)) else {
        return;
    };
    let Some(mut listing) = history.at(&newest).expect("it can be read") else {
        return;
    };
    listing.insert("one more".into(), Digest::of(b"one more"));
    let digest = Digest::of(b"a listing with one more");
    history
        .record(&digest, &listing)
        .expect("TMPDIR can be written");
    assert_eq!(history.at(&digest).expect("it can be read"), Some(listing));
}

/// A log of items in which a whole record is followed by anything, and another whole record.
fn damaged(bytes: &[u8]) {
    let root = empty("cache");
    write("cache/VERSION", b"pipe cache 1\n");
    let log = Log::new(root.join("items.log"));
    let record = ItemRecord::Bad {
        reason: "too short".into(),
    };
    let (first, last) = (Digest([1; 32]), Digest([2; 32]));
    let payload = |key| encode(&key, StepTag(1), &record);
    log.append([payload(first).as_slice()])
        .expect("TMPDIR can be written");
    let mut file = std::fs::read(log.path()).expect("it was written");
    file.extend(bytes);
    std::fs::write(log.path(), &file).expect("TMPDIR can be written");
    log.append([payload(last).as_slice()])
        .expect("TMPDIR can be written");
    let index = ItemIndex::load(&log).expect("it can be read");
    assert!(index.get(&first).is_some());
    // In longer damage, the reader may come to the end of what it hashes in vain.
    assert!(bytes.len() > 16_384 || index.get(&last).is_some());
    let cache = Cache::open(&root, false).expect("its version is right");
    let found = verify(&cache, verification(true)).expect("it can be repaired");
    assert!(found.unreadable.is_empty());
    assert!(
        verify(&cache, verification(false))
            .expect("it can be read")
            .is_whole()
    );
}

/// The input is a safetensors document without its length.
fn item(kind: ArtifactKind, bytes: &[u8]) {
    let bytes = safetensors(bytes);
    let Ok(item) = kind.decode(&bytes) else {
        return;
    };
    let written = item.encode().expect("it was read");
    let again = kind.decode(&written).expect("it was written");
    assert_eq!(again.encode().expect("it was read"), written);
}

fn verification(repair: bool) -> VerifyOptions<'static> {
    VerifyOptions {
        repair,
        is_checkpoint_whole: &|_, _| true,
    }
}
