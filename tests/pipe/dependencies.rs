//! Dependencies keep to `deny.toml` and to the declared Rust version, as far as can be checked without network.

use std::iter::Peekable;
use std::process::Command;
use std::str::SplitWhitespace;

use serde::Deserialize;

/// The part of `deny.toml` that is checked here.
#[derive(Deserialize)]
struct Policy {
    graph: Graph,
    licenses: Licenses,
    sources: Sources,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// What `cargo metadata` prints.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// None for packages of this repository.
    source: Option<String>,
    rust_version: Option<String>,
}

fn policy() -> Policy {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml");
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// All packages that builds for the platforms of `policy` use; none where Cargo has not downloaded them.
fn packages(policy: &Policy) -> Option<Vec<Package>> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--format-version", "1", "--all-features"])
        .args(["--locked", "--offline"])
        .args(
            policy
                .graph
                .targets
                .iter()
                .flat_map(|target| ["--filter-platform", target]),
        )
        .output()
        .unwrap();
    if !output.status.success() {
        pipe_foundation::test_support::skipped(format_args!(
            "`cargo metadata --offline` fails (`cargo fetch --locked` downloads what it needs):\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
        return None;
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).unwrap();
    assert!(metadata.packages.len() > 100);
    Some(metadata.packages)
}

/// Packages whose licence `policy` does not allow, each with what it says.
fn refused_licences(packages: &[Package], policy: &Policy) -> Vec<String> {
    packages
        .iter()
        .filter(|package| {
            let licence = package.license.as_deref();
            !licence.is_some_and(|licence| is_allowed(licence, &policy.licenses.allow))
        })
        .map(|package| {
            format!(
                "{} {}: {:?}",
                package.name, package.version, package.license
            )
        })
        .collect()
}

/// Whether an SPDX expression leaves a choice of licences that are all in `allowed`; false where it is malformed.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    // Old packages write `A/B` for `A OR B`.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any_of(&mut words, allowed) == Some(true) && words.next().is_none()
}

type Words<'a> = Peekable<SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut holds = all_of(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        holds |= all_of(words, allowed)?;
    }
    Some(holds)
}

fn all_of(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut holds = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, allowed)?;
    }
    Some(holds)
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let word = words.next()?;
    if word == "(" {
        let holds = any_of(words, allowed)?;
        return words.next_if_eq(&")").map(|_| holds);
    }
    let mut licence = word.to_string();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next()?);
    }
    Some(allowed.contains(&licence))
}

#[test]
fn licences_are_allowed() {
    let policy = policy();
    let Some(packages) = packages(&policy) else {
        return;
    };
    let refused = refused_licences(&packages, &policy);
    assert!(refused.is_empty(), "not allowed by deny.toml: {refused:#?}");
    // What no package needs any more is removed.
    for licence in &policy.licenses.allow {
        let named = |package: &Package| {
            let licences = package.license.as_deref().unwrap_or_default();
            licences.contains(licence.as_str())
        };
        assert!(packages.iter().any(named), "no package is under {licence}");
    }
}

#[test]
fn a_licence_that_is_not_allowed_is_found() {
    let policy = policy();
    let made_up = |license: Option<&str>| Package {
        name: "made_up".into(),
        version: "1.0.0".into(),
        license: license.map(Into::into),
        source: None,
        rust_version: None,
    };
    for allowed in [
        "MIT",
        "MIT/GPL-3.0-only",
        "GPL-3.0-only OR (MIT AND Zlib)",
        "(MIT OR GPL-3.0-only) AND Unicode-3.0",
        "GPL-2.0-only WITH Classpath-exception-2.0 OR ISC",
    ] {
        let refused = refused_licences(&[made_up(Some(allowed))], &policy);
        assert!(refused.is_empty(), "{refused:?}");
    }
    for refused in [
        None,
        Some(""),
        Some("GPL-3.0-only"),
        Some("MIT AND GPL-3.0-only"),
        Some("GPL-3.0-only OR (MIT AND AGPL-3.0-only)"),
        Some("Apache-2.0 WITH LLVM-exception"),
        Some("MIT OR"),
        Some("(MIT"),
        Some("MIT Apache-2.0"),
    ] {
        let told = refused_licences(&[made_up(refused)], &policy);
        assert_eq!(told, [format!("made_up 1.0.0: {refused:?}")]);
    }
}

#[test]
fn packages_come_from_allowed_registries() {
    let policy = policy();
    let Some(packages) = packages(&policy) else {
        return;
    };
    for package in &packages {
        let Some(source) = &package.source else {
            continue;
        };
        let registry = source.strip_prefix("registry+").unwrap_or(source);
        assert!(
            policy.sources.allow_registry.iter().any(|r| r == registry),
            "{} comes from {source}",
            package.name
        );
    }
}

#[test]
fn no_package_needs_a_newer_rust_than_is_declared() {
    let Some(packages) = packages(&policy()) else {
        return;
    };
    let numbers = |version: &str| {
        let mut numbers = version.split('.').map(|number| number.parse().unwrap());
        [(); 3].map(|()| numbers.next().unwrap_or(0_u32))
    };
    let declared = numbers(env!("CARGO_PKG_RUST_VERSION"));
    for package in &packages {
        let needed = package.rust_version.as_deref().map_or([0; 3], numbers);
        assert!(
            needed <= declared,
            "{} {} needs Rust {needed:?}, declared is {declared:?}",
            package.name,
            package.version
        );
    }
}
