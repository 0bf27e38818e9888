//! Which fragments may declare what, and every way in which one could reach further.

use super::*;

const RULES: &str = "  include: [../catalog, ../partners/**/*.yaml]
  audiences: {eu: [], us: []}
  identityProviders: {okta: Okta}
  userGroups: [{name: Gold Tier}, {name: Partners}]
  delegate:
    - {files: ../catalog/finance.yaml, assets: [Finance/*], audiences: [payments]}
    - {files: ../partners/**, userGroups: [Partner *, Partners], joins: [eu], idpGroups: [okta/partner-*]}
";

/// The faults of one fragment under [`RULES`].
fn reach(path: &str, spec: &str) -> String {
    let mut files = vec![
        ("portals/production.yaml", portal(RULES)),
        ("catalog/finance.yaml", fragment("  audiences: {payments: [Gold Tier]}\n")),
        ("partners/acme.yaml", fragment("  userGroups: [{name: Partner Acme}]\n")),
    ];
    files.retain(|(known, _)| *known != path);
    files.push((path, fragment(spec)));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    Repository::new(&files).faults(&["portals/production.yaml"])
}

#[track_caller]
fn allowed(path: &str, spec: &str) {
    assert_eq!(reach(path, spec), "", "{spec}");
}

/// Exactly these messages, each of a reach too far.
#[track_caller]
fn refused(path: &str, spec: &str, messages: &[&str]) {
    let told = reach(path, spec);
    let found: Vec<&str> =
        told.lines().filter_map(|line| line.split_once(" error[not-delegated]: ")).map(|it| it.1).collect();
    assert_eq!(found, messages, "{told}");
    assert_eq!(told.matches(" error[").count(), messages.len(), "{told}");
}

#[test]
fn what_the_rules_allow_is_no_fault() {
    allowed(
        "partners/new/zephyr.yaml",
        "  userGroups:
    - name: Partner Zephyr
      parent: Partners
      formerly: [Partner Zeppelin]
      joins: [eu]
      idpGroups: [{provider: okta, group: partner-zephyr/all}]
      children: [{name: Partner Zephyr Desk, joins: [eu]}]
    - {name: Partner Vortex, state: absent, disableMembers: true}
    - {name: Partner Umbra, idpGroups: []}
",
    );
    // Whom a team shows its own assets is the team's own matter.
    allowed(
        "catalog/finance.yaml",
        "  audiences: {payments: [Gold Tier, system:guests]}
  defaults: {assets: {instances: All, versions: {'*': [audience:eu]}}}
  assets:
    - {asset: Finance/payment-api, versions: {v1: [system:guests, Gold Tier, 'audience:us']}}
    - {asset: Finance/old-api, state: absent}
    - {asset: Finance/odd-api, state: unmanaged}
",
    );
}

#[test]
fn a_fault_names_the_rule_and_what_it_allows() {
    insta::assert_snapshot!(reach(
        "partners/acme.yaml",
        "  userGroups: [{name: Gold Tier, joins: [ue, us]}]
  assets: [{asset: Finance/payment-api}]
"
    ), @r#"
    partners/acme.yaml:4:23 error[not-delegated]: this file may not declare the user group `Gold Tier`
      portals/production.yaml:11:15: this rule for the file allows `Partner *`, `Partners` under `userGroups`
      help: allowed here: `Partner *`, `Partners`; if more is meant, whoever owns the Portal adds it to a rule for this file
    partners/acme.yaml:4:23 error[duplicate-group]: the user group `Gold Tier` is declared twice
      portals/production.yaml:8:23: first here
      help: each object is declared in one place; keep one of the entries
    partners/acme.yaml:4:42 error[not-delegated]: this file may not let groups join the audience `ue`
      portals/production.yaml:11:15: this rule for the file allows `eu` under `joins`
      help: did you mean `eu`?
    partners/acme.yaml:4:42 error[unknown-audience]: nobody declares the audience `ue`
      help: did you mean `eu`?
    partners/acme.yaml:4:46 error[not-delegated]: this file may not let groups join the audience `us`
      portals/production.yaml:11:15: this rule for the file allows `eu` under `joins`
      help: allowed here: `eu`; if more is meant, whoever owns the Portal adds it to a rule for this file
    partners/acme.yaml:5:20 error[not-delegated]: this file may not declare the asset `Finance/payment-api`
      portals/production.yaml:11:15: this rule for the file allows no `assets`
      help: if it is meant to, whoever owns the Portal adds `assets` to a rule for this file
    "#);
}

#[test]
fn groups_are_held_to_the_rule_wherever_they_stand() {
    let message = "this file may not declare the user group `Gold`";
    for spec in [
        "  userGroups: [{name: Gold}]\n",
        "  userGroups: [{name: Gold, state: absent}]\n",
        "  userGroups: [{name: Partner A, children: [{name: Partner B, children: [{name: Gold}]}]}]\n",
        "  userGroups: [{name: Partner A, state: absent, children: [{name: Gold, state: absent}]}]\n",
        "  userGroups: [{name: Gold, children: [{name: Partner B}]}]\n",
        "  userGroups: [{name: Gold, formerly: [Partner A]}]\n",
        "  userGroups: &all [{<<: {name: Gold}}]\n",
    ] {
        refused("partners/x.yaml", spec, &[message]);
    }
    refused(
        "partners/x.yaml",
        "  userGroups: [{name: Partner A, formerly: [Partner B, Gold]}]\n",
        &["this file may not rename the user group `Gold`"],
    );
    refused(
        "partners/x.yaml",
        "  userGroups: [{name: Partner A, parent: Gold Tier}]\n",
        &["this file may not put groups under the user group `Gold Tier`"],
    );
    // With regard to case: the hub may not tell these apart, and then they are somebody else's.
    refused(
        "partners/x.yaml",
        "  userGroups: [{name: partner acme}, {name: '${AEHCTL_VAR_STAGE}'}]\n",
        &[
            "this file may not declare the user group `partner acme`",
            "this file may not declare the user group `staging`",
        ],
    );
}

#[test]
fn built_ins_are_meant_by_name_alone() {
    let files = |patterns: &str| {
        let rules = format!(
            "  include: [a.yaml]\n  delegate: [{{files: a.yaml, userGroups: [{patterns}], idpGroups: ['*']}}]\n"
        );
        Repository::new(&[
            ("portal.yaml", &portal(&rules)),
            (
                "a.yaml",
                &fragment(
                    "  userGroups:
    - {name: system:administrators, idpGroups: [{provider: okta, group: all}]}
    - {name: Mine, parent: system:members}
",
                ),
            ),
        ])
        .faults(&["portal.yaml"])
    };
    let far = "error[not-delegated]";
    assert_eq!(files("'*'").matches(far).count(), 2);
    assert_eq!(files("'*', '?ystem:*', '[s]ystem:*'").matches(far).count(), 2);
    assert_eq!(files("'*', system:members").matches(far).count(), 1);
    assert_eq!(files("'*', system:*"), "");
}

#[test]
fn joins_audiences_and_mappings_need_a_word() {
    refused(
        "partners/x.yaml",
        "  userGroups: [{name: Partner A, joins: [us, eu], children: [{name: Partner B, joins: [payments]}]}]\n",
        &[
            "this file may not let groups join the audience `us`",
            "this file may not let groups join the audience `payments`",
        ],
    );
    refused(
        "partners/x.yaml",
        "  audiences: {eu: [Partner A], mine: []}\n",
        &["this file may not declare the audience `eu`", "this file may not declare the audience `mine`"],
    );
    // An audience that is theirs to declare is not theirs to join where somebody else declares it.
    refused(
        "catalog/finance.yaml",
        "  userGroups: [{name: A, joins: [payments]}]\n  audiences: {payments: []}\n",
        &["this file may not declare the user group `A`", "this file may not let groups join the audience `payments`"],
    );
    for (provider, group) in
        [("okta", "everyone"), ("Okta", "partner-a"), ("ldap", "partner-a"), ("okta/partner-", "a")]
    {
        let spec =
            format!("  userGroups: [{{name: Partner A, idpGroups: [{{provider: {provider}, group: {group}}}]}}]\n");
        refused("partners/x.yaml", &spec, &[&format!("this file may not map `{provider}/{group}` to a user group")]);
    }
}

#[test]
fn assets_are_compared_as_they_are_written() {
    let id = "0e000001-0000-4000-8000-000000000002";
    for asset in ["Customs/a", "Finance/EU/a", "finance/a", "XFinance/a", "com.example/a"] {
        for more in ["", ", state: absent", ", state: unmanaged", ", versions: {v1: []}"] {
            let message = format!("this file may not declare the asset `{asset}`");
            refused("catalog/finance.yaml", &format!("  assets: [{{asset: {asset}{more}}}]\n"), &[&message]);
        }
    }
    insta::assert_snapshot!(reach("catalog/finance.yaml", &format!("  assets: [{{asset: {id}/a}}]\n")), @r#"
    catalog/finance.yaml:4:20 error[not-delegated]: this file may not declare the asset `0e000001-0000-4000-8000-000000000002/a`
      portals/production.yaml:10:15: this rule for the file allows `Finance/*` under `assets`
      help: coordinates are compared as they are written, and `Finance/*` means the business group by name: if it is the same one, write it so here too
    "#);
    let under = |pattern: &str, asset: &str| {
        let rules = format!("  include: [a.yaml]\n  delegate: [{{files: a.yaml, assets: ['{pattern}']}}]\n");
        let fragment = fragment(&format!("  assets: [{{asset: {asset}}}]\n"));
        let told = Repository::new(&[("portal.yaml", &portal(&rules)), ("a.yaml", &fragment)]).faults(&["portal.yaml"]);
        told.is_empty()
    };
    for pattern in ["*", "*/*", "*/a", &format!("{id}/*"), &format!("{}/a", id.to_uppercase())] {
        assert!(under(pattern, &format!("{id}/a")), "{pattern}");
    }
    // An id is nobody's name: a pattern for names does not happen to mean it.
    for pattern in ["0*/a", "?*/*", "[0-9]*/*", "0e000001-*/*"] {
        assert!(!under(pattern, &format!("{id}/a")), "{pattern}");
    }
    assert!(under("Finance/EU/*", "Finance/EU/a") && !under("Finance/EU/*", "Finance/a"));
}

#[test]
fn an_empty_section_says_something_too() {
    // It makes objects that were declared elsewhere go, since the section still is there.
    refused("partners/x.yaml", "  assets: []\n", &["this file may not have a section `assets`, not even an empty one"]);
    refused(
        "catalog/finance.yaml",
        "  userGroups: []\n",
        &["this file may not have a section `userGroups`, not even an empty one"],
    );
    allowed("partners/x.yaml", "  userGroups: []\n");
}

#[test]
fn every_document_of_a_file_is_held_to_its_rules() {
    let spec = "  userGroups: [{name: Partner A}]\n---\napiVersion: aehctl.io/v1alpha1\nkind: PortalFragment\nspec:\n  defaults: {assets: {versions: {'*': [system:guests]}}}\n  assets: [{asset: Customs/a}]\n";
    refused("partners/x.yaml", spec, &["this file may not declare the asset `Customs/a`"]);
    // The defaults of one document are nothing to any other.
    let spec = "  defaults: {assets: {versions: {'*': [system:guests]}}}\n";
    allowed("partners/x.yaml", spec);
}

#[test]
fn who_is_in_no_rule_declares_nothing() {
    insta::assert_snapshot!(reach("catalog/customs.yaml", "  assets: [{asset: Customs/a}]\n"), @r#"
    catalog/customs.yaml:2:7 error[undelegated-fragment]: no rule under `delegate` is about this file, so it may declare nothing
      portals/production.yaml:10:5: the rules
      help: a rule for it would begin with `files: ../catalog/customs.yaml`, which is where it really lies
    "#);
    let repository = Repository::new(&[
        ("portal.yaml", &portal("  include: [a.yaml]\n  delegate: []\n  userGroups: [{name: Mine}]\n")),
        ("a.yaml", &fragment("  defaults: {}\n")),
    ]);
    assert!(repository.faults(&["portal.yaml"]).contains("error[undelegated-fragment]"));
}

#[test]
fn rules_about_a_file_add_up_in_any_order() {
    let rules = ["{files: '**', joins: [eu]}", "{files: a.yaml, userGroups: [A]}", "{files: a*, userGroups: [B]}"];
    let fragment = fragment("  userGroups: [{name: A, joins: [eu]}, {name: B}]\n");
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let rules = order.map(|index| rules[index]).join(", ");
        let portal = portal(&format!("  include: [a.yaml]\n  audiences: {{eu: []}}\n  delegate: [{rules}]\n"));
        let repository = Repository::new(&[("portal.yaml", &portal), ("a.yaml", &fragment)]);
        assert_eq!(repository.faults(&["portal.yaml"]), "");
    }
}

#[test]
fn files_are_meant_as_under_include_and_narrower() {
    let is_meant = |files: &str, path: &str| {
        let portal = portal(&format!(
            "  include: ['../**/*.yaml', ../partners/.hidden.yaml]\n  delegate: [{{files: '{files}', userGroups: ['*']}}]\n"
        ));
        let repository = Repository::new(&[
            ("portals/a/portal.yaml", &portal),
            ("portals/partners/.hidden.yaml", &fragment("  defaults: {}\n")),
            (&format!("portals/{path}"), &fragment("  userGroups: [{name: A}]\n")),
        ]);
        let told = repository.faults(&["portals/a/portal.yaml"]);
        !told.contains(&format!("portals/{path}:2:7 error[undelegated-fragment]"))
    };
    for (files, path) in [
        ("x.yaml", "a/x.yaml"),
        ("./x.yaml", "a/x.yaml"),
        ("../partners", "partners/x.yaml"),
        ("../partners/", "partners/x.yaml"),
        ("../partners/*", "partners/x.yaml"),
        ("../partners/**", "partners/x.yaml"),
        ("../partners/**", "partners/y/z/x.yaml"),
        ("../partners/**/*.yaml", "partners/x.yaml"),
        ("../**", "partners/x.yaml"),
    ] {
        assert!(is_meant(files, path), "{files} means {path}");
    }
    for (files, path) in [
        ("../partners", "partners/y/x.yaml"),
        ("../partners/*", "partners/y/x.yaml"),
        ("../partners/*", "partnersx.yaml"),
        ("../partners/**", "partners-of-others/x.yaml"),
        ("../Partners/**", "partners/x.yaml"),
        ("../partners/**", "partners/.hidden.yaml"),
        ("**", "partners/x.yaml"),
    ] {
        assert!(!is_meant(files, path), "{files} does not mean {path}");
    }
}

#[test]
fn rules_with_faults_of_their_own() {
    let repository = Repository::new(&[
        (
            "portal.yaml",
            &portal(
                "  include: [partners/a.yaml]
  delegate:
    - {files: partner/a.yaml, userGroups: ['*']}
    - {files: ../../x.yaml}
    - {files: 'partners/[', assets: [Finance], idpGroups: [okta, 'okta/[']}
    - {files: partners/*, userGroups: ['Partner ['], guards: []}
    - {userGroups: [A]}
    - {files: '**', assets: '*'}
",
            ),
        ),
        ("partners/a.yaml", &fragment("  userGroups: []\n")),
    ]);
    insta::assert_snapshot!(repository.faults(&["portal.yaml"]), @r#"
    portal.yaml:7:15 warning[idle-rule]: no included fragment lies at `partner/a.yaml`
      help: did you mean `partners/a.yaml`?
    portal.yaml:8:15 error[outside-repository]: `../../x.yaml` leads out of the repository
      help: what is found or included lies under `.`
    portal.yaml:9:15 error[bad-pattern]: `partners/[` is not a pattern: invalid range pattern
      help: patterns know `*`, `?`, `[…]` and `**`
    portal.yaml:9:38 error[bad-pattern]: `Finance` has no two parts
      help: write `Finance/*`, or `*` for all
    portal.yaml:9:60 error[bad-pattern]: `okta` has no two parts
      help: write `provider/group`, or `*` for all
    portal.yaml:9:66 error[bad-pattern]: `okta/[` is not a pattern: invalid range pattern
      help: patterns know `*`, `?` and `[…]`; write `[[]` for a bracket
    portal.yaml:10:40 error[bad-pattern]: `Partner [` is not a pattern: invalid range pattern
      help: patterns know `*`, `?` and `[…]`; write `[[]` for a bracket
    portal.yaml:10:54 error[unknown-field]: unknown field `guards`
      help: known here: `files`, `userGroups`, `idpGroups`, `joins`, `audiences`, `assets`
    portal.yaml:11:7 error[missing-field]: the field `files` is missing
      help: add `files: …`, a text
    portal.yaml:12:29 error[wrong-type]: expected a list, found a text
      help: write `["*"]` for a list of one
    partners/a.yaml:2:7 error[not-delegated]: this file may not have a section `userGroups`, not even an empty one
      portal.yaml:10:15: this rule for the file allows no `userGroups`
      portal.yaml:12:15: this rule for the file allows no `userGroups`
      help: if it is meant to, whoever owns the Portal adds `userGroups` to a rule for this file
    "#);
}

#[test]
fn a_rule_that_means_no_file_is_told() {
    let repository = Repository::new(&[
        (
            "portal.yaml",
            &portal(
                "  include: [partners/a.yaml]\n  delegate: [{files: partners/**, userGroups: ['*']}, {files: partner/a.yaml}]\n",
            ),
        ),
        ("partners/a.yaml", &fragment("  userGroups: []\n")),
    ]);
    insta::assert_snapshot!(repository.faults(&["portal.yaml"]), @r#"
    portal.yaml:6:63 warning[idle-rule]: no included fragment lies at `partner/a.yaml`
      help: did you mean `partners/a.yaml`?
    "#);
}

#[test]
fn each_portal_has_its_own_rules_and_a_fragment_has_none() {
    let repository = Repository::new(&[
        ("open.yaml", &portal("  include: [a.yaml]\n").replace("developer-portal", "open")),
        ("closed.yaml", &portal("  include: [a.yaml]\n  delegate: []\n").replace("developer-portal", "closed")),
        ("a.yaml", &fragment("  userGroups: [{name: A}]\n  delegate: [{files: '**', userGroups: ['*']}]\n")),
    ]);
    insta::assert_snapshot!(repository.faults(&["open.yaml", "closed.yaml"]), @r#"
    a.yaml:2:7 error[undelegated-fragment]: no rule under `delegate` is about this file, so it may declare nothing
      closed.yaml:6:13: the rules
      closed.yaml:3:18: in this Portal
      help: a rule for it would begin with `files: a.yaml`, which is where it really lies
    a.yaml:5:3 error[unknown-field]: unknown field `delegate`
      help: this belongs in a `kind: Portal`; a fragment holds what portals share
    "#);
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_moves_no_file_into_a_rule_and_none_out_of_it() {
        let repository = Repository::new(&[
            (
                "portal.yaml",
                &portal(
                    "  include: [partners/*.yaml, linked/*.yaml, named.yaml]
  delegate: [{files: partners/**, userGroups: [Partner *]}, {files: [named.yaml]}, {files: linked, userGroups: ['*']}]
"
                    .replace("[named.yaml]}", "named.yaml, userGroups: ['*']}")
                    .as_str(),
                ),
            ),
            ("teams/a.yaml", &fragment("  userGroups: [{name: Team A}]\n")),
            ("partners/b.yaml", &fragment("  userGroups: [{name: Partner B}, {name: Gold}]\n")),
        ]);
        let link = |to: &str, at: &str| symlink(to, repository.path().join(at)).expect("a link can be made");
        // What lies with the partners is still the teams', and a rule that names a link means nothing.
        link("../teams/a.yaml", "partners/a.yaml");
        link("partners/b.yaml", "named.yaml");
        link("partners", "linked");
        insta::assert_snapshot!(repository.faults(&["portal.yaml"]), @r#"
        portal.yaml:6:69 warning[idle-rule]: no included fragment lies at `named.yaml`
          help: included here: `partners/b.yaml`, `teams/a.yaml`
        portal.yaml:6:109 warning[idle-rule]: no included fragment lies at `linked`
          help: included here: `partners/b.yaml`, `teams/a.yaml`
        partners/b.yaml:4:42 error[not-delegated]: this file may not declare the user group `Gold`
          portal.yaml:6:22: this rule for the file allows `Partner *` under `userGroups`
          help: allowed here: `Partner *`; if more is meant, whoever owns the Portal adds it to a rule for this file
        teams/a.yaml:2:7 error[undelegated-fragment]: no rule under `delegate` is about this file, so it may declare nothing
          portal.yaml:6:13: the rules
          help: a rule for it would begin with `files: teams/a.yaml`, which is where it really lies
        "#);
    }
}

#[test]
fn many_faults_stay_readable_and_quick() {
    let lines = |count, line: fn(usize) -> String| (0..count).map(line).collect::<Vec<_>>().concat();
    let rules = lines(500, |number| format!("    - {{files: a.yaml, userGroups: [G{number}]}}\n"));
    let assets = lines(5_000, |number| format!("    - {{asset: Customs/a{number}}}\n"));
    let repository = Repository::new(&[
        ("portal.yaml", &portal(&format!("  include: [a.yaml]\n  delegate:\n{rules}"))),
        ("a.yaml", &fragment(&format!("  assets:\n{assets}"))),
    ]);
    let Loaded { diagnostics, .. } = repository.load(&["portal.yaml"]);
    assert!(diagnostics.len() < 1_010, "{}", diagnostics.len());
    assert!(diagnostics.iter().all(|diagnostic| diagnostic.related.len() <= 3));
}
