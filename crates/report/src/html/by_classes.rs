//! Sections of studies whose models distinguish different classes: a part for each set of classes.

use super::escape;
use super::view::{Section, View};

/// A section of the whole, or with a part for each set of classes.
pub(super) fn section(view: &View, of: fn(&View) -> Option<Section>) -> Option<Section> {
    let parts = view.study.by_classes();
    if parts.len() < 2 {
        return of(view);
    }
    let mut whole: Option<Section> = None;
    for (number, study) in parts.iter().enumerate() {
        let mut study = study.clone().into_owned();
        if number == 0 {
            // Remarks are on all of them.
            study.remarks.clone_from(&view.study.remarks);
        }
        let part = View {
            report: view.report,
            study: &study,
        };
        let Some(part) = of(&part) else { continue };
        let heading = escape::text(&format!("Classes: {}", study.classes.join(", ")));
        let body = format!("<h3>{heading}</h3>\n{}", part.body);
        match &mut whole {
            Some(whole) => whole.body += &body,
            None => whole = Some(Section { body, ..part }),
        }
    }
    whole
}
