//! How long the analysis of who sees what takes at the vendor's limits, and how much memory: `cargo bench --bench access`.
//!
//! 10,000 members, 7,000 assets of 5 versions, 100 groups in a tree, everything at random, so that hardly any two people
//! and hardly any two versions are alike. Once a hundredth of it changes, and once all of it.

use std::time::Instant;

use aehctl::access::effect;
use aehctl::address::{Address, Kind};
use aehctl::directory::{Directory, Entry};
use aehctl::id::GroupName;
use aehctl::kinds::GroupSet;
use aehctl::plan::access::{Access, Both, Person, SeenAsset, SeenVersion, Standing};
use aehctl::state::GroupFlags;

const MEMBERS: usize = 10_000;
const ASSETS: usize = 7_000;
const VERSIONS: usize = 5;
const GROUPS: usize = 100;

/// Numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }

    fn groups(&mut self, most: usize) -> GroupSet {
        (0..=self.below(most)).map(|_| name(self.below(GROUPS))).collect()
    }
}

fn name(number: usize) -> GroupName {
    format!("Group {number}").into()
}

fn directory(random: &mut Random) -> Directory {
    let entry = |number: usize| {
        let flags = GroupFlags { is_public: number == 0, is_default: number == 1, ..GroupFlags::default() };
        let parent = (number > 1).then(|| name(random.below(number)));
        Entry { name: name(number), id: Some(number.to_string().into()), parent, flags }
    };
    Directory::try_from((0..GROUPS).map(entry).collect::<Vec<_>>()).unwrap_or_default()
}

/// A portal of which one in so many things changes.
fn portal(random: &mut Random, one_in: usize) -> Access {
    let mut both = |most: usize| {
        let before = random.groups(most);
        let after = if random.below(one_in) == 0 { random.groups(most) } else { before.clone() };
        (before, after)
    };
    let people = (0..MEMBERS)
        .map(|number| {
            let (before, after) = both(5);
            let standing = |groups| Standing { user_groups: Some(groups), is_active: true };
            let address = Address::new("portal", Kind::Members, [format!("member-{number:05}@example.com")]);
            Person { address, standing: Both::new(standing(before), standing(after)) }
        })
        .collect();
    let assets = (0..ASSETS)
        .map(|number| {
            let version = |version: usize| {
                let (before, after) = both(6);
                SeenVersion { version: format!("v{version}"), audience: Both::new(Some(before), Some(after)) }
            };
            let address = Address::new("portal", Kind::Assets, ["com.example", &format!("asset-{number:05}")]);
            SeenAsset { address, is_published: Both::same(true), versions: (1..=VERSIONS).map(version).collect() }
        })
        .collect();
    Access { assets, people: Some(people), ..Access::default() }
}

/// The most memory that this process has had, in megabytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<usize>().ok()).unwrap_or_default() / 1024
}

fn main() {
    for (about, one_in) in [("a hundredth changes", 100), ("everything changes", 1)] {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let directory = directory(&mut random);
        let access = portal(&mut random, one_in);
        let before = peak();
        let mut best = f64::INFINITY;
        let mut counted = String::new();
        for _ in 0..3 {
            let start = Instant::now();
            let effect = effect(&access, &directory, &[], 0);
            best = best.min(start.elapsed().as_secs_f64());
            counted = format!(
                "{} members gain, {} lose, {} versions concerned, {} causes",
                effect.gains.members,
                effect.losses.members,
                effect.versions.len(),
                effect.causes.len()
            );
        }
        println!("{about}: {best:.3} s, peak memory {} MB (the portal itself: {before} MB); {counted}", peak());
    }
}
