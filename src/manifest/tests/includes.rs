//! Which files are loaded, and which are not.

use super::*;

#[test]
fn files_folders_and_patterns_count_once() {
    let repository = Repository::new(&[
        ("portals/production.yaml", &portal("  include: [../catalog, '../catalog/a*.yaml', ../partners/**/*.yaml]\n")),
        ("catalog/a.yaml", &fragment("  userGroups: [{name: A}]\n")),
        ("catalog/b.yml", &fragment("  userGroups: [{name: B}]\n")),
        ("catalog/deeper/c.yaml", &fragment("  userGroups: [{name: not included}]\n")),
        ("catalog/.hidden.yaml", "nonsense"),
        ("catalog/README.md", "# nonsense"),
        ("partners/x/y/z.yaml", &fragment("  userGroups: [{name: Z}]\n")),
    ]);
    let manifest = repository.manifest(&["portals", "portals/production.yaml", "portals/../portals"]);
    assert_eq!(manifest.user_groups.map(|groups| groups.len()), Some(3));
}

#[test]
fn a_folder_is_read_on_its_surface_and_lonely_fragments_are_told() {
    let repository = Repository::new(&[
        ("all/portal.yaml", &format!("{}---\n{}", portal("  include: [a.yaml]\n"), fragment("  assets: []\n"))),
        ("all/a.yaml", &fragment("  assets: []\n")),
        ("all/lonely.yaml", &fragment("  assets: []\n")),
        ("all/empty.yaml", "# nothing here\n"),
        ("all/deeper/nonsense.yaml", "nonsense"),
        ("all/folder.yaml/nonsense.yaml", "nonsense"),
    ]);
    insta::assert_snapshot!(repository.faults(&["all"]), @r#"
    all/empty.yaml:1:1 warning[empty-file]: the file holds no document
      help: is it meant to be here?
    all/lonely.yaml:2:7 warning[unused-fragment]: no Portal includes this fragment
      help: it has no effect here; name its file in a Portal's `include`
    all/portal.yaml:8:7 warning[unused-fragment]: no Portal includes this fragment
      help: a file does not include itself; put the fragment into a file of its own
    "#);
}

#[test]
fn includes_that_are_refused() {
    let repository = Repository::new(&[
        (
            "portals/one.yaml",
            &portal(
                "  include:
    - ../../outside.yaml
    - /etc/*.yaml
    - ../*/../../x.yaml
    - one.yaml
    - two.yaml
    - missing.yaml
    - '*.yml'
    - ../empty
    - ../[
",
            ),
        ),
        ("portals/two.yaml", &portal("  target: {}\n").replace("developer-portal", "two")),
        ("empty/README.md", ""),
    ]);
    insta::assert_snapshot!(repository.faults(&["portals/one.yaml"]), @r#"
    portals/one.yaml:6:7 error[outside-repository]: `../../outside.yaml` leads out of the repository
      help: what is found or included lies under `.`
    portals/one.yaml:7:7 error[outside-repository]: `/etc/*.yaml` leads out of the repository
      help: what is found or included lies under `.`
    portals/one.yaml:8:7 error[outside-repository]: `../*/../../x.yaml` leads out of the repository
      help: what is found or included lies under `.`
    portals/one.yaml:9:7 error[bad-include]: `one.yaml` includes the file that it stands in
      help: name the fragments, or put them into a folder of their own
    portals/one.yaml:10:7 error[bad-include]: `two.yaml` includes `portals/two.yaml`, which holds a Portal
      portals/two.yaml:3:18: this Portal
      help: a Portal includes fragments alone
    portals/one.yaml:11:7 error[unreadable-file]: cannot read `portals/missing.yaml`: No such file or directory (os error 2)
    portals/one.yaml:12:7 error[no-files]: `*.yml` stands for no YAML file
      help: a folder stands for the `*.yaml` and `*.yml` files directly in it
    portals/one.yaml:13:7 error[no-files]: `../empty` stands for no YAML file
      help: a folder stands for the `*.yaml` and `*.yml` files directly in it
    portals/one.yaml:14:7 error[bad-pattern]: `../[` is not a pattern: invalid range pattern
      help: patterns know `*`, `?`, `[…]` and `**`
    "#);
}

#[test]
fn paths_that_lead_nowhere() {
    let repository = Repository::new(&[("empty/README.md", "")]);
    insta::assert_snapshot!(repository.faults(&["missing.yaml", "empty"]), @r#"
    nowhere error[unreadable-file]: cannot read `missing.yaml`: No such file or directory (os error 2)
    nowhere error[no-files]: `empty` stands for no YAML file
      help: a folder stands for the `*.yaml` and `*.yml` files directly in it
    "#);
}

#[test]
fn two_portals_of_one_name() {
    let repository = Repository::new(&[("a.yaml", &portal("  target: {}\n")), ("b.yaml", &portal("  target: {}\n"))]);
    insta::assert_snapshot!(repository.faults(&["a.yaml", "b.yaml"]), @r#"
    b.yaml:3:18 error[duplicate-portal]: two Portals are called `developer-portal`
      a.yaml:3:18: first here
      help: the name begins the address of every object, so each Portal needs its own
    "#);
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_out_of_the_repository_is_not_followed() {
        let outside = Repository::new(&[("secret.yaml", "secret")]);
        let repository = Repository::new(&[
            ("portal.yaml", &portal("  include: [linked.yaml, 'folder/*']\n")),
            ("named/ok.yaml", &fragment("  assets: []\n")),
        ]);
        symlink(outside.path().join("secret.yaml"), repository.path().join("linked.yaml")).expect("a link can be made");
        symlink(outside.path(), repository.path().join("folder")).expect("a link can be made");
        symlink(outside.path().join("secret.yaml"), repository.path().join("named/x.yaml"))
            .expect("a link can be made");
        let told = repository.faults(&["portal.yaml", "named"]);
        assert_eq!(told.matches("error[outside-repository]").count(), 3, "{told}");
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn a_link_inside_the_repository_is_the_file_that_it_leads_to() {
        let repository = Repository::new(&[
            ("portal.yaml", &portal("  include: [a.yaml, b.yaml]\n")),
            ("a.yaml", &fragment("  userGroups: [{name: A}]\n")),
        ]);
        symlink("a.yaml", repository.path().join("b.yaml")).expect("a link can be made");
        repository.manifest(&["portal.yaml"]);
    }

    #[test]
    fn a_loop_of_links_ends() {
        let repository = Repository::new(&[]);
        symlink("b.yaml", repository.path().join("a.yaml")).expect("a link can be made");
        symlink("a.yaml", repository.path().join("b.yaml")).expect("a link can be made");
        assert!(repository.faults(&["a.yaml"]).contains("error[unreadable-file]: cannot read `a.yaml`"));
    }

    #[test]
    fn a_device_ends_too() {
        assert!(Repository::new(&[]).faults(&["/dev/zero"]).contains("larger than 32 MiB"));
    }
}

#[test]
fn without_a_repository_a_file_reaches_its_own_folder() {
    let repository = Repository::new(&[
        ("portals/one.yaml", &portal("  include: [near.yaml, ../far.yaml]\n")),
        ("portals/near.yaml", &fragment("  assets: []\n")),
        ("far.yaml", &fragment("  assets: []\n")),
        ("elsewhere/x.yaml", ""),
    ]);
    fs::remove_dir(repository.path().join(".git")).expect("the folder can be removed");
    let load_from = |folder: &str| {
        let working_directory = repository.path().join(folder);
        let paths = [repository.path().join("portals/one.yaml")];
        load(&paths, &LoadOptions { environment: &environment, working_directory })
    };
    assert!(!load_from(".").has_errors(), "the working directory holds all of it");
    let loaded = load_from("elsewhere");
    assert_eq!(loaded.diagnostics.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["outside-repository"]);
}

#[cfg(unix)]
#[test]
fn odd_names_hide_nothing_from_a_pattern() {
    use std::os::unix::ffi::OsStrExt as _;
    let repository = Repository::new(&[
        ("portal.yaml", &portal("  include: ['**/*.yaml', .catalog/*.yaml]\n")),
        ("a/one.yaml", &fragment("  userGroups: [{name: One}]\n")),
        ("a/.hidden/two.yaml", "nonsense"),
        ("a/.three.yaml", "nonsense"),
        (".catalog/four.yaml", &fragment("  userGroups: [{name: Four}]\n")),
    ]);
    let odd = repository.path().join("a").join(std::ffi::OsStr::from_bytes(b"\xff.yaml"));
    fs::write(odd, "nonsense").expect("a file can be written");
    let told = repository.faults(&["portal.yaml"]);
    assert_eq!(told.lines().count(), 2, "the pattern matches the file that it stands in, and no more: {told}");
    assert!(told.contains("error[bad-include]"), "{told}");
    assert_eq!(repository.load(&["portal.yaml"]).sources.len(), 3);
}
