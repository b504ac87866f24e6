//! Recordings that hold no usable speech: cut, unreadable, silent, constant, off zero, clipped; and misnamed ones.

use super::finding::{Finding, Severity, counted};
use super::measure::ReadingBlame;
use super::{Audited, Measures};
use crate::audio::AudioFormat;
use crate::corpus::AudioSource;

/// Quieter recordings, in dB of full scale, hold nothing that can be heard.
const SILENT_DB: f64 = -70.0;
/// A mean of the samples beyond this, of full scale, is an offset of the converter.
const OFFSET: f64 = 0.02;
/// Recordings with a greater share of clipped samples sound clipped.
const CLIPPED_SHARE: f64 = 0.001;

/// Everything wrong with single recordings.
pub fn unusable_recordings(items: &[Audited]) -> Vec<Finding> {
    let measured = |wanted: &dyn Fn(&Measures) -> Option<String>| -> Vec<String> {
        let told = |item: &Audited| {
            let said = wanted(item.measures()?)?;
            Some(format!("{} ({said})", item.utterance.id))
        };
        items.iter().filter_map(told).collect()
    };
    let unreadable = |is_cut: bool| -> Vec<String> {
        let failed = items.iter().filter_map(|item| {
            let failure = item.measured.as_ref().as_ref().err()?;
            ((failure.blame == ReadingBlame::Cut) == is_cut)
                .then(|| format!("{} ({})", item.utterance.id, failure.reason))
        });
        failed.collect()
    };
    let is_silent = |m: &Measures| m.loudness_db < SILENT_DB && m.offset.abs() < OFFSET;
    let found = [
        (
            "audit::cut_recording",
            unreadable(true),
            ("is", "are"),
            "cut: the header promises more samples than there are",
            (
                "copy or download this file again; a run sets it aside",
                "copy or download these files again; a run sets them aside",
            ),
        ),
        (
            "audit::unreadable_recording",
            unreadable(false),
            ("cannot", "cannot"),
            "be read",
            (
                "repair or convert this file, or leave it out; a run sets it aside",
                "repair or convert these files, or leave them out; a run sets them aside",
            ),
        ),
        (
            "audit::silent_recording",
            measured(&|m| is_silent(m).then(|| decibels(m.loudness_db))),
            ("is", "are"),
            "silent",
            (
                "leave it out: nothing in it bears out its label",
                "leave them out: nothing in them bears out their labels",
            ),
        ),
        (
            "audit::constant_recording",
            measured(&|m| {
                (m.is_constant && !is_silent(m)).then(|| format!("always {:.3}", m.offset))
            }),
            ("is", "are"),
            "constant: every sample has the same value",
            (
                "leave it out, or get it again: it holds no sound",
                "leave them out, or get them again: they hold no sound",
            ),
        ),
        (
            "audit::offset",
            measured(&|m| {
                (!m.is_constant && m.offset.abs() > OFFSET)
                    .then(|| format!("{:+.1} % of full scale", m.offset * 100.0))
            }),
            ("is", "are"),
            "off zero: the mean of the samples is far from 0",
            (
                "subtract the mean, and check that it does not differ between classes",
                "subtract the mean, and check that it does not differ between classes",
            ),
        ),
        (
            "audit::clipped_recording",
            measured(&|m| {
                (m.clipped_share > CLIPPED_SHARE && !m.is_constant)
                    .then(|| format!("{:.1} % of its samples", m.clipped_share * 100.0))
            }),
            ("is", "are"),
            "clipped: samples in a row are at full scale",
            (
                "listen to it: clipping distorts the loudest sounds, and can give a class away",
                "listen to them: clipping distorts the loudest sounds, and can give classes away",
            ),
        ),
    ];
    let found = found.into_iter().filter(|(_, names, ..)| !names.is_empty());
    let mut findings: Vec<Finding> = found
        .map(|(code, names, verbs, what, help)| {
            let what = format!("{} {what}", counted(names.len(), "recording", verbs));
            let help = match names.len() {
                1 => help.0,
                _ => help.1,
            };
            Finding::about(code, Severity::Warning, &what, names, help)
        })
        .collect();
    findings.extend(misnamed(items));
    findings
}

/// Files that are named after another format than they are in. They are read as what they are; other programs may not.
fn misnamed(items: &[Audited]) -> Option<Finding> {
    let told = |item: &Audited| {
        let AudioSource::File { path, .. } = &item.source else {
            return None;
        };
        let format = item.measures()?.format?;
        let ending = path.extension()?.to_str()?.to_lowercase();
        let lies = usual_formats(&ending).is_some_and(|usual| !usual.contains(&format));
        lies.then(|| format!("{} ({} in .{ending})", item.utterance.id, format.name()))
    };
    let names: Vec<String> = items.iter().filter_map(told).collect();
    let what = format!(
        "{} in a different format than {}",
        counted(names.len(), "recording", ("is", "are")),
        match names.len() {
            1 => "its file name says",
            _ => "their file names say",
        }
    );
    (!names.is_empty()).then(|| {
        Finding::about(
            "audit::misnamed_recording",
            Severity::Note,
            &what,
            names,
            "nothing here: recordings are read by their content; other programs may go by the name",
        )
    })
}

/// The formats that files with such an ending are in; none of an ending that says nothing.
fn usual_formats(ending: &str) -> Option<&'static [AudioFormat]> {
    Some(match ending {
        "wav" | "wave" | "bwf" => &[AudioFormat::Wav, AudioFormat::Rifx, AudioFormat::Rf64],
        "aif" | "aiff" | "aifc" => &[AudioFormat::Aiff, AudioFormat::Aifc],
        "w64" => &[AudioFormat::W64],
        "flac" => &[AudioFormat::Flac],
        "mp3" => &[AudioFormat::Mp3],
        "ogg" | "oga" => &[AudioFormat::Ogg],
        "m4a" | "mp4" => &[AudioFormat::Mp4],
        "aac" => &[AudioFormat::Adts],
        _ => return None,
    })
}

fn decibels(level: f64) -> String {
    match level.is_finite() {
        true => format!("{level:.0} dB"),
        false => "digital silence".into(),
    }
}
