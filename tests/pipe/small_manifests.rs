//! Small manifests that ask for more than a machine has: each is told which limit it meets, at once and within little
//! memory. What somebody may mean still works.

use std::fmt::Write as _;

use super::bounded::{assert_says, refused, run_large, told};
use super::workspace::Workspace;

const ONE: &str = "[stage.one]\nkind = \"command\"\nrun = \"echo > {out}/a\"\noutputs = [\"a\"]\n";

/// A stage called `one` with a variant for each combination of `axes`.
fn varied(axes: &[&str]) -> String {
    let uses = axes.iter().map(|axis| format!(" ${{matrix.{axis}}}"));
    let uses: String = uses.collect();
    ONE.replace("echo", &format!("echo{uses}"))
}

pub fn numbers(count: usize) -> String {
    let numbers: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(", "))
}

pub fn space(text: &str) -> Workspace {
    Workspace::with_manifest("m.toml", text)
}

/// A manifest that `pipe plan` refuses because of `limit`; the option that it names is returned.
pub fn meets(space: &Workspace, limit: &str) -> String {
    let said = refused(space, &["plan", "m.toml"]);
    assert_says(&said, "manifest::limit");
    let most = pipe_engine::manifest::Limits::default().all();
    let most = most.iter().find(|known| known.name == limit).unwrap().most;
    let most = pipe_foundation::grouped(most);
    assert_says(&said, &format!("the limit `{limit}` is {most}"));
    let (_, option) = said.split_once(&format!("--limit {limit}=")).expect(&said);
    let value = option.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    format!("{limit}={value}")
}

#[test]
fn includes_that_double_are_not_all_read() {
    let space = Workspace::new();
    for depth in 0..60 {
        let next = depth + 1;
        let twice = format!("include = [\"i{next}.toml\", \"i{next}.toml\"]\n");
        space.write(&format!("i{depth}.toml"), twice);
    }
    space.write("i60.toml", ONE);
    space.write("m.toml", "include = \"i0.toml\"");
    assert_eq!(meets(&space, "include_depth"), "include_depth=64");
    space.write("m.toml", "include = \"i40.toml\"");
    assert_eq!(meets(&space, "includes"), "includes=2000");
    space.write("m.toml", "include = \"i53.toml\"");
    assert_says(&told(&space, &["plan", "m.toml"]), "one");
}

#[test]
fn includes_may_be_nested_as_deep_as_is_asked_for() {
    let space = Workspace::new();
    let count = 20_000;
    for depth in 0..count {
        let text = format!(
            "include = \"{}.toml\"\nvars.v{depth} = {depth}\n",
            depth + 1
        );
        space.write(&format!("{depth}.toml"), text);
    }
    space.write(&format!("{count}.toml"), ONE);
    space.write("m.toml", "include = \"0.toml\"");
    meets(&space, "include_depth");
    let raised = ["include_depth=40000", "includes=40000"];
    let raised = raised.map(|limit| format!("--limit={limit}"));
    let arguments = [
        &["plan", "m.toml"][..],
        &raised.each_ref().map(String::as_str),
    ]
    .concat();
    assert_says(&told(&space, &arguments), "one");
}

#[test]
fn variables_do_not_grow_without_bounds() {
    let mut text = String::from("[vars]\nv0 = \"0123456789\"\n");
    for index in 1..=12 {
        let ten = format!("${{v{}}}", index - 1).repeat(10);
        let _ = writeln!(text, "v{index} = \"{ten}\"");
    }
    text.push_str(&ONE.replace("echo", "echo ${v12}"));
    assert_eq!(meets(&space(&text), "value_bytes"), "value_bytes=8388608");

    // The same with lists.
    let mut text = String::from("[vars]\nv0 = [1]\n");
    for index in 1..=12 {
        let ten = vec![format!("\"${{v{}}}\"", index - 1); 10].join(", ");
        let _ = writeln!(text, "v{index} = [{ten}]");
    }
    meets(&space(&(text + ONE)), "value_bytes");

    // Many that are just small enough.
    let mut text = format!("[vars]\nv = \"{}\"\n", "x".repeat(100_000));
    for index in 0..1000 {
        let _ = writeln!(text, "v{index} = \"{}\"", "${v}".repeat(30));
    }
    meets(&space(&(text + ONE)), "expanded_bytes");

    // In every variant.
    let wide = ONE.replace("echo", &format!("echo ${{matrix.n}} {}", "${v}".repeat(30)));
    let text = format!(
        "[vars]\nv = \"{}\"\n[matrix]\nn = {}\n{wide}",
        "x".repeat(100_000),
        numbers(1000)
    );
    meets(&space(&text), "expanded_bytes");
}

#[test]
fn variables_do_not_nest_without_bounds() {
    let mut text = String::from("[vars]\nv0 = [1]\n");
    for index in 1..=20_000 {
        let _ = writeln!(text, "v{index} = [\"${{v{}}}\"]", index - 1);
    }
    let said = refused(&space(&(text + ONE)), &["plan", "m.toml"]);
    assert_says(&said, "nested more than 64 deep");
    let said = refused(
        &space(&format!("[vars]\na = \"${{a}}\"\n{ONE}")),
        &["plan", "m.toml"],
    );
    assert_says(&said, "unknown variable `${a}`");
}

#[test]
fn combinations_are_counted_and_not_made() {
    let hundred = numbers(100);
    let text = format!(
        "[matrix]\na = {hundred}\nb = {hundred}\nc = {hundred}\n{}",
        varied(&["a", "b", "c"])
    );
    assert_eq!(meets(&space(&text), "variants"), "variants=1000000");

    let axes = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let fifty = numbers(50);
    let lists: String = axes
        .iter()
        .map(|axis| format!("{axis} = {fifty}\n"))
        .collect();
    let text = format!("[matrix]\n{lists}{}", varied(&axes));
    assert_eq!(
        meets(&space(&text), "variants"),
        "variants=97656250000000000"
    );

    // Excluded or not.
    let text = format!(
        "[matrix]\nexclude = [{{ a = 1 }}]\n{lists}{}",
        varied(&axes)
    );
    meets(&space(&text), "variants");

    // Axes that stages inherit from those that they take.
    let text = format!(
        "[matrix]\na = {hundred}\nb = {hundred}\nc = {hundred}\n\
        [stage.speech]\nkind = \"ingest\"\ncorpora = \"made${{matrix.a}}\"\nsplit = \"train\"\n\
        [stage.audio]\nkind = \"resample\"\ninput = \"speech\"\nrate_hz = \"${{matrix.b}}\"\n\
        [stage.fbank]\nkind = \"fbank\"\ninput = \"audio\"\nbins = \"${{matrix.c}}\"\n"
    );
    assert_eq!(meets(&space(&text), "variants"), "variants=1000000");
}

#[test]
fn described_axes_are_counted_before_they_are_made() {
    let items: Vec<String> = (0..8)
        .map(|item| format!("{{ name = \"{item}\" }}"))
        .collect();
    let with: Vec<String> = (0..500)
        .map(|item| format!("{{ name = \"w{item}\" }}"))
        .collect();
    let text = format!(
        "[matrix.n]\nsubsets_of = [{}]\neach_with = [{}]\n{}",
        items.join(", "),
        with.join(", "),
        varied(&["n"])
    );
    assert_eq!(meets(&space(&text), "axis_values"), "axis_values=127500");
    let text = format!(
        "[matrix.n]\nleave_one_out = {}\n{}",
        numbers(9000),
        varied(&["n"])
    );
    meets(&space(&text), "expanded_bytes");
}

#[test]
fn values_and_variants_that_are_meant_work_and_more_are_refused() {
    let text = |count: usize| format!("[matrix]\nn = {}\n{}", numbers(count), varied(&["n"]));
    assert_eq!(
        meets(&space(&text(20_000)), "axis_values"),
        "axis_values=20000"
    );
    let said = told(&space(&text(10_000)), &["plan", "m.toml"]);
    assert_says(&said, "10000");
    let hundred = numbers(100);
    let text = format!(
        "[matrix]\na = {hundred}\nb = {hundred}\n{}",
        varied(&["a", "b"])
    );
    assert_says(&told(&space(&text), &["plan", "m.toml"]), "10000");
    // Also where a stage is limited to a list of them.
    let some: Vec<String> = (0..5000).map(|number| (2 * number).to_string()).collect();
    let only = format!("only = {{ n = [{}] }}\n", some.join(", "));
    let text = format!(
        "[matrix]\nn = {}\n{}{only}",
        numbers(10_000),
        varied(&["n"])
    );
    assert_says(&told(&space(&text), &["plan", "m.toml"]), "5000 steps");
    // A limit can be raised, and lowered.
    let text = format!("[matrix]\nn = {}\n{}", numbers(12), varied(&["n"]));
    let space = space(&text);
    let said = refused(&space, &["plan", "m.toml", "--limit", "variants=11"]);
    assert_says(&said, "`one` has 12 variants; the limit `variants` is 11");
    assert_says(&said, "`--limit variants=12` raises this limit");
    told(&space, &["plan", "m.toml", "--limit", "variants=12"]);
    let said = refused(&space, &["plan", "m.toml", "--limit", "varaints=12"]);
    assert_says(&said, "did you mean `variants`?");
}

#[test]
fn inputs_are_counted() {
    let stages = varied(&["a"])
        + &varied(&["b"]).replace("[stage.one]", "[stage.two]\ninputs = { one = \"one\" }");
    let text = format!("[matrix]\na = {0}\nb = {0}\n{stages}", numbers(5000));
    meets(&space(&text), "inputs");
}

#[test]
fn copies_of_copies_are_counted() {
    let space = Workspace::synthetic("m.toml", "");
    let source = "[stage.a0]\nkind = \"ingest\"\ncorpora = \"near\"\nsplit = \"train\"\n";
    let mut text = source.to_owned();
    for stage in 1..6 {
        let before = stage - 1;
        let _ = write!(
            text,
            "[stage.a{stage}]\nkind = \"augment\"\ninput = \"a{before}\"\ncopies = 100\n"
        );
    }
    space.write("m.toml", &text);
    assert_eq!(meets(&space, "copies"), "copies=10201");
    // Two stages, each of which takes both of the two before it.
    let mut text = source.to_owned() + &source.replace("a0", "b0").replace("near", "far");
    for stage in 1..60 {
        let before = stage - 1;
        for name in ["a", "b"] {
            let _ = write!(
                text,
                "[stage.{name}{stage}]\nkind = \"resample\"\ninput = [\"a{before}\", \"b{before}\"]\n"
            );
        }
    }
    space.write("m.toml", &text);
    assert_eq!(meets(&space, "copies"), "copies=16384");
}

#[test]
fn of_thousands_of_errors_the_first_are_shown() {
    let keys: String = (0..20_000).map(|key| format!("key{key} = 1\n")).collect();
    for text in [format!("{keys}{ONE}"), format!("{ONE}{keys}")] {
        let said = refused(&space(&text), &["plan", "m.toml"]);
        assert_eq!(said.matches("unknown key").count(), 20, "{said}");
        assert_says(&said, "and 19,980 more");
        assert_says(&said, "20,000 errors; nothing was run");
    }
    // Names that many others are near to.
    let mut text = String::new();
    for stage in 0..5000 {
        let _ = write!(
            text,
            "[stage.stage{stage}]\nkind = \"command\"\ninputs = {{ a = \"other{stage}\" }}\nrun = \"x\"\noutputs = [\"a\"]\n"
        );
    }
    let said = refused(&space(&text), &["plan", "m.toml"]);
    assert_eq!(said.matches("unknown stage").count(), 20, "{said}");
    assert_says(&said, "and 4,980 more");
    let mut text = String::from("[vars]\n");
    (0..10_000).for_each(|variable| {
        let _ = writeln!(text, "v{variable} = \"${{w{variable}}}\"");
    });
    let said = refused(&space(&(text + ONE)), &["plan", "m.toml"]);
    assert_says(&said, "and 9,980 more");
    // Syntax errors, and headers that are there twice.
    let headers = "[stage.one]\n".repeat(20_000);
    let said = refused(&space(&headers), &["plan", "m.toml"]);
    assert_says(&said, "is defined twice");
    refused(&space(&"]=".repeat(900_000)), &["plan", "m.toml"]);
    refused(&space(&"[".repeat(1_900_000)), &["plan", "m.toml"]);
}

#[test]
fn long_names_are_cut_in_messages() {
    let long = "x".repeat(1 << 20);
    for text in [
        format!("{long} = 1\n{ONE}"),
        format!("{ONE}{long} = 1\n"),
        format!("[stage.{long}]\nkind = \"{long}\"\n"),
        ONE.replace("echo", &format!("echo ${{{long}}}")),
        ONE.replace("echo", &format!("echo ${{{}}}", ".".repeat(1 << 20))),
        format!("include = \"{long}\"\n{ONE}"),
        format!("name = \"{long}\"\n{ONE}"),
        format!("[matrix]\na = [\"{long}\", \"{long}\"]\n{}", varied(&["a"])),
        format!(
            "[matrix]\na = [1]\nexclude = [{{ a = \"{long}\" }}]\n{}",
            varied(&["a"])
        ),
    ] {
        let said = refused(&space(&text), &["plan", "m.toml"]);
        assert!(said.len() < 20_000, "{}", said.len());
    }
    // A label that would be in every id.
    let text = format!(
        "[matrix]\na = [\"{long}\"]\nb = {}\n{}",
        numbers(1000),
        varied(&["a", "b"])
    );
    meets(&space(&text), "expanded_bytes");
}

#[test]
fn chains_of_any_length_are_read() {
    let chain = |count: usize| {
        let mut text = ONE.replace("one", "s0");
        for stage in 1..count {
            let _ = write!(
                text,
                "[stage.s{stage}]\nkind = \"command\"\ninputs = {{ a = \"s{}\" }}\nrun = \"x\"\noutputs = [\"a\"]\n",
                stage - 1
            );
        }
        text
    };
    let space = space(&chain(100_000));
    meets(&space, "manifest_bytes");
    let raised = ["manifest_bytes=100MB", "stages=100000", "steps=100000"];
    let raised = raised.map(|limit| format!("--limit={limit}"));
    let raised = [
        &["plan", "m.toml"][..],
        &raised.each_ref().map(String::as_str),
    ]
    .concat();
    let ended = run_large(&space, &raised);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_says(&ended.stdout, "100000");
    // A chain that bites its tail.
    space.write(
        "m.toml",
        chain(10_000).replacen("kind", "inputs = { a = \"s9999\" }\nkind", 1),
    );
    let said = refused(&space, &["plan", "m.toml"]);
    assert_says(&said, "comes back to `s0` after");
    // Too many, in few bytes.
    let stages: String = (0..20_000)
        .map(|stage| format!("s{stage} = {{}}\n"))
        .collect();
    space.write("m.toml", format!("[stage]\n{stages}"));
    assert_eq!(meets(&space, "stages"), "stages=20000");
}

#[test]
fn axes_and_exclusions_are_counted() {
    let axes: String = (0..1000).map(|axis| format!("a{axis} = [1]\n")).collect();
    assert_eq!(
        meets(&space(&format!("[matrix]\n{axes}{ONE}")), "axes"),
        "axes=1000"
    );
    let axes: String = (0..60).map(|axis| format!("a{axis} = [1, 2]\n")).collect();
    let mut exclude = String::from("exclude = [");
    for one in 0..60 {
        for other in 0..one {
            let _ = write!(exclude, "{{ a{one} = 1, a{other} = 1 }},");
        }
    }
    meets(
        &space(&format!("[matrix]\n{axes}{exclude}]\n{ONE}")),
        "exclude_sets",
    );
}
