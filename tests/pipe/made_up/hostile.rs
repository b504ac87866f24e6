//! A report that tries to break the page.

use pipe_report::{ProjectFile, Report, Reproduction, Study};
use serde_json::json;

use super::study;

/// A small report whose every name tries to be markup, and whose numbers are not numbers.
pub fn hostile() -> (Report, Study) {
    let evil =
        |number: usize| format!("</script><img src=x onerror=alert({number})>'\"&<!--{number}");
    let (mut report, _) = study();
    report.entries.truncate(6);
    report.probes.truncate(2);
    report.maps.truncate(1);
    report.title = evil(0);
    report.notes = vec![evil(1)];
    for (place, entry) in report.entries.iter_mut().enumerate() {
        entry.model.name = evil(2);
        entry.model.method = None;
        entry.model.training_corpora = [evil(3)].into();
        entry.evaluation.classes = vec![evil(4); 3];
        let metrics = entry
            .evaluation
            .corpora
            .values()
            .next()
            .cloned()
            .expect("corpora");
        entry.evaluation.corpora = [(evil(5), metrics)].into();
        for epoch in &mut entry.history {
            epoch.train.total = f64::NAN;
            epoch.train.emotion = f64::INFINITY;
            epoch.validation.ua = if place == 0 {
                Some(f64::NAN)
            } else {
                epoch.validation.ua
            };
            for head in &mut epoch.train.heads {
                head.attribute = evil(6);
            }
        }
    }
    for probe in report.probes.iter_mut().flat_map(|entry| &mut entry.probes) {
        probe.attribute = evil(7);
        probe.labels = vec![evil(8)];
        probe.remark = Some(evil(9));
        probe.ua = Some(f64::NAN);
        probe.silhouette = None;
    }
    for map in &mut report.maps {
        map.model.name = evil(10);
        map.perplexity = f64::NAN;
        map.points.truncate(50);
        for point in &mut map.points {
            point.utterance += &evil(11);
            point.corpus = evil(12);
            point.speaker = evil(13);
        }
        map.points[0].x = f32::NAN;
    }
    for source in report
        .audits
        .iter_mut()
        .flat_map(|audit| &mut audit.sources)
    {
        source.source = evil(29);
        source.findings[0].code = evil(30);
        source.findings[1].message = evil(31);
        source.findings[2].names = vec![evil(32)];
    }
    if let Some(facts) = &mut report.facts {
        facts.manifest = evil(14);
        facts.reproduction = Some(Reproduction {
            command: evil(15),
            files: vec![ProjectFile {
                name: evil(15),
                text: Some(evil(15)),
                digest: evil(15),
            }],
            incomplete: None,
        });
        facts.pipe_version = evil(16);
        facts.warnings = vec![evil(17)];
        facts.corpora.truncate(1);
        facts.corpora[0].name = evil(18);
        facts.corpora[0].source = format!(
            "https://example.org/\"onclick=\"alert(1)/{}",
            evil(19).replace(' ', "")
        );
        facts.leak_checks[0].name = evil(20);
        facts.leak_checks[1].found = vec![evil(21)];
        facts.left_out.truncate(3);
        facts.left_out[0].reason = evil(22);
        facts.left_out[1].item = evil(23);
        facts.steps.truncate(5);
        facts.steps[0].step = evil(24);
        facts.steps[1].kind = evil(25);
        facts.steps[2].parameters = json!({evil(26): evil(27)});
        facts.steps[3].cpu = Some(evil(28));
        facts.steps[3].seconds = Some(f64::NAN);
        facts.steps[3].key = None;
    }
    let study = Study::of(&report);
    (report, study)
}
