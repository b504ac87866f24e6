//! The fenced blocks of a Markdown file, each with what the comment before it says of how it is checked.

/// A fenced block.
#[derive(Debug, Clone)]
pub struct Block {
    /// Line of its fence, from 1.
    pub line: usize,
    /// The word behind the fence, such as `console`.
    pub language: String,
    /// What the comment before it says.
    pub how: How,
    /// What is between the fences.
    pub text: String,
}

/// How a block is checked; see `tests/pipe/documents.rs`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct How {
    /// Why it is not run.
    pub not_run: Option<String>,
    /// The exit code of the last command.
    pub exit: i32,
    /// Lines of the output may come in any order.
    pub any_order: bool,
    /// How far numbers may be from those printed.
    pub within: f64,
    /// The stage that keys without a table belong to.
    pub stage: Option<String>,
    /// Files that the manifest names and that a reader has to bring.
    pub lacks: Vec<String>,
    /// The file that the text is written to, in the folder where the commands run.
    pub saved_as: Option<String>,
    /// A folder outside of the project in which this block and those after it run.
    pub folder: Option<String>,
    /// It is the user's configuration, not a manifest.
    pub configuration: bool,
    /// What makes a manifest of the text, where it is a part of one.
    pub beside: String,
}

/// All fenced blocks.
///
/// # Errors
/// A comment that says something unknown, and a fence that is not closed, with the line.
pub fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut how = How::default();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let trimmed = line.trim();
        if let Some(start) = trimmed.strip_prefix("<!--") {
            let mut comment = start.to_string();
            while !comment.contains("-->") {
                let Some((_, more)) = lines.next() else {
                    return Err(format!("line {}: the comment does not end", index + 1));
                };
                comment.push('\n');
                comment.push_str(more);
            }
            let comment = comment.split("-->").next().unwrap_or_default();
            read_comment(comment, &mut how)
                .map_err(|what| format!("line {}: {what}", index + 1))?;
        } else if let Some(language) = trimmed.strip_prefix("```") {
            let indent = line.len() - line.trim_start().len();
            let mut text = String::new();
            loop {
                let Some((_, inside)) = lines.next() else {
                    return Err(format!("line {}: the block does not end", index + 1));
                };
                if inside.trim() == "```" {
                    break;
                }
                text.push_str(inside.get(indent..).unwrap_or(inside.trim_start()));
                text.push('\n');
            }
            blocks.push(Block {
                line: index + 1,
                language: language.to_string(),
                how: std::mem::take(&mut how),
                text,
            });
        } else if !trimmed.is_empty() {
            how = How::default();
        }
    }
    Ok(blocks)
}

/// `not run: REASON`, `beside:` with lines of TOML, or `run: ` with parts between semicolons. Other comments are none of
/// ours.
fn read_comment(comment: &str, how: &mut How) -> Result<(), String> {
    let comment = comment.trim();
    if let Some(reason) = comment.strip_prefix("not run:") {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err("a block that is not run needs a reason".into());
        }
        how.not_run = Some(reason.to_string());
    } else if let Some(beside) = comment.strip_prefix("beside:") {
        how.beside.push_str(beside);
        how.beside.push('\n');
    } else if let Some(parts) = comment.strip_prefix("run:") {
        for part in parts.split(';').map(str::trim) {
            let unknown = || format!("`{part}` is not known in `run:`");
            let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
            match word {
                "exit" => how.exit = rest.parse().map_err(|_| unknown())?,
                "configuration" => how.configuration = true,
                "any" if rest == "order" => how.any_order = true,
                "within" => how.within = rest.parse().map_err(|_| unknown())?,
                "stage" if !rest.is_empty() => how.stage = Some(rest.into()),
                "lacks" => how.lacks = rest.split(' ').map(String::from).collect(),
                "saved" if rest.starts_with("as ") => how.saved_as = Some(rest[3..].into()),
                "folder" if !rest.is_empty() => how.folder = Some(rest.into()),
                _ => return Err(unknown()),
            }
        }
    }
    Ok(())
}

/// The text outside of fences and comments, line by line from 1, each with its number.
pub fn prose(text: &str) -> Vec<(usize, &str)> {
    let (mut fenced, mut comment) = (false, false);
    let mut prose = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if !comment && trimmed.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        comment |= !fenced && trimmed.starts_with("<!--");
        if !fenced && !comment {
            prose.push((index + 1, line));
        }
        comment &= !trimmed.contains("-->");
    }
    prose
}

/// A command of a `console` block with the lines that it prints.
#[derive(Debug, PartialEq)]
pub struct Command {
    /// What is typed, without the `$ `.
    pub typed: String,
    /// What is printed.
    pub printed: Vec<String>,
}

/// The commands of a block: in `console`, lines that begin with `$ `, each with what follows; in `sh`, the whole as one.
pub fn commands(block: &Block) -> Vec<Command> {
    if block.language == "sh" {
        let typed = block.text.trim_end().to_string();
        return vec![Command {
            typed,
            printed: Vec::new(),
        }];
    }
    let mut commands: Vec<Command> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(typed), _) => commands.push(Command {
                typed: typed.to_string(),
                printed: Vec::new(),
            }),
            (None, Some(last)) if last.typed.ends_with('\\') && last.printed.is_empty() => {
                last.typed.push('\n');
                last.typed.push_str(line.strip_prefix("> ").unwrap_or(line));
            }
            (None, Some(last)) => last.printed.push(line.to_string()),
            (None, None) => {}
        }
    }
    for command in &mut commands {
        while command
            .printed
            .last()
            .is_some_and(|line| line.trim().is_empty())
        {
            command.printed.pop();
        }
    }
    commands
}

#[test]
fn blocks_are_read_with_what_the_comment_before_them_says() {
    let text = "A\n<!-- run: exit 2; within 0.5 -->\n```console\n$ pipe x \\\n> y\nno\n```\n\n<!-- not run: needs a card -->\n\n```sh\nz\n```\n```\nplain\n```\n";
    let found = blocks(text).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!((found[0].line, found[0].how.exit), (3, 2));
    let typed = Command {
        typed: "pipe x \\\ny".into(),
        printed: vec!["no".into()],
    };
    assert_eq!(commands(&found[0]), [typed]);
    assert_eq!(found[1].how.not_run.as_deref(), Some("needs a card"));
    assert_eq!(found[2].how, How::default());
    assert_eq!(prose(text), [(1, "A"), (8, ""), (10, "")]);
    assert!(blocks("<!-- run: exti 2 -->\n").is_err());
    assert!(blocks("```\n").is_err());
}
