//! No circles of files: a file uses none that uses it, over however many others. The crates among themselves are held by
//! the compiler. Imports are read as text, which is enough for code that `cargo fmt` has laid out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The path of a module inside its crate, such as `["cache", "records"]`.
type Module = Vec<String>;

/// What a file says.
#[derive(Default)]
struct Text {
    /// Names that it defines.
    defines: BTreeSet<String>,
    /// Paths that it imports, each with the name that it goes by, and whether it is passed on.
    imports: Vec<(Vec<String>, String, bool)>,
    /// Words in its code.
    words: BTreeSet<String>,
    /// Paths in its code.
    paths: Vec<Vec<String>>,
    /// Modules that are compiled for tests only.
    test_modules: Vec<String>,
}

/// The files of a crate that are not tests.
struct Files(BTreeMap<Module, Text>);

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text without comments, and without unit tests at its end.
fn code_of(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let mut code = String::new();
    let mut is_test = false;
    for line in lines {
        let opens_tests = line.starts_with("mod ") || line.starts_with("pub(super) mod ");
        if is_test && opens_tests && line.ends_with('{') {
            break;
        }
        is_test = line == "#[cfg(test)]" || (is_test && line.starts_with("#["));
        code.push_str(line);
        code.push('\n');
    }
    code
}

/// The paths of a `use`, each with the name that it goes by.
fn expanded(tree: &str, before: &[String], into: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    let segments = |text: &str| -> Vec<String> {
        let parts = text.split("::").map(|part| part.trim().to_owned());
        before
            .iter()
            .cloned()
            .chain(parts.filter(|part| !part.is_empty()))
            .collect()
    };
    if let Some((head, rest)) = tree.split_once('{') {
        let before = segments(head);
        let (mut depth, mut part) = (0, String::new());
        let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
        for c in inner.chars().chain([',']) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            match c {
                ',' if depth == 0 => expanded(&std::mem::take(&mut part), &before, into),
                c => part.push(c),
            }
        }
        return;
    }
    if tree.is_empty() {
        return;
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (tree, None),
    };
    let mut path = segments(path);
    path.pop_if(|last| last == "self");
    let name = alias.or(path.last().cloned()).unwrap_or_default();
    into.push((path, name));
}

/// What comes before `code`'s next word, without blanks, and that word.
fn word_at(code: &str) -> &str {
    let end = code.find(|c| !is_word(c)).unwrap_or(code.len());
    &code[..end]
}

impl Text {
    fn of(text: &str) -> Self {
        let mut found = Self::default();
        let code = code_of(text);
        let mut rest = String::new();
        // Imports, by statement.
        let mut statements = code.as_str();
        while let Some(at) = statements.find("use ") {
            let before = &statements[..at];
            let starts_word = !before.ends_with(is_word);
            let (Some(end), true) = (statements[at..].find(';'), starts_word) else {
                rest.push_str(&statements[..at + 4]);
                statements = &statements[at + 4..];
                continue;
            };
            let is_public = before.trim_end().rsplit('\n').next().is_some_and(|line| {
                let line = line.trim();
                line.starts_with("pub") && (line == "pub" || line.ends_with(')'))
            });
            let mut paths = Vec::new();
            expanded(&statements[at + 4..at + end], &[], &mut paths);
            let imports = paths
                .into_iter()
                .map(|(path, name)| (path, name, is_public));
            found.imports.extend(imports);
            rest.push_str(before);
            statements = &statements[at + end..];
        }
        rest.push_str(statements);
        found.read_code(&rest);
        found
    }

    fn read_code(&mut self, code: &str) {
        let declares = |line: &&str| line.ends_with(';') && line.contains("mod ");
        let lines = code.lines().filter(|line| !declares(line));
        let words = lines.flat_map(|line| line.split(|c| !is_word(c)));
        self.words = words.map(str::to_owned).collect();
        const DEFINE: [&str; 8] = [
            "struct",
            "enum",
            "fn",
            "const",
            "static",
            "type",
            "trait",
            "macro_rules!",
        ];
        let mut is_test = false;
        for line in code.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2) {
                if DEFINE.contains(&pair[0]) {
                    self.defines.insert(word_at(pair[1]).to_owned());
                }
                if is_test && pair[0] == "mod" {
                    self.test_modules
                        .extend(pair[1].strip_suffix(';').map(String::from));
                }
            }
            is_test = line.starts_with("#[cfg(") && line.contains("test")
                || (is_test && line.starts_with("#["));
        }
        // `pub(in crate::x)` says who may use it, and uses nothing.
        let mut at = 0;
        while let Some(found) = code[at..].find("::") {
            let (colons, before) = (at + found, &code[..at + found]);
            let first = before.len() - before.chars().rev().take_while(|c| is_word(*c)).count();
            let is_start = !code[..first].ends_with("::") && !code[..first].ends_with("(in ");
            let mut end = colons;
            let mut path = vec![before[first..].to_owned()];
            while let Some(after) = code[end..].strip_prefix("::") {
                let word = word_at(after);
                if word.is_empty() {
                    break;
                }
                path.push(word.to_owned());
                end += 2 + word.len();
            }
            if is_start && path.len() > 1 {
                self.paths.push(path);
            }
            at = end.max(colons + 2);
        }
    }
}

impl Files {
    /// Those below the `src` of a crate.
    fn read(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(folder) {
            let entry = entry.unwrap();
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let relative = path.strip_prefix(folder).unwrap().with_extension("");
            let mut module: Module = relative
                .iter()
                .map(|part| part.to_str().unwrap().to_owned())
                .collect();
            module.pop_if(|last| last == "mod" || last == "lib");
            files.insert(module, Text::of(&fs::read_to_string(path).unwrap()));
        }
        Self::without_tests(files)
    }

    fn without_tests(mut files: BTreeMap<Module, Text>) -> Self {
        let tests: Vec<Module> = files
            .iter()
            .flat_map(|(module, text)| {
                let names = text.test_modules.iter();
                names.map(|name| [&module[..], std::slice::from_ref(name)].concat())
            })
            .collect();
        files.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        Self(files)
    }

    /// The path from the root of the crate; none where it leads to another crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut from = module.clone();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([&from[..], rest].concat()),
            "super" => {
                let above = path.iter().take_while(|part| *part == "super").count();
                from.truncate(from.len().checked_sub(above)?);
                Some([&from[..], &path[above..]].concat())
            }
            _ => {
                from.push(first.clone());
                self.0
                    .contains_key(&from)
                    .then(|| [&from[..], rest].concat())
            }
        }
    }

    /// The file that has what `path`, from the root of the crate, names.
    fn file_of(&self, path: &[String], depth: usize) -> Option<Module> {
        let known = (0..=path.len())
            .rev()
            .find(|&end| self.0.contains_key(&path[..end]))?;
        let (module, rest) = (path[..known].to_vec(), &path[known..]);
        let text = &self.0[&module];
        let Some(name) = rest.first() else {
            return Some(module);
        };
        if text.defines.contains(name) {
            return Some(module);
        }
        // What it passes on.
        let deeper = depth.checked_sub(1)?;
        let mut imports = text.imports.iter();
        imports.find_map(|(import, own_name, _)| match own_name {
            own_name if own_name == name => self.file_of(&self.absolute(&module, import)?, deeper),
            own_name if own_name == "*" => {
                let folder = self.absolute(&module, &import[..import.len() - 1])?;
                let path = [&folder[..], rest].concat();
                let file = self.file_of(&path, deeper)?;
                (folder != module && file != folder).then_some(file)
            }
            _ => None,
        })
    }

    /// For each file, those that it uses.
    fn uses(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        const DEEP: usize = 8;
        let uses = self.0.iter().map(|(module, text)| {
            // A folder's own file that only passes on what is in the others does not use it.
            let is_folder = self
                .0
                .keys()
                .any(|other| other.len() > module.len() && other.starts_with(module));
            let imports = text.imports.iter().filter(|(_, name, is_public)| {
                !(is_folder && *is_public) || text.words.contains(name)
            });
            let imports = imports.map(|(path, name, _)| match name == "*" {
                true => &path[..path.len() - 1],
                false => &path[..],
            });
            let paths = imports.chain(text.paths.iter().map(Vec::as_slice));
            let files = paths.filter_map(|path| self.file_of(&self.absolute(module, path)?, DEEP));
            (
                module.clone(),
                files.filter(|file| file != module).collect(),
            )
        });
        uses.collect()
    }

    /// Files that use one another in a circle, one circle for each file that is in one.
    fn circles(&self) -> Vec<String> {
        let uses = self.uses();
        let mut circles = BTreeSet::new();
        for start in uses.keys() {
            // The shortest way back.
            let mut from: BTreeMap<&Module, &Module> = BTreeMap::new();
            let mut reached = vec![start];
            while let Some(module) = (!reached.is_empty()).then(|| reached.remove(0)) {
                for next in &uses[module] {
                    if !from.contains_key(next) {
                        from.insert(next, module);
                        reached.push(next);
                    }
                }
            }
            if !from.contains_key(start) {
                continue;
            }
            let mut way = vec![start.join("/")];
            let mut at = from[start];
            while at != start {
                way.push(at.join("/"));
                at = from[at];
            }
            way.reverse();
            let first = way
                .iter()
                .enumerate()
                .min_by_key(|(_, name)| *name)
                .unwrap()
                .0;
            way.rotate_left(first);
            circles.insert(way.join(" -> "));
        }
        circles.into_iter().collect()
    }
}

#[test]
fn no_files_use_one_another_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(root.join("crates")).unwrap();
    let folders = crates.map(|entry| entry.unwrap().path().join("src"));
    for folder in folders.chain([root.join("src")]) {
        let files = Files::read(&folder);
        assert!(files.0.len() > 3, "{}", folder.display());
        let used: usize = files.uses().values().map(BTreeSet::len).sum();
        assert!(used > files.0.len() / 3, "{}: {used}", folder.display());
        let circles = files.circles();
        assert!(circles.is_empty(), "{}: {circles:#?}", folder.display());
    }
}

#[test]
fn a_circle_of_files_is_found_however_it_is_written() {
    let circles = |files: &[(&str, &str)]| {
        let read = files.iter().map(|(module, text)| {
            let module: Module = module.split('/').map(String::from).collect();
            (module, Text::of(text))
        });
        Files::without_tests(read.collect()).circles()
    };
    let one = ("one", "use super::two::Two;\npub struct One;\n");
    for two in [
        "use crate::one::One;\n",
        "use super::{\n    one::{self, One},\n    three,\n};\n",
        "pub use super::one::One as Other;\n",
        "fn f() { crate::one::One }\n",
        "fn f() -> super::one::One {}\n",
    ] {
        let two = format!("{two}pub struct Two;\n");
        assert_eq!(circles(&[one, ("two", &two)]), ["one -> two"], "{two}");
    }
    // Through a folder that passes it on, and through others.
    let found = circles(&[
        ("a", "mod b;\nmod c;\npub use b::B;\n"),
        ("a/b", "use super::c::C;\npub struct B;\n"),
        ("a/c", "use crate::d::D;\npub struct C;\n"),
        ("d", "use super::a::B;\npub struct D;\n"),
    ]);
    assert_eq!(found, ["a/b -> a/c -> d"]);
    // A folder that passes on what it uses itself.
    let found = circles(&[
        ("a", "mod b;\npub use b::B;\npub struct A(B);\n"),
        ("a/b", "use super::A;\npub struct B;\n"),
    ]);
    assert_eq!(found, ["a -> a/b"]);
    // What tests use, comments, and who may use something are no uses.
    let none = circles(&[
        (
            "one",
            "use super::two::Two;\npub struct One;\n#[cfg(test)]\nmod tests;\n",
        ),
        ("one/tests", "use super::One;\n"),
        (
            "two",
            "// use super::one::One;\npub(in crate::one) struct Two;\n#[cfg(test)]\nmod tests {\n    use super::super::one::One;\n}\n",
        ),
    ]);
    assert!(none.is_empty(), "{none:?}");
}
