//! The text that asks for faults: entries between commas, `NAME[@WHOM][#N][=CHANCE[:TIME]]` or a setting.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::rate::Rate;
use super::{Chance, Fault, Faults, Rule, TABLE, What, Whom};
use crate::emulator::operations::operations;
use crate::emulator::switches::Switches;

/// The settings that are no fault and no switch.
const SETTINGS: [&str; 4] = ["seed", "until", "rate", "switches"];

/// Whom an entry may name beside the operations.
const CLASSES: [(&str, Whom); 3] = [("reads", Whom::Reads), ("writes", Whom::Writes), ("sign-in", Whom::SignIn)];

impl Faults {
    /// Reads a text such as `seed=7,429=5%,reset-after@writes#3,slow=1%:200ms,lag=2,rate=5/s`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut faults = Self::default();
        let mut settings: Vec<&str> = Vec::new();
        ensure!(!text.trim().is_empty(), "no fault is asked for; one would be 429=5%");
        for entry in text.split(',').map(str::trim) {
            ensure!(!entry.is_empty(), "there is an empty entry in {text:?}");
            let (head, value) = match entry.split_once('=') {
                Some((head, value)) => (head.trim(), Some(value.trim())),
                None => (entry, None),
            };
            let name = head.split(['@', '#']).next().unwrap_or_default();
            if let Some((name, what)) = TABLE.iter().find(|(known, _)| *known == name) {
                let rule = rule(name, *what, head, value).with_context(|| format!("in {entry:?}"))?;
                let is_same = |other: &Rule| (other.name, other.whom, other.nth) == (rule.name, rule.whom, rule.nth);
                ensure!(!faults.rules.iter().any(is_same), "{head} is given twice");
                faults.seeded = true;
                faults.rules.push(rule);
                continue;
            }
            if SETTINGS.contains(&head) || Switches::ALL.iter().any(|switch| switch.name == head) {
                ensure!(!settings.contains(&head), "{head} is given twice");
                settings.push(head);
                faults.set(head, value)?;
                continue;
            }
            bail!("{}", unknown(name));
        }
        Ok(faults)
    }

    fn set(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        let value = value.unwrap_or_default();
        let number = || value.parse().ok().with_context(|| format!("{name} takes a whole number, not {value:?}"));
        match name {
            "seed" => {
                self.seed = number()?;
                self.seeded = true;
            }
            "until" => self.until = Some(number()?),
            "rate" => self.rate = Some(rate(value)?),
            "switches" => {
                ensure!(value == "random", "switches takes random, not {value:?}; one switch is set by its own name");
                self.random_switches = true;
                self.seeded = true;
            }
            _ => {
                let setting = format!("{name}={value}");
                Switches::parse([&setting])?;
                self.switches.push(setting);
            }
        }
        Ok(())
    }
}

fn rule(name: &'static str, what: What, head: &str, value: Option<&str>) -> Result<Rule> {
    let rest = &head[name.len()..];
    let (whom, nth) = match rest.split_once('#') {
        Some((whom, nth)) => (whom, Some(nth)),
        None => (rest, None),
    };
    let whom = match whom.strip_prefix('@') {
        Some(whom) => self::whom(whom)?,
        None => Whom::All,
    };
    let nth = nth.map(|nth| match nth.parse() {
        Ok(nth) if nth > 0 => Ok(nth),
        _ => bail!("# takes a whole number from 1 on, not {nth:?}"),
    });
    let mut rule = Rule { name, what, whom, nth: nth.transpose()?, chance: Chance::CERTAIN, time: None };
    if let Some(value) = value {
        let (chance, time) = match value.split_once(':') {
            Some((chance, time)) => (Some(chance), Some(time)),
            None if value.ends_with('%') => (Some(value), None),
            None => (None, Some(value)),
        };
        if let Some(text) = chance {
            rule.chance = self::chance(text).with_context(|| format!("{text:?} is no chance like 5% or 0.5%"))?;
        }
        if let Some(text) = time {
            let what = if chance.is_none() { "no chance like 5% and " } else { "" };
            let time = duration(text).with_context(|| format!("{text:?} is {what}no time like 200ms or 2s"))?;
            rule.time = Some(time);
        }
    }
    let takes_time = match what {
        What::Fault(Fault::TooMany(_) | Fault::Status(503, _) | Fault::Slow(_)) => true,
        What::Fault(_) | What::Edit(_) => false,
    };
    ensure!(takes_time || rule.time.is_none(), "{name} takes no time");
    if matches!(what, What::Fault(Fault::Stop(_))) {
        ensure!(rule.nth.is_some(), "{name} needs the request that it begins with: {name}#17, or {name}@writes#3");
        ensure!(rule.chance == Chance::CERTAIN, "{name} takes no chance");
    }
    Ok(rule)
}

fn whom(text: &str) -> Result<Whom> {
    if let Some((_, class)) = CLASSES.iter().find(|(name, _)| *name == text) {
        return Ok(*class);
    }
    let ids: Vec<&'static str> =
        operations().into_iter().filter(|operation| operation.documented).map(|operation| operation.id).collect();
    if let Some(id) = ids.iter().find(|id| **id == text) {
        return Ok(Whom::Operation(id));
    }
    let classes = CLASSES.iter().map(|(name, _)| *name);
    let all: Vec<&str> = classes.chain(ids).collect();
    match nearest(text, &all) {
        Some(near) => bail!("@ takes an operation, not {text:?}; did you mean {near}?"),
        None => bail!("@ takes one of {}, not {text:?}", all.join(", ")),
    }
}

/// A percentage, to the seventh place after the point.
fn chance(text: &str) -> Option<Chance> {
    const PLACES: usize = 7;
    let number = text.trim().strip_suffix('%')?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > PLACES {
        return None;
    }
    let whole: u64 = whole.parse().ok().filter(|whole| *whole <= 100)?;
    let fraction: u64 = format!("{fraction:0<PLACES$}").parse().ok()?;
    let chance = Chance(whole * (Chance::CERTAIN.0 / 100) + fraction);
    (chance.0 <= Chance::CERTAIN.0).then_some(chance)
}

/// `5/s`, `100/m`, `3/10s`.
fn rate(text: &str) -> Result<Rate> {
    let read = || {
        let (requests, period) = text.split_once('/')?;
        let requests = requests.trim().parse().ok().filter(|requests| *requests > 0)?;
        let period = period.trim();
        let period = if period.starts_with(|first: char| first.is_ascii_digit()) {
            duration(period)?
        } else {
            duration(&format!("1{period}"))?
        };
        let is_sensible = period / requests > Duration::ZERO;
        is_sensible.then_some(Rate { requests, period })
    };
    read().with_context(|| format!("rate takes requests in a time, like 5/s or 100/m, not {text:?}"))
}

/// `50ms`, `2s`, `1m`, `1h`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|character: char| !character.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => number,
        "s" => number.checked_mul(1_000)?,
        "m" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        _ => return None,
    };
    // A year is as good as for ever, and no sum of times overflows.
    Some(Duration::from_millis(milliseconds.min(365 * 24 * 3_600_000)))
}

fn unknown(name: &str) -> String {
    let faults = TABLE.iter().map(|(name, _)| *name);
    let switches = Switches::ALL.iter().map(|switch| switch.name);
    let all: Vec<&str> = faults.chain(SETTINGS).chain(switches).collect();
    match nearest(name, &all) {
        Some(near) => format!("there is no fault or setting {name:?}; did you mean {near}?"),
        None => format!("there is no fault or setting {name:?}; there are {}", all.join(", ")),
    }
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, name), *known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 2)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_say_what_for_whom_how_often_and_how_long() {
        let parsed = |text: &str| Faults::parse(text).unwrap_or_else(|error| panic!("{text}: {error:#}"));
        let one = |text: &str| parsed(text).rules.pop().unwrap_or_else(|| panic!("{text} has a rule"));
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (text, whom, nth, chance, time) in [
            ("429=5%", Whom::All, None, 50_000_000, None),
            (" 429-reset = 0.5% : 3s ", Whom::All, None, 5_000_000, seconds(3)),
            ("slow#3=2s", Whom::All, Some(3), 1_000_000_000, seconds(2)),
            ("slow=100.0%:1h", Whom::All, None, 1_000_000_000, seconds(3600)),
            ("reset-after@createUserGroup", Whom::Operation("createUserGroup"), None, 1_000_000_000, None),
            ("stop@writes#17", Whom::Writes, Some(17), 1_000_000_000, None),
            ("editor-twin@reads=0.0000001%", Whom::Reads, None, 1, None),
            ("cut@sign-in=0%", Whom::SignIn, None, 0, None),
        ] {
            let rule = one(text);
            assert_eq!((rule.whom, rule.nth, rule.chance.0, rule.time), (whom, nth, chance, time), "{text}");
        }
        for fault in Faults::ALL {
            let nth = if fault.name.starts_with("stop") { "#1" } else { "=1%" };
            assert_eq!(one(&format!("{}{nth}", fault.name)).name, fault.name);
        }
        let all = parsed("seed=7,until=200,rate=5/s,lag=2,reset=1%,reset#4");
        assert_eq!((all.seed(), all.until, all.rules.len()), (Some(7), Some(200), 2));
        assert_eq!(all.rate, Some(Rate { requests: 5, period: Duration::from_secs(1) }));
        assert_eq!(parsed("rate=30/10s").rate, Some(Rate { requests: 30, period: Duration::from_secs(10) }));
        assert_eq!((parsed("lag=2").seed(), parsed("cut=1%").seed()), (None, Some(0)));
    }

    #[test]
    fn faults_of_the_text_name_what_would_have_been_right() {
        let errors: Vec<String> = [
            "",
            "429=5%,",
            "rest-after=1%",
            "seeds=3",
            "asset-patch=merge",
            "asset-pacth=merges",
            "lag",
            "seed=x",
            "seed",
            "until=-1",
            "rate=5",
            "rate=0/s",
            "rate=5/week",
            "switches=all",
            "seed=1,seed=2",
            "cut=1%,cut=2%",
            "429=5",
            "429=101%",
            "429=100.1%",
            "429=%",
            "slow=5%:soon",
            "reset=5%:2s",
            "reset#0",
            "reset#two",
            "reset@write=1%",
            "reset@createUserGroups",
            "stop",
            "stop@writes=1%",
            "stop#1=5%",
        ]
        .iter()
        .map(|text| format!("{text}: {:#}", Faults::parse(text).expect_err(text)))
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        : no fault is asked for; one would be 429=5%
        429=5%,: there is an empty entry in "429=5%,"
        rest-after=1%: there is no fault or setting "rest-after"; did you mean reset-after?
        seeds=3: there is no fault or setting "seeds"; did you mean seed?
        asset-patch=merge: switch asset-patch takes replaces or merges, not "merge"
        asset-pacth=merges: there is no fault or setting "asset-pacth"; did you mean asset-patch?
        lag: switch lag takes a whole number of at least 0, not ""
        seed=x: seed takes a whole number, not "x"
        seed: seed takes a whole number, not ""
        until=-1: until takes a whole number, not "-1"
        rate=5: rate takes requests in a time, like 5/s or 100/m, not "5"
        rate=0/s: rate takes requests in a time, like 5/s or 100/m, not "0/s"
        rate=5/week: rate takes requests in a time, like 5/s or 100/m, not "5/week"
        switches=all: switches takes random, not "all"; one switch is set by its own name
        seed=1,seed=2: seed is given twice
        cut=1%,cut=2%: cut is given twice
        429=5: in "429=5": "5" is no chance like 5% and no time like 200ms or 2s
        429=101%: in "429=101%": "101%" is no chance like 5% or 0.5%
        429=100.1%: in "429=100.1%": "100.1%" is no chance like 5% or 0.5%
        429=%: in "429=%": "%" is no chance like 5% or 0.5%
        slow=5%:soon: in "slow=5%:soon": "soon" is no time like 200ms or 2s
        reset=5%:2s: in "reset=5%:2s": reset takes no time
        reset#0: in "reset#0": # takes a whole number from 1 on, not "0"
        reset#two: in "reset#two": # takes a whole number from 1 on, not "two"
        reset@write=1%: in "reset@write=1%": @ takes an operation, not "write"; did you mean writes?
        reset@createUserGroups: in "reset@createUserGroups": @ takes an operation, not "createUserGroups"; did you mean createUserGroup?
        stop: in "stop": stop needs the request that it begins with: stop#17, or stop@writes#3
        stop@writes=1%: in "stop@writes=1%": stop needs the request that it begins with: stop#17, or stop@writes#3
        stop#1=5%: in "stop#1=5%": stop takes no chance
        "#);
        let error = Faults::parse("reset@zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz").expect_err("no such thing");
        assert!(format!("{error:#}").contains("@ takes one of reads, writes, sign-in, createV2Oauth2Token, "));
        let error = Faults::parse("zzzzzzzzzzzzzzzz=1").expect_err("no such thing").to_string();
        assert!(error.contains("there are 429, ") && error.contains(" rate, ") && error.contains(" lag, "), "{error}");
    }
}
