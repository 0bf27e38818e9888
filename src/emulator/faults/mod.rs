//! Faults on purpose: what goes wrong between a client and a hub, drawn from a seed.
//!
//! [`spec`] reads what is asked for, [`judge`] decides what becomes of one request, [`rate`] counts requests against a
//! limit, [`editor`] is somebody else who changes the portal meanwhile, and [`meet`] lets a client meet its fate.

pub(crate) mod editor;
pub(crate) mod judge;
pub(crate) mod meet;
pub(crate) mod rate;
mod spec;

use std::time::Duration;

use super::switches::Switches;
use editor::Action;
use rate::Rate;

/// What goes wrong, and when: read from a text such as `seed=7,429=5%,reset-after=1%,editor=3%,until=200`.
///
/// The default is that nothing does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    seed: u64,
    /// Whether the text gives a seed or anything that needs one.
    seeded: bool,
    /// After so many requests nothing is drawn any more.
    until: Option<u64>,
    rate: Option<Rate>,
    rules: Vec<Rule>,
    /// Whether the switches that nothing names are drawn as well.
    random_switches: bool,
    /// As `NAME=VALUE`, each of them checked.
    switches: Vec<String>,
}

/// One fault as a person sees it: for help texts and documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultInfo {
    pub name: &'static str,
    pub about: &'static str,
}

/// One entry of the text that may hit a request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    name: &'static str,
    what: What,
    whom: Whom,
    /// Only this one of the requests that it is for, counted from 1.
    nth: Option<u64>,
    chance: Chance,
    time: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Fault(Fault),
    /// The editor acts before the request: in this way, or in any.
    Edit(Option<Action>),
}

/// What may go wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    TooMany(Hints),
    Status(u16, Side),
    Reset(Side),
    Cut,
    Garbled,
    Slow(Side),
    Hang(Side),
    Stop(Side),
}

/// How a 429 says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hints {
    Drawn,
    Bare,
    RetryAfter,
    RateLimit,
}

/// Whether it happens before the request takes effect or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
    Drawn,
}

/// Which requests a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whom {
    All,
    Reads,
    Writes,
    SignIn,
    Operation(&'static str),
}

/// How likely something is, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chance(u64);

impl Chance {
    const CERTAIN: Self = Self(1_000_000_000);

    fn hits(self, drawn: u64) -> bool {
        drawn % Self::CERTAIN.0 < self.0
    }
}

/// Defines the table of what can be asked for.
macro_rules! table {
    ($($name:literal: $what:expr, $about:literal;)+) => {
        const TABLE: &[(&str, What)] = &[$(($name, $what)),+];

        impl Faults {
            /// All faults, in the order of the documentation.
            pub const ALL: &'static [FaultInfo] = &[$(FaultInfo { name: $name, about: $about }),+];
        }
    };
}

table! {
    "429": What::Fault(Fault::TooMany(Hints::Drawn)), "429, with any of the hints below or none; the request has no effect";
    "429-bare": What::Fault(Fault::TooMany(Hints::Bare)), "429 without a hint";
    "429-retry-after": What::Fault(Fault::TooMany(Hints::RetryAfter)), "429 with Retry-After; TIME is how long, 1s if not given";
    "429-reset": What::Fault(Fault::TooMany(Hints::RateLimit)), "429 with X-RateLimit-Limit, -Remaining and -Reset; TIME likewise";
    "500": What::Fault(Fault::Status(500, Side::Drawn)), "500, before or after the request takes effect";
    "500-before": What::Fault(Fault::Status(500, Side::Before)), "500 without effect";
    "500-after": What::Fault(Fault::Status(500, Side::After)), "500 although the request has taken effect";
    "502": What::Fault(Fault::Status(502, Side::Drawn)), "502, likewise";
    "502-before": What::Fault(Fault::Status(502, Side::Before)), "502 without effect";
    "502-after": What::Fault(Fault::Status(502, Side::After)), "502 after the effect";
    "503": What::Fault(Fault::Status(503, Side::Drawn)), "503, likewise; with TIME, Retry-After says so";
    "503-before": What::Fault(Fault::Status(503, Side::Before)), "503 without effect";
    "503-after": What::Fault(Fault::Status(503, Side::After)), "503 after the effect";
    "504": What::Fault(Fault::Status(504, Side::Drawn)), "504, likewise";
    "504-before": What::Fault(Fault::Status(504, Side::Before)), "504 without effect";
    "504-after": What::Fault(Fault::Status(504, Side::After)), "504 after the effect";
    "reset": What::Fault(Fault::Reset(Side::Drawn)), "the connection is reset without an answer, before or after the effect";
    "reset-before": What::Fault(Fault::Reset(Side::Before)), "reset without effect";
    "reset-after": What::Fault(Fault::Reset(Side::After)), "reset after the effect";
    "cut": What::Fault(Fault::Cut), "the answer ends in the middle of its body, after the effect";
    "garbled": What::Fault(Fault::Garbled), "the answer's status, and a body that is something else, after the effect";
    "slow": What::Fault(Fault::Slow(Side::After)), "the answer comes TIME after the effect, 1s if not given";
    "slow-before": What::Fault(Fault::Slow(Side::Before)), "effect and answer come TIME later; no effect if nobody waits any more";
    "hang": What::Fault(Fault::Hang(Side::Before)), "neither effect nor answer, and the connection stays open";
    "hang-after": What::Fault(Fault::Hang(Side::After)), "no answer after the effect, and the connection stays open";
    "stop": What::Fault(Fault::Stop(Side::Before)), "from this request on nothing is done and every connection is reset; needs #N";
    "stop-after": What::Fault(Fault::Stop(Side::After)), "the same, after this request has taken effect; needs #N";
    "editor": What::Edit(None), "somebody changes something in the portal before the request: one of the following";
    "editor-widen": What::Edit(Some(Action::Widen)), "gives a version of an asset to a group";
    "editor-narrow": What::Edit(Some(Action::Narrow)), "takes a version of an asset from a group";
    "editor-join": What::Edit(Some(Action::Join)), "puts a member into a group";
    "editor-leave": What::Edit(Some(Action::Leave)), "takes a member out of a group";
    "editor-disable": What::Edit(Some(Action::Disable)), "disables a member";
    "editor-enable": What::Edit(Some(Action::Enable)), "enables a member";
    "editor-create": What::Edit(Some(Action::Create)), "creates a group of their own";
    "editor-rename": What::Edit(Some(Action::Rename)), "renames a group of their own";
    "editor-twin": What::Edit(Some(Action::Twin)), "creates the very group that the request is about to create";
    "editor-map": What::Edit(Some(Action::Map)), "maps a group of an identity provider";
    "editor-unmap": What::Edit(Some(Action::Unmap)), "removes a mapping";
}

impl Faults {
    /// The seed, if anything depends on one.
    pub(crate) fn seed(&self) -> Option<u64> {
        self.seeded.then_some(self.seed)
    }

    /// These switches with what the text says of them: what it names, and if it asks for it, a side drawn for each
    /// that neither it nor `base` has set.
    pub(crate) fn switched(&self, base: &Switches) -> Switches {
        let mut switched = base.clone();
        if self.random_switches {
            for switch in Switches::ALL.iter().filter(|switch| base.is_default(switch.name)) {
                let sides = if switch.values.is_empty() { random_numbers(switch.name) } else { switch.values };
                let index = judge::draw(self.seed, &["switch", switch.name])[0] % sides.len().max(1) as u64;
                if let Some(side) = usize::try_from(index).ok().and_then(|index| sides.get(index)) {
                    switched.set(&format!("{}={side}", switch.name)).expect("the table's own values are valid");
                }
            }
        }
        for setting in &self.switches {
            switched.set(setting).expect("settings were checked when they were read");
        }
        switched
    }
}

/// What a number is drawn from; limits stay as they are.
fn random_numbers(name: &str) -> &'static [&'static str] {
    match name {
        "lag" => &["0", "1", "2", "3"],
        "page-default" => &["25", "1", "7"],
        "page-limit" => &["250", "2", "25"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_fault_has_the_name_of_a_switch() {
        for fault in Faults::ALL {
            assert!(Switches::ALL.iter().all(|switch| switch.name != fault.name), "{}", fault.name);
        }
    }

    #[test]
    fn switches_are_drawn_from_the_seed_and_what_is_named_stays() {
        let switched = |text: &str| Faults::parse(text).expect(text).switched(&Switches::default());
        assert_eq!(switched("seed=3,switches=random"), switched("switches=random,seed=3"));
        let all: Vec<Switches> = (0..40).map(|seed| switched(&format!("seed={seed},switches=random"))).collect();
        assert!(all.iter().any(|one| one.lag == 0) && all.iter().any(|one| one.lag > 0));
        for switch in Switches::ALL.iter().filter(|switch| !switch.values.is_empty()) {
            assert!(all.iter().any(|one| one.is_default(switch.name)), "{}", switch.name);
            assert!(all.iter().any(|one| !one.is_default(switch.name)), "{}", switch.name);
        }
        assert!(all.iter().all(|one| one.assets_limit == Switches::default().assets_limit));
        for seed in 0..20 {
            let drawn = switched(&format!("lag=7,paging=honoured,seed={seed},switches=random"));
            assert_eq!((drawn.lag, drawn.is_default("paging")), (7, true));
            let base = Switches::parse(["member-groups=adds"]).expect("a switch");
            let drawn = Faults::parse(&format!("seed={seed},switches=random")).expect("a text").switched(&base);
            assert!(!drawn.is_default("member-groups"));
        }
    }
}
