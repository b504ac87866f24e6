//! What a program leaves in its folder of outputs: links, and another thing in its place.

use super::workspace::Workspace;

#[test]
fn a_program_that_removes_its_folder_has_made_nothing_and_links_to_files_elsewhere_are_copied() {
    let space = Workspace::new();
    let manifest = |run: &str| {
        format!("[stage.made]\nkind = \"command\"\nrun = '''{run}'''\noutputs = [\"a\"]\n")
    };
    space.write("elsewhere/a", "there");
    space.write(
        "c.toml",
        manifest("rm -r {out} && ln -s \"$PWD/elsewhere\" {out}"),
    );
    let run = space.run("c.toml", &[]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.error().contains("put something else in its place"),
        "{}",
        run.error()
    );
    space.write("c.toml", manifest("ln elsewhere/a {out}/a"));
    space.run_well("c.toml");
    space.write("elsewhere/a", "changed");
    assert_eq!(space.read("runs/c/made/a"), "there");
    assert_eq!(space.run_well("c.toml").executed(), [""; 0]);
    assert!(space.stdout(&["cache", "verify"]).contains("intact"));
}
