//! Assets, their versions and audiences.

use super::portal::{Portal, Shape};
use super::{FINANCE, complete, partial, section};
use crate::manifest::model::Instances;
use crate::state::AssetDetail;

fn partners(count: usize) -> Portal {
    let mut portal = Portal::new(Shape::SideBySide);
    for number in 0..count {
        portal.group(
            &format!("g{number}"),
            &format!("Partner {}", char::from(b'A' + u8::try_from(number).unwrap_or(25))),
            None,
        );
    }
    portal
}

#[test]
fn equal_audiences_get_a_name() {
    let mut portal = partners(4);
    for number in 0..3 {
        portal.asset("com.example", &format!("a{number}"), Instances::All, &[("v1", &["g0", "g1", "admins"])]);
        portal.asset("com.example", &format!("b{number}"), Instances::All, &[("v1", &["g2", "g3"]), ("v2", &["g0"])]);
    }
    portal.asset("com.example", "c", Instances::All, &[("v1", &["g0", "g3"])]);
    let text = complete(&portal.live);
    insta::assert_snapshot!(section(&text, "audiences"), @"
    # Sets of groups that several versions share, named after their groups.
    audiences:
      partner-1: [Partner A, Partner B]
      partner-2: [Partner C, Partner D]
    ");
    insta::assert_snapshot!(section(&text, "assets"), @"
    # Administrators keep what they see: their group stays where it is, and is not listed here.
    assets:
      - {asset: com.example/a0, versions: {v1: [audience:partner-1]}}
      - {asset: com.example/a1, versions: {v1: [audience:partner-1]}}
      - {asset: com.example/a2, versions: {v1: [audience:partner-1]}}
      - {asset: com.example/b0, versions: {v1: [audience:partner-2], v2: [Partner A]}}
      - {asset: com.example/b1, versions: {v1: [audience:partner-2], v2: [Partner A]}}
      - {asset: com.example/b2, versions: {v1: [audience:partner-2], v2: [Partner A]}}
      - {asset: com.example/c, versions: {v1: [Partner A, Partner D]}}
    ");
}

#[test]
fn others_are_covered_where_the_newest_version_is_among_them() {
    let mut portal = partners(2);
    let a: &[&str] = &["g0"];
    let b: &[&str] = &["g1"];
    portal.asset("x.y", "all-alike", Instances::All, &[("v1", a), ("v2", a), ("v10", a)]);
    portal.asset("x.y", "two-alike", Instances::All, &[("v1", a), ("v2", a)]);
    portal.asset("x.y", "newest-differs", Instances::All, &[("v1", a), ("v2", a), ("v3", a), ("v10", b)]);
    portal.asset("x.y", "oldest-differs", Instances::All, &[("v1", b), ("v2", a), ("v3", a), ("v10", a)]);
    portal.asset("x.y", "mostly-nobody", Instances::All, &[("v1", &[]), ("v2", &[]), ("v3", b)]);
    portal.asset("x.y", "nobody-or-all", Instances::All, &[("v1", &[]), ("v2", &[]), ("v3", a), ("v4", a), ("v5", a)]);
    insta::assert_snapshot!(section(&complete(&portal.live), "assets"), @r#"
    # "*": [] shows the versions that are not listed to nobody, and those that appear later neither.
    # "*" with groups shows them every other version, and those that appear later: where that is too much,
    # list the versions one by one.
    assets:
      - {asset: x.y/all-alike, versions: {"*": [Partner A]}}
      - {asset: x.y/mostly-nobody, versions: {v3: [Partner B], "*": []}}
      - {asset: x.y/newest-differs, versions: {v1: [Partner A], v2: [Partner A], v3: [Partner A], v10: [Partner B]}}
      - {asset: x.y/nobody-or-all, versions: {v3: [Partner A], v4: [Partner A], v5: [Partner A], "*": []}}
      - {asset: x.y/oldest-differs, versions: {v1: [Partner B], "*": [Partner A]}}
      - {asset: x.y/two-alike, versions: {v1: [Partner A], v2: [Partner A]}}
    "#);
}

#[test]
fn what_is_unknown_is_never_covered_by_others() {
    let mut portal = partners(1);
    let g0 = || Some(["g0".into()].into());
    let versions =
        [("v1", g0()), ("v2", g0()), ("v3", None), ("v4", g0())].map(|(version, groups)| (version.to_owned(), groups));
    portal.asset_with("x.y", "a", AssetDetail { instances: None, versions: versions.into() });
    let (text, notices) = partial(&portal.live);
    insta::assert_snapshot!(section(&text, "assets"), @"
    assets:
      # Left out: its instances, which the hub does not tell in a word that is known.
      # Left out: version `v3`: the hub does not say who sees it.
      - {asset: x.y/a, versions: {v1: [Partner A], v2: [Partner A], v4: [Partner A]}}
    ");
    insta::assert_snapshot!(notices, @"
    asset `x.y/a`: left out: its instances, which the hub does not tell in a word that is known
    asset `x.y/a`: left out: version `v3`: the hub does not say who sees it
    ");
}

#[test]
fn spellings_that_a_manifest_cannot_tell_apart_are_left_out() {
    let mut portal = partners(2);
    portal.asset(
        "x.y",
        "a",
        Instances::All,
        &[("v1", &["g0"]), ("1.0", &["g1"]), ("latest", &["g0"]), ("V2", &["g1"])],
    );
    portal.asset("x.y", "b", Instances::All, &[("v1", &["g0"]), ("1.0", &["g0"]), ("latest", &["g0"])]);
    let (text, notices) = partial(&portal.live);
    insta::assert_snapshot!(section(&text, "assets"), @r#"
    # "*" with groups shows them every other version, and those that appear later: where that is too much,
    # list the versions one by one.
    assets:
      # Left out: version `V2`: it is not written as a minor version.
      # Left out: version `latest`: it is not written as a minor version.
      # Left out: version `v1`: 1.0 is taken for the same version.
      - {asset: x.y/a, instances: All, versions: {"1.0": [Partner B]}}
      - {asset: x.y/b, instances: All, versions: {"*": [Partner A]}}
    "#);
    assert_eq!(notices.lines().count(), 3, "{notices}");
}

#[test]
fn a_default_is_what_most_assets_show() {
    let portal = |instances: &[Option<Instances>]| {
        let mut portal = partners(1);
        for (number, instances) in instances.iter().enumerate() {
            portal.asset_with("x.y", &format!("a{number}"), AssetDetail { instances: *instances, versions: [].into() });
        }
        portal
    };
    let (all, public, custom) = (Some(Instances::All), Some(Instances::Public), Some(Instances::Custom));
    let defaults = |instances: &[Option<Instances>]| section(&partial(&portal(instances).live).0, "defaults");
    assert!(defaults(&[all, all, all, public]).ends_with("defaults: {assets: {instances: All}}"));
    assert_eq!(defaults(&[all, all]), "", "two entries are as short without it");
    assert_eq!(defaults(&[all, all, all, public, public, public]), "", "none is the usual one");
    assert_eq!(defaults(&[custom; 5]), "", "new assets could not have it");
    assert_eq!(defaults(&[all, all, all, None]), "", "the unknown would be overridden");
}

#[test]
fn assets_that_no_text_names_are_left_out() {
    let mut portal = partners(1);
    portal.business_group(FINANCE, "Finance").business_group("other", "com.example");
    portal.asset(FINANCE, "named", Instances::All, &[("v1", &[])]);
    portal.asset("com.example", "hidden", Instances::All, &[("v1", &[])]);
    portal.asset(FINANCE, "with space", Instances::All, &[("v1", &[])]);
    portal.asset("other", "found", Instances::All, &[("v1", &[])]);
    let (text, notices) = partial(&portal.live);
    insta::assert_snapshot!(section(&text, "assets"), @"
    # Left out: asset `com.example/hidden`: `com.example` is a business group's name, too.
    # Left out: asset `f1b2c3d4-0000-4000-8000-000000000001/with space`: the asset's id `with space` holds what coordinates may not hold.
    assets:
      - {asset: Finance/named, instances: All, versions: {v1: []}}
      - {asset: com.example/found, instances: All, versions: {v1: []}}
    ");
    assert_eq!(notices.lines().count(), 2, "{notices}");
}

#[test]
fn administrators_are_kept_and_not_listed() {
    for shape in Shape::ALL {
        let mut portal = Portal::new(shape);
        portal.group("g0", "Gold", None);
        portal.asset("x.y", "a", Instances::All, &[("v1", &["admins"]), ("v2", &["admins", "g0"]), ("v3", &["g0"])]);
        let text = section(&complete(&portal.live), "assets");
        assert!(
            text.ends_with("- {asset: x.y/a, instances: All, versions: {v1: [], v2: [Gold], v3: [Gold]}}"),
            "{text}"
        );
        assert_eq!(text.matches("Administrators keep what they see").count(), 1, "{text}");
    }
}
