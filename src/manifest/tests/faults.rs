//! Every fault of one file, with its place and advice.

use super::*;

#[test]
fn all_faults_of_a_file_at_once() {
    insta::assert_snapshot!(faults_of(
        "  target: {regon: us, environment: production, portal: '${AEHCTL_VAR_NONE}'}
  audiences:
    payments: [Gold Teir, system:member]
  guard: {maxDeletes: 3}
  userGroups:
    - name: Gold Tier
      children:
    - description: nameless
  assets:
    - asset: payment-api
      versions: {v1: Gold Tier, 1.0: [], latest: []}
    - {asset: Finance/old-api, state: absent, instances: Publik}
  members:
    - {user: jane@example.com, enabled: yes}
    - {user: joe@example.com, enabled: 'true', approve: ~}
---
kind: PortalFragment
apiVersion: aehctl.io/v2
spec:
  members: []
---
kind: Portl
---
just a text
"
    ), @r#"
    portal.yaml:5:12 error[unknown-field]: unknown field `regon`
      help: did you mean `region`?
    portal.yaml:5:36 error[unknown-value]: `production` is not a value that this field takes
      help: did you mean `PRODUCTION`?
    portal.yaml:5:57 error[unset-variable]: the environment variable `AEHCTL_VAR_NONE` is not set
      help: set it, or give a default where one is allowed: `${AEHCTL_VAR_NONE:-…}`
    portal.yaml:7:27 error[unknown-system-group]: there is no built-in group `system:member`
      help: did you mean `system:members`?
    portal.yaml:8:3 error[unknown-field]: unknown field `guard`
      help: did you mean `guards`?
    portal.yaml:11:7 error[missing-value]: `children` has no value
      help: leave the key out if it is not to be managed, or write `[]` for none
    portal.yaml:12:7 error[missing-field]: the field `name` is missing
      help: add `name: …`, a text
    portal.yaml:14:14 error[bad-coordinates]: `payment-api` is not an asset's coordinates
      help: write `groupId/assetId`, or a business group's name in place of the id: `Finance/payment-api`
    portal.yaml:15:22 error[wrong-type]: expected a list, found a text
      help: write `[Gold Tier]` for a list of one
    portal.yaml:15:33 error[duplicate-version]: `v1` and `1.0` are one version
      portal.yaml:15:18: first here
      help: `v1`, `1` and `1.0` are spellings of one version; keep one of the entries
    portal.yaml:15:42 error[bad-version]: `latest` is not a minor version
      help: write `v1`, `1` or `1.0`, or `"*"` for every other version
    portal.yaml:16:58 error[unknown-value]: `Publik` is not a value that this field takes
      help: did you mean `Public`?
    portal.yaml:18:41 error[wrong-type]: expected `true` or `false`, found a text
    portal.yaml:19:40 error[wrong-type]: expected `true` or `false`, found a text
      help: leave the quotes out
    portal.yaml:19:48 error[missing-value]: `approve` has no value
      help: expected `true` or `false`; leave the key out if it is not to be managed
    portal.yaml:22:13 error[unknown-value]: `aehctl.io/v2` is not a value that this field takes
      help: known here: `aehctl.io/v1alpha1`
    portal.yaml:24:3 error[unknown-field]: unknown field `members`
      help: this belongs in a `kind: Portal`; a fragment holds what portals share
    portal.yaml:26:7 error[unknown-kind]: unknown kind `Portl`
      help: did you mean `Portal`?
    portal.yaml:28:1 error[wrong-type]: expected a mapping, found a text
    "#);
}

#[test]
fn guards_are_numbers_percentages_and_patterns() {
    insta::assert_snapshot!(faults_of(
        "  guards:
    maxDeletes: many
    maxUpdates: -1
    maxApprovals: 30%
    minAdministrators: []
    maxAdministrators: 3
    protected: [Gold Tier, userGroup/Gold, staging/userGroups/Gold, members/, 'assets/[', assets/x, assets/x]
---
apiVersion: aehctl.io/v1alpha1
kind: PortalFragment
spec:
  guards: {maxDeletes: 100%}
"
    ), @"
    portal.yaml:6:17 error[bad-number]: `many` is neither a number nor a percentage
      help: expected a number like `10`, or a percentage from `0%` to `100%`
    portal.yaml:7:17 error[bad-number]: `-1` is neither a number nor a percentage
      help: expected a number like `10`, or a percentage from `0%` to `100%`
    portal.yaml:8:19 error[bad-number]: `30%` is not a number
      help: expected a number like `10`: a percentage means nothing here
    portal.yaml:9:24 error[wrong-type]: expected a number, found a list
    portal.yaml:10:5 error[unknown-field]: unknown field `maxAdministrators`
      help: did you mean `minAdministrators`?
    portal.yaml:11:17 error[bad-pattern]: `Gold Tier` does not say of which kind the object is
      help: write the kind before the name, e.g. `userGroups/Gold Tier`
    portal.yaml:11:28 error[unknown-object-kind]: `userGroup` is no kind of object
      help: did you mean `userGroups`?
    portal.yaml:11:44 error[other-portal]: `staging/userGroups/Gold` is an address of the portal `staging`, and this one is `developer-portal`
      help: leave the portal out: the address is one of this portal then
    portal.yaml:11:69 error[bad-pattern]: `members/` names no object
      help: write `members/*` for all of the kind
    portal.yaml:11:79 error[bad-pattern]: `assets/[` is not a pattern: invalid range pattern
      help: patterns know `*`, `?` and `[…]`; write `[[]` for a bracket
    portal.yaml:11:101 error[duplicate-entry]: `assets/x` is listed twice
      portal.yaml:11:91: first here
    portal.yaml:14:7 warning[unused-fragment]: no Portal includes this fragment
      help: a file does not include itself; put the fragment into a file of its own
    portal.yaml:16:3 error[unknown-field]: unknown field `guards`
      help: this belongs in a `kind: Portal`; a fragment holds what portals share
    ");
    assert_eq!(
        faults_of(
            "  guards: {maxDeletes: 30%, maxUpdates: '7', maxApprovals: 0, minAdministrators: 2, protected: ['members/*@example.com']}\n"
        ),
        ""
    );
}

#[test]
fn what_is_hidden_is_told_by_coordinates_and_names_of_groups() {
    insta::assert_snapshot!(faults_of(
        "  guards:
    maxAccessLoss: half
    maxAccessGain: []
    neverPublic: [Finance, assets/Finance/x, 'Finance/[', Finance/x, Finance/x, '*', 'pay*']
    neverVisibleTo:
      - {assets: [], userGroups: []}
      - {assets: ['Finance/*']}
      - {assets: ['Finance/*'], userGroups: ['audience:partners', 'system:guest', 'userGroups/Gold', 'Part[', 'Partner *', 'system:*'], tags: [x]}
      - Finance/*
    neverVisible: []
"
    ), @"
    portal.yaml:6:20 error[bad-number]: `half` is neither a number nor a percentage
      help: expected a number like `10`, or a percentage from `0%` to `100%`
    portal.yaml:7:20 error[wrong-type]: expected a number or a percentage, found a list
    portal.yaml:8:19 error[bad-pattern]: `Finance` is not like the coordinates of an asset, `groupId/assetId`
      help: write `Finance/*` for all of a business group
    portal.yaml:8:28 error[bad-pattern]: `assets/Finance/x` is an address, and coordinates are expected
      help: write `Finance/x`
    portal.yaml:8:46 error[bad-pattern]: `Finance/[` is not a pattern: invalid range pattern
      help: patterns know `*`, `?` and `[…]`; write `[[]` for a bracket
    portal.yaml:8:70 error[duplicate-entry]: `Finance/x` is listed twice
      portal.yaml:8:59: first here
    portal.yaml:10:18 error[empty-list]: this names no asset, so it guards nothing
      help: leave the whole entry out if it is not needed
    portal.yaml:10:34 error[empty-list]: this names no group, so it guards nothing
      help: leave the whole entry out if it is not needed
    portal.yaml:11:9 error[missing-field]: the field `userGroups` is missing
      help: add `userGroups: …`, a list
    portal.yaml:12:46 error[misplaced-audience]: `audience:partners` is an audience, not a group
      help: audiences may stand in the versions of assets only; name the groups here
    portal.yaml:12:67 error[unknown-system-group]: there is no built-in group `system:guest`
      help: did you mean `system:guests`?
    portal.yaml:12:83 error[bad-pattern]: `userGroups/Gold` is an address, and the name of a group is expected
      help: write `Gold`
    portal.yaml:12:102 error[bad-pattern]: `Part[` is not a pattern: invalid range pattern
      help: patterns know `*`, `?` and `[…]`; write `[[]` for a bracket
    portal.yaml:12:137 error[unknown-field]: unknown field `tags`
      help: known here: `assets`, `userGroups`
    portal.yaml:13:9 error[wrong-type]: expected a mapping, found a text
    portal.yaml:14:5 error[unknown-field]: unknown field `neverVisible`
      help: did you mean `neverVisibleTo`?
    ");
}

#[test]
fn syntax_costs_its_document_only() {
    insta::assert_snapshot!(faults_of(
        "  audiences: {a: [b}
---
kind: PortalFragment
spec: []
---
'unclosed
"
    ), @r#"
    portal.yaml:5:18 error[syntax]: mismatched bracket '[' closed by '}'
    portal.yaml:7:1 error[missing-field]: the field `apiVersion` is missing
      help: add `apiVersion: …`, a text
    portal.yaml:8:7 error[wrong-type]: expected a mapping, found a list
    portal.yaml:10:1 error[syntax]: unclosed quote
      help: is a closing quote missing?
    "#);
}

#[test]
fn what_people_trip_over_in_yaml() {
    let told: Vec<String> =
        ["a: {*: [x]}", "a:\n\tb: c", "a: @b", "a: b: c", "a: !tag b", "a: *b", "? [a]\n: b", "a: {~: b}", "a: %b"]
            .iter()
            .map(|text| Repository::new(&[("x.yaml", text)]).faults(&["x.yaml"]))
            .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    x.yaml:1:5 error[syntax]: nothing is anchored as `&:` before this place
      help: a text that begins with `*` needs quotes
    x.yaml:1:8 error[syntax]: while parsing a flow mapping, did not find expected ',' or '}'
      help: is a `]`, `}` or `,` missing before this place?

    x.yaml:2:2 error[syntax]: tabs disallowed within this context (block indentation)
      help: indent with spaces

    x.yaml:1:4 error[syntax]: unexpected character: `@'
      help: a text that begins with `@`, a backtick, `%` or another indicator needs quotes

    x.yaml:1:5 error[syntax]: mapping values are not allowed in this context
      help: a text that holds `: ` needs quotes; otherwise look at the indentation

    x.yaml:1:1 error[missing-field]: the field `kind` is missing
      help: a manifest begins with `apiVersion: aehctl.io/v1alpha1` and `kind: Portal`
    x.yaml:1:4 error[syntax]: the tag `!tag` means nothing in a manifest
      help: leave the tag out; a text that begins with `!` needs quotes

    x.yaml:1:1 error[missing-field]: the field `kind` is missing
      help: a manifest begins with `apiVersion: aehctl.io/v1alpha1` and `kind: Portal`
    x.yaml:1:4 error[syntax]: nothing is anchored as `&b` before this place
      help: a text that begins with `*` needs quotes

    x.yaml:1:1 error[missing-field]: the field `kind` is missing
      help: a manifest begins with `apiVersion: aehctl.io/v1alpha1` and `kind: Portal`
    x.yaml:1:3 error[syntax]: a key must be a text
      help: a text that begins with `[` or `{` needs quotes

    x.yaml:1:1 error[missing-field]: the field `kind` is missing
      help: a manifest begins with `apiVersion: aehctl.io/v1alpha1` and `kind: Portal`
    x.yaml:1:5 error[syntax]: a key is missing before `:`
      help: `~` and `null` need quotes as keys

    x.yaml:1:4 error[syntax]: unexpected character: `%'
      help: a text that begins with `@`, a backtick, `%` or another indicator needs quotes
    "#);
}

#[test]
fn keys_stand_once() {
    insta::assert_snapshot!(faults_of("  userGroups: []\n  assets: []\n  'userGroups': []\n  audiences: {a: [], a: []}\n"), @r#"
    portal.yaml:7:3 error[duplicate-key]: the key `userGroups` stands here twice
      portal.yaml:5:3: first here
    portal.yaml:8:22 error[duplicate-key]: the key `a` stands here twice
      portal.yaml:8:15: first here
    "#);
}

#[test]
fn groups_that_cannot_be() {
    let long = "x".repeat(96);
    insta::assert_snapshot!(faults_of(&format!(
        "  userGroups:
    - name: {long}
    - name: ''
    - name: \"bell\\a\"
    - {{name: Here, disableMembers: true}}
    - {{name: Gone, state: absent, description: x, joins: [], idpGroups: [], formerly: [], parent: Here, children: [{{name: Child}}]}}
    - {{name: system:guests, description: x, parent: Here, state: absent}}
    - name: Parent
      children:
        - {{name: system:members}}
        - {{name: Nested, parent: Here}}
    - name: audience:payments
    - {{name: Joins, joins: [a, a]}}
  audiences: {{a: [system:admins, audience:b, Here, Here]}}
"
    )), @r#"
    portal.yaml:6:13 error[name-too-long]: the name has 96 characters
      help: the API takes names of at most 95 characters
    portal.yaml:7:13 error[empty-text]: the text is empty
      help: a name is expected here
    portal.yaml:8:13 error[bad-name]: the name holds the control character U+0007
      help: leave it out
    portal.yaml:9:36 error[misplaced-field]: `disableMembers` needs `state: absent`
      help: with `state: absent` it disables members that are left with no group but built-ins
    portal.yaml:10:48 error[misplaced-field]: `description` may not stand here: an absent group takes `disableMembers` and `children` alone
      help: leave `description` out
    portal.yaml:10:58 error[misplaced-field]: `joins` may not stand here: an absent group takes `disableMembers` and `children` alone
      help: leave `joins` out
    portal.yaml:10:73 error[misplaced-field]: `idpGroups` may not stand here: an absent group takes `disableMembers` and `children` alone
      help: leave `idpGroups` out
    portal.yaml:10:87 error[misplaced-field]: `formerly` may not stand here: an absent group takes `disableMembers` and `children` alone
      help: leave `formerly` out
    portal.yaml:10:99 error[misplaced-field]: `parent` may not stand here: an absent group takes `disableMembers` and `children` alone
      help: leave `parent` out
    portal.yaml:10:123 error[child-of-absent]: `Child` stands under a group that is to be absent
      portal.yaml:10:14: deleted, with all that stands under it
      help: give it `state: absent` too, or move it out; the API moves no groups
    portal.yaml:11:42 error[misplaced-field]: `description` may not stand here: a built-in group takes `idpGroups` and `children` alone
      help: leave `description` out
    portal.yaml:11:53 error[misplaced-field]: `parent` may not stand here: a built-in group takes `idpGroups` and `children` alone
      help: leave `parent` out
    portal.yaml:11:66 error[misplaced-field]: `state` may not stand here: a built-in group takes `idpGroups` and `children` alone
      help: leave `state` out
    portal.yaml:14:18 error[misplaced-group]: a built-in group may not stand under `children`
      help: its place is the portal's own matter; declare it at the top of the list
    portal.yaml:15:34 error[misplaced-field]: `parent` is for entries at the top of the list
      help: the entry stands under its parent already
    portal.yaml:16:13 error[misplaced-audience]: `audience:payments` is an audience, not a group
      help: audiences may stand in the versions of assets only; name the groups here
    portal.yaml:17:32 error[duplicate-entry]: the group joins `a` twice
      portal.yaml:17:29: first here
    portal.yaml:18:19 error[unknown-system-group]: there is no built-in group `system:admins`
      help: known here: `system:administrators`, `system:guests`, `system:members`
    portal.yaml:18:34 error[misplaced-audience]: `audience:b` is an audience, not a group
      help: audiences may stand in the versions of assets only; name the groups here
    portal.yaml:18:52 error[duplicate-entry]: `Here` is listed twice
      portal.yaml:18:46: first here
    "#);
}

#[test]
fn names_of_95_characters_are_fine() {
    manifest_of(&format!("  userGroups: [{{name: {}}}]\n", "ü".repeat(95)));
}

#[test]
fn groups_under_one_another_in_a_circle() {
    insta::assert_snapshot!(faults_of(
        "  userGroups:
    - {name: Self, parent: Self}
    - {name: A, parent: B1}
    - {name: B, parent: A, children: [{name: B1}]}
    - {name: C, parent: A}
"
    ), @r#"
    portal.yaml:6:28 error[cyclic-parent]: `Self` cannot be its own parent
      help: remove the `parent` of one of them
    portal.yaml:8:25 error[cyclic-parent]: these groups stand under one another in a circle: `B` under `A` under `B1`
      portal.yaml:7:14: in the circle
      portal.yaml:8:46: in the circle
      help: remove the `parent` of one of them
    "#);
}

#[test]
fn renames_may_form_a_chain_and_no_circle() {
    insta::assert_snapshot!(faults_of(
        "  audiences: {payments: [B]}
  userGroups:
    - {name: A, formerly: [B]}
    - {name: B, formerly: [C]}
    - {name: Gold, formerly: [Silver]}
    - {name: Silver, formerly: [Gold]}
    - {name: Self, formerly: [Self]}
"
    ), @"
    portal.yaml:9:31 error[rename-circle]: `Silver` is given away and comes back: its renames go round in a circle
      help: names cannot be swapped in one plan: rename one group to a name that nobody has first
    portal.yaml:10:33 error[rename-circle]: `Gold` is given away and comes back: its renames go round in a circle
      help: names cannot be swapped in one plan: rename one group to a name that nobody has first
    portal.yaml:11:31 error[rename-circle]: `Self` is given away and comes back: its renames go round in a circle
      help: names cannot be swapped in one plan: rename one group to a name that nobody has first
    ");
}

#[test]
fn names_that_lead_nowhere() {
    insta::assert_snapshot!(faults_of(
        "  identityProviders: {okta: Okta}
  audiences: {payments: [Gold Teir]}
  userGroups:
    - {name: Gold Tier, formerly: [Premium, Old], idpGroups: [{provider: okat, group: x}, {provider: Okta, group: y}]}
    - {name: Silver, formerly: [Gold, Premium]}
    - {name: Old}
    - {name: Gone, state: absent}
    - {name: Joiner, joins: [payment]}
  assets:
    - {asset: a/b, versions: {v1: [audience:paymentz, Gold Teir], v2: [Gold], '*': [Gone]}}
  members:
    - {user: jane, userGroups: [Premium]}
"
    ), @r#"
    portal.yaml:6:26 warning[undeclared-group]: no group `Gold Teir` is declared here
      help: did you mean `Gold Tier`? If the portal has a group `Gold Teir`, all is well
    portal.yaml:8:45 error[former-name-in-use]: `Old` is a former name, and is declared still
      portal.yaml:10:14: declared here
      help: a rename leaves the old name behind: remove the old entry, or the name under `formerly`
    portal.yaml:8:74 warning[undeclared-provider]: `okat` is no alias of `identityProviders`
      help: did you mean `okta`? If a provider has the name or id `okat`, all is well
    portal.yaml:9:39 error[ambiguous-rename]: `Premium` became two groups
      portal.yaml:8:36: the other rename
    portal.yaml:12:30 error[unknown-audience]: nobody declares the audience `payment`
      help: did you mean `payments`?
    portal.yaml:14:36 error[unknown-audience]: nobody declares the audience `paymentz`
      help: did you mean `payments`?
    portal.yaml:14:72 error[former-name-in-use]: `Gold` is a group's former name
      portal.yaml:9:33: renamed here
      help: use the new name
    portal.yaml:14:85 error[absent-group]: the group `Gone` is to be absent
      portal.yaml:11:14: declared absent
      help: a group that is deleted can see nothing and have no members; remove its name here
    portal.yaml:16:33 error[former-name-in-use]: `Premium` is a group's former name
      portal.yaml:8:36: renamed here
      help: use the new name
    "#);
}

#[test]
fn things_that_are_declared_twice() {
    insta::assert_snapshot!(faults_of(
        "  identityProviders: {okta: Okta}
  userGroups:
    - name: Gold
      idpGroups: [{provider: okta, group: a}, {provider: Okta, group: a}, {provider: okta, group: A}]
    - name: gold
    - name: Gold
  assets:
    - {asset: a/b, versions: {v1: [], 1.0: [], '*': [Gold, Gold]}}
    - {asset: A/b}
    - {asset: a/b, state: absent}
  members:
    - {user: jane@example.com}
    - {user: Jane@Example.com, userGroups: [Gold, Gold]}
  prospects:
    - {emailDomain: a.example, reject: true}
    - {emailDomain: A.Example, approve: {userGroups: []}}
    - {email: jane@a.example, reject: true}
"
    ), @r#"
    portal.yaml:8:71 error[duplicate-entry]: `a` is listed twice
      portal.yaml:8:43: first here
    portal.yaml:8:99 warning[similar-name]: `A` and `a` differ in case alone
      portal.yaml:8:43: the other one
      help: is one of them misspelt?
    portal.yaml:9:13 warning[similar-name]: `gold` and `Gold` differ in case alone
      portal.yaml:7:13: the other one
      help: is one of them misspelt?
    portal.yaml:10:13 error[duplicate-group]: the user group `Gold` is declared twice
      portal.yaml:7:13: first here
      help: each object is declared in one place; keep one of the entries
    portal.yaml:12:39 error[duplicate-version]: `v1` and `1.0` are one version
      portal.yaml:12:31: first here
      help: `v1`, `1` and `1.0` are spellings of one version; keep one of the entries
    portal.yaml:12:60 error[duplicate-entry]: `Gold` is listed twice
      portal.yaml:12:54: first here
    portal.yaml:13:15 warning[similar-name]: `A/b` and `a/b` differ in case alone
      portal.yaml:12:15: the other one
      help: is one of them misspelt?
    portal.yaml:14:15 error[duplicate-asset]: the asset `a/b` is declared twice
      portal.yaml:12:15: first here
      help: each object is declared in one place; keep one of the entries
    portal.yaml:17:14 error[duplicate-member]: `Jane@Example.com` is declared twice
      portal.yaml:16:14: first here
      help: users are told apart without regard to case; keep one of the entries
    portal.yaml:17:51 error[duplicate-entry]: `Gold` is listed twice
      portal.yaml:17:45: first here
    portal.yaml:20:7 error[duplicate-rule]: another rule has the same matcher
      portal.yaml:19:7: first here
    portal.yaml:21:7 warning[unreachable-rule]: this rule is never reached: an earlier one matches the whole domain
      portal.yaml:19:7: matches first
      help: the first rule that matches wins; put this rule before that one
    "#);
}

#[test]
fn assets_that_cannot_be() {
    insta::assert_snapshot!(faults_of(
        "  assets:
    - asset: payment-api
    - asset: /payment-api
    - asset: Finance/
    - asset: Finance / payment-api
    - {asset: Finance/b, state: absent, instances: All, versions: {v1: []}}
    - {asset: Finance/c, state: unmanaged, versions: {}}
    - {asset: Finance/d, versions: {v1.x: [], V1: [], '': [], v1.10: [], 1.1: []}}
  prune: {assets: ['a[', '***'], userGroups: ['']}
"
    ), @r#"
    portal.yaml:6:14 error[bad-coordinates]: `payment-api` is not an asset's coordinates
      help: write `groupId/assetId`, or a business group's name in place of the id: `Finance/payment-api`
    portal.yaml:7:14 error[bad-coordinates]: `/payment-api` is not an asset's coordinates
      help: write `groupId/assetId`, or a business group's name in place of the id: `Finance/payment-api`
    portal.yaml:8:14 error[bad-coordinates]: `Finance/` is not an asset's coordinates
      help: write `groupId/assetId`, or a business group's name in place of the id: `Finance/payment-api`
    portal.yaml:9:14 error[bad-coordinates]: `Finance / payment-api` is not an asset's coordinates
      help: write `groupId/assetId`, or a business group's name in place of the id: `Finance/payment-api`
    portal.yaml:10:52 error[misplaced-field]: `instances` may not stand here: an absent asset takes nothing else
      help: leave `instances` out
    portal.yaml:10:68 error[misplaced-field]: `versions` may not stand here: an absent asset takes nothing else
      help: leave `versions` out
    portal.yaml:11:15 error[misplaced-field]: `versions` may not stand here: an unmanaged asset takes nothing else
      help: leave `versions` out
    portal.yaml:12:37 error[bad-version]: `v1.x` is not a minor version
      help: write `v1`, `1` or `1.0`, or `"*"` for every other version
    portal.yaml:12:47 error[bad-version]: `V1` is not a minor version
      help: write `v1`, `1` or `1.0`, or `"*"` for every other version
    portal.yaml:12:55 error[bad-version]: `` is not a minor version
      help: write `v1`, `1` or `1.0`, or `"*"` for every other version
    portal.yaml:13:20 error[bad-pattern]: `a[` is not a pattern: invalid range pattern
      help: patterns know `*`, `?` and `[…]`
    portal.yaml:13:26 error[bad-pattern]: `***` is not a pattern: wildcards are either regular `*` or recursive `**`
      help: patterns know `*`, `?` and `[…]`
    portal.yaml:13:47 error[empty-text]: the text is empty
      help: a name is expected here
    "#);
}

#[test]
fn people_who_cannot_be() {
    let groups: Vec<String> = (1..=21).map(|number| format!("G{number}")).collect();
    let declared: Vec<String> = groups.iter().map(|name| format!("{{name: {name}}}")).collect();
    insta::assert_snapshot!(faults_of(&format!(
        "  userGroups: [{}]
  members:
    - {{user: jane, userGroups: [{}]}}
    - {{user: joe, enabled: false, approve: true}}
    - {{user: jim, federated: always}}
  prospects:
    - {{email: jane, reject: true}}
    - {{email: a@b@c.example, reject: true}}
    - {{emailDomain: '@partner.example', reject: true}}
    - {{emailDomain: b.example, email: a@b.example, reject: true}}
    - {{reject: true}}
    - {{emailDomain: c.example}}
    - {{emailDomain: d.example, reject: false}}
    - {{emailDomain: e.example, reject: true, approve: {{userGroups: []}}}}
",
        declared.join(", "),
        groups.join(", ")
    )), @r#"
    portal.yaml:7:124 error[too-many-groups]: a member gets 21 groups here
      help: the API takes at most 20 groups for a member; a parent group may stand for several
    portal.yaml:8:44 warning[never-approved]: a member who is not enabled is never approved
      portal.yaml:8:28: not enabled
      help: leave `approve` out
    portal.yaml:9:30 error[unknown-value]: `always` is not a value that this field takes
      help: known here: `manage`
    portal.yaml:11:15 error[bad-email]: `jane` is not an email address
      help: write `name@example.com`; `emailDomain` matches a whole domain
    portal.yaml:12:15 error[bad-email]: `a@b@c.example` is not an email address
      help: write `name@example.com`; `emailDomain` matches a whole domain
    portal.yaml:13:21 error[bad-email]: `@partner.example` is not a domain
      help: write the part after the `@`, as in `example.com`; it matches that domain alone
    portal.yaml:14:21 error[ambiguous-rule]: a rule has one matcher, either `email` or `emailDomain`
      help: make two rules of it
    portal.yaml:15:7 error[missing-field]: the rule matches nobody
      help: add `email: …` or `emailDomain: …`
    portal.yaml:16:7 error[missing-field]: the rule decides nothing
      help: add `approve: {userGroups: […]}` or `reject: true`
    portal.yaml:17:40 error[missing-field]: the rule decides nothing
      help: write `reject: true`, or leave the rule out: who matches no rule stays pending
    portal.yaml:18:40 error[ambiguous-rule]: a rule has one decision, either `approve` or `reject`
      help: keep one of them
    "#);
}

#[test]
fn more_than_a_portal_takes() {
    let groups: Vec<String> = (1..=101).map(|number| format!("{{name: G{number}}}")).collect();
    let assets: Vec<String> = (1..=7001).map(|number| format!("{{asset: a/b{number}}}")).collect();
    let spec = format!("  userGroups: [{}]\n  assets:\n    - {}\n", groups.join(", "), assets.join("\n    - "));
    insta::assert_snapshot!(faults_of(&spec), @r#"
    portal.yaml:5:1315 error[too-many-groups]: 101 user groups are declared
      help: a portal takes at most 100
    portal.yaml:7007:15 warning[too-many-assets]: 7001 assets are declared
      help: a portal takes at most 7000, and older ones 350
    "#);
}

#[test]
fn variables() {
    insta::assert_snapshot!(faults_of(
        "  target: {portal: '${AEHCTL_VAR_STAGE:-production}', connection: '${HOME}'}
  audiences: {'${AEHCTL_VAR_STAGE}': []}
  userGroups:
    - name: ${AEHCTL_VAR_NONE} ${AEHCTL_VAR_NONE2}
    - name: $ 5 $$ ${AEHCTL_VAR_STAGE}
    - name: '${AEHCTL_VAR_NONE:-default}'
"
    ), @r#"
    portal.yaml:5:20 error[variable-default]: a variable under `target` may have no default
      help: a forgotten variable would choose another portal; set it wherever the manifest is used
    portal.yaml:5:68 error[bad-variable]: `HOME` is not the name of a manifest's variable
      help: variables are called `AEHCTL_VAR_…`; for the text itself write `$${HOME}`
    portal.yaml:6:15 error[variable-in-key]: a variable stands in a key
      help: variables may stand in values only; `$$` is a dollar sign
    portal.yaml:8:13 error[unset-variable]: the environment variable `AEHCTL_VAR_NONE` is not set
      help: set it, or give a default where one is allowed: `${AEHCTL_VAR_NONE:-…}`
    portal.yaml:8:32 error[unset-variable]: the environment variable `AEHCTL_VAR_NONE2` is not set
      help: set it, or give a default where one is allowed: `${AEHCTL_VAR_NONE2:-…}`
    "#);
    let manifest = manifest_of("  userGroups: [{name: A, description: '${AEHCTL_VAR_STRUCTURE}'}]\n");
    assert_eq!(manifest.prune.assets, [], "a value cannot become structure");
}

#[test]
fn a_bad_value_hides_no_unrelated_fault() {
    let told = faults_of(
        "  audiences: {payments: Gold}
  members: [{user: ''}]
  assets: [{asset: nowhere}, {asset: a/b, versions: {v1: [audience:payment, Gold]}}]
",
    );
    assert!(told.contains("error[unknown-audience]: nobody declares the audience `payment`"), "{told}");
    assert!(told.contains("warning[undeclared-group]: no group `Gold`"), "{told}");
}

#[test]
fn a_lost_declaration_makes_no_names_unknown() {
    let told = faults_of("  userGroups: [{nme: Gold}]\n  assets: [{asset: a/b, versions: {v1: [Gold]}}]\n");
    assert!(!told.contains("undeclared-group"), "{told}");
}

#[test]
fn a_thousand_faults_are_enough() {
    let entries = "    - nonsense\n".repeat(5_000);
    let loaded =
        Repository::new(&[("portal.yaml", &portal(&format!("  userGroups:\n{entries}")))]).load(&["portal.yaml"]);
    assert_eq!(loaded.diagnostics.len(), 1_001);
    assert_eq!(loaded.diagnostics[1_000].message, "4000 more errors are not shown");
}
