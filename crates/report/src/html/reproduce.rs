//! How to run this again: the files of the project as they were, and the command.

use crate::facts::ProjectFile;
use crate::number;

use super::view::{Section, View};
use super::{escape, figure};

/// The files and the command; none where they are not known.
pub(super) fn section(view: &View) -> Option<Section> {
    let reproduction = view.report.facts.as_ref()?.reproduction.as_ref()?;
    let mut body = String::new();
    match &reproduction.incomplete {
        None => {
            body += &format!(
                "<p>Put these files under their names into a folder, and the recordings into the folders that \
                 <code>corpora.toml</code> names, or give your own with <code>--corpora</code>. Then\n\
                 <code>{}</code>\ngives these results, or says what is different.</p>\n",
                escape::text(&reproduction.command)
            );
        }
        Some(reason) => {
            body += &format!(
                "<p>These results cannot be had again from this page alone: {}.</p>\n",
                escape::text(reason)
            );
        }
    }
    reproduction
        .files
        .iter()
        .for_each(|file| body += &shown(file));
    Some(Section {
        id: "reproduce",
        title: "Reproduce".into(),
        body,
    })
}

fn shown(file: &ProjectFile) -> String {
    let name = escape::text(&file.name);
    let digest = escape::text(&file.digest);
    let Some(text) = &file.text else {
        return format!(
            "<p><code>{name}</code> is not shown here; BLAKE3 of its content: <code>{digest}</code></p>\n"
        );
    };
    let lines = number::counted(text.lines().count() as u64, "line");
    // The first line break after the tag is no part of the text.
    let text = format!(
        "<pre tabindex=\"0\" role=\"region\" aria-label=\"{name}\" data-file=\"{name}\">\n{}</pre>",
        escape::text(text)
    );
    figure::details(
        &format!("{name} <span class=\"faint\">{lines}</span>"),
        &text,
    )
}
