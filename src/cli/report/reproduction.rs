//! What a page says of how to run it again: the files of the project, and the command.

use pipe_foundation::Digest;
use pipe_foundation::regular_file;
use pipe_report::{ProjectFile, Reproduction};

use crate::bundle::{Content, project_files};
use pipe_stages::domain::SpeechPlan;
use pipe_stages::shell_words;

use super::described::Described;

/// The longest file that is shown.
const LONGEST_BYTES: usize = 4 << 20;

/// What it takes to run `plan` again.
pub fn reproduction(plan: &SpeechPlan, described: &Described) -> Reproduction {
    let lock = described.lock.as_ref();
    let project = match project_files(plan, &described.project, lock, "corpora") {
        Ok(project) => project,
        Err(error) => {
            return Reproduction {
                incomplete: Some(error.to_string()),
                ..Reproduction::default()
            };
        }
    };
    let files: Vec<ProjectFile> = (project.files.into_iter())
        .map(|(name, content)| shown(name, &content))
        .collect();
    let hidden = files.iter().filter(|file| file.text.is_none()).count();
    let incomplete = match (lock.is_some(), hidden) {
        (false, _) => Some("some steps have no result".to_owned()),
        (true, 0) => None,
        (true, 1) => Some("one file is not shown".into()),
        (true, _) => Some(format!("{hidden} files are not shown")),
    };
    Reproduction {
        command: command(plan, &project.manifest),
        files,
        incomplete,
    }
}

/// A file with its text, where that is short enough and stays what it is in a page.
fn shown(name: String, content: &Content) -> ProjectFile {
    let read;
    let bytes: &[u8] = match content {
        Content::Bytes(bytes) => bytes,
        Content::File(path) => {
            read = regular_file::read_whole(path).unwrap_or_default();
            &read
        }
    };
    let text = std::str::from_utf8(bytes).ok();
    let stays = |text: &&str| {
        let changes = |c: char| c.is_control() && c != '\n' && c != '\t';
        text.len() <= LONGEST_BYTES && !text.contains(changes)
    };
    ProjectFile {
        name,
        text: text.filter(stays).map(str::to_owned),
        digest: Digest::of(bytes).hex(),
    }
}

/// The command that repeats the run.
fn command(plan: &SpeechPlan, manifest: &str) -> String {
    let mut words = vec!["pipe".to_owned(), "run".into(), manifest.into()];
    for over in &plan.overrides {
        words.push("--set".into());
        words.push(over.clone());
    }
    if !plan.left_out.corpora.is_empty() {
        words.push("--present".into());
    }
    for (name, most) in &plan.raised_limits {
        words.push("--limit".into());
        words.push(format!("{name}={most}"));
    }
    if plan.device.is_accelerator() {
        words.extend(device_words(&plan.device.name));
    }
    words.push("--locked".into());
    shell_words::line(words)
}

/// The options for a device that is called `name`, such as `cuda:0, TF32`.
fn device_words(name: &str) -> Vec<String> {
    let (device, tf32) = match name.split_once(", ") {
        Some((device, _)) => (device, true),
        None => (name, false),
    };
    let mut words = vec!["--device".to_owned(), device.to_owned()];
    if tf32 {
        words.push("--tf32".into());
    }
    words
}

#[cfg(test)]
mod tests {
    use pipe_nn::model::Devices;

    use super::device_words;

    #[test]
    fn a_device_is_named_by_options_that_give_it_again() {
        let named = |ordinals: &[usize], tf32| {
            device_words(&Devices::cuda(ordinals, tf32).to_string()).join(" ")
        };
        assert_eq!(named(&[1], false), "--device cuda:1");
        assert_eq!(named(&[1], true), "--device cuda:1 --tf32");
        assert_eq!(named(&[0, 2], true), "--device cuda:0,cuda:2 --tf32");
    }
}
