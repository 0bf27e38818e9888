//! `access`

use anyhow::Result;
use glob::Pattern;

use super::{block_on, connection, fleet, output, show};
use crate::access::{self, View};
use crate::cli::{AccessArgs, Format, Global, Question};
use crate::diagnostic::nearest;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::assets::spec::canonical_version;
use crate::observe::{Scope, Target};
use crate::plan::PlanTarget;
use crate::plan::access::{Access, Person, SeenAsset, SeenVersion, Side};
use crate::render::{self, view};
use crate::state::LiveState;

pub(super) fn run(global: &Global, arguments: &AccessArgs) -> Result<Exit> {
    output::require_format(global, "access", &[Format::Human, Format::Json, Format::Csv])?;
    // Flags that hold for every question are not compared by the parser.
    if arguments.before && arguments.plan.is_none() {
        return Err(Failure::with_exit(Exit::Usage, "--before asks what a saved plan found")
            .hint("give the plan with --plan, or leave --before out")
            .into());
    }
    if arguments.live.is_some() && arguments.plan.is_some() {
        return Err(Failure::with_exit(Exit::Usage, "--live and --plan name two different states")
            .hint("give one of them")
            .into());
    }
    let Source { access, target, live } = source(global, arguments)?;
    let side = if arguments.before { Side::Before } else { Side::After };
    let asked = Asked {
        view: View { access: &access, directory: &target.user_groups, side },
        target: &target,
        live: live.as_ref(),
    };
    let answer = match &arguments.question {
        Question::Matrix { user_group, asset } => {
            let group = pattern(user_group.as_deref(), "--user-group")?;
            let asset = pattern(asset.as_deref(), "--asset")?;
            let wants = |pattern: &Option<Pattern>, name: &str| pattern.as_ref().is_none_or(|glob| glob.matches(name));
            view::matrix(&asked.view, &target, |name| wants(&group, name), |name| wants(&asset, name))
        }
        Question::Member { user } => view::member(&asked.view, &target, asked.person(user)?),
        Question::Asset { coordinates, version: None } => view::asset(&asked.view, &target, asked.asset(coordinates)?),
        Question::Asset { coordinates, version: Some(version) } => {
            let asset = asked.asset(coordinates)?;
            view::viewers(&asked.view, &target, asset, version_of(asset, version)?)
        }
        Question::Why { user, coordinates, version } => {
            let (person, asset) = (asked.person(user)?, asked.asset(coordinates)?);
            view::why(&asked.view, &target, person, asset, version_of(asset, version)?)
        }
    };
    output::data(&match (global.format, answer.words) {
        (Format::Json, _) => render::pretty(&answer.document),
        (Format::Csv, _) => answer.table.csv(),
        (_, Some(words)) => words,
        (_, None) => answer.table.render(None),
    })?;
    if let Some(gaps) = view::gaps(&asked.view) {
        output::say(&gaps);
    }
    Ok(Exit::Done)
}

/// What is asked about.
struct Source {
    access: Access,
    target: PlanTarget,
    /// Knows people by more names than a plan does.
    live: Option<LiveState>,
}

fn source(global: &Global, arguments: &AccessArgs) -> Result<Source> {
    if let Some(path) = &arguments.plan {
        let plan = show::read(path)?;
        let access = plan.access.ok_or_else(|| {
            Failure::new(format!("{} has no analysis of who sees what", path.display()))
                .hint("nothing in it changes what anybody sees; plan again with --access all to have one anyway")
        })?;
        return Ok(Source { access, target: plan.target, live: None });
    }
    let live = match &arguments.live {
        Some(path) => fleet::read_snapshot(path, &[], None)?.0,
        None => block_on(async {
            let connection = connection::connect(global, Target::default(), None).await?;
            let live = connection::observe(global, &connection, Scope::Everything { members: true }).await;
            connection.log_requests("observed");
            live
        })?,
    };
    let (access, target) = access::of_live(&live);
    Ok(Source { access, target, live: Some(live) })
}

fn pattern(text: Option<&str>, flag: &str) -> Result<Option<Pattern>> {
    let compile = |text: &str| {
        Pattern::new(text).map_err(|error| {
            Failure::with_exit(Exit::Usage, format!("{flag} `{text}` is not a pattern: {error}"))
                .hint("write `*` for any characters, `?` for one, and `[[]` for a bracket")
        })
    };
    Ok(text.map(compile).transpose()?)
}

/// Finds what people name.
struct Asked<'a> {
    view: View<'a>,
    target: &'a PlanTarget,
    live: Option<&'a LiveState>,
}

impl<'a> Asked<'a> {
    /// By username, email or id, as far as they are known.
    fn person(&self, user: &str) -> Result<&'a Person> {
        let people = self.view.access.people.as_deref().ok_or_else(|| {
            Failure::new("the members were not read").hint("observe with --all, or ask the live portal")
        })?;
        let is = |name: &str| name.to_lowercase() == user.to_lowercase();
        let names = self.live.map(LiveState::member_names);
        let also: Vec<&str> = self
            .live
            .into_iter()
            .flat_map(|live| live.members.iter().flatten())
            .filter(|member| member.id.as_str() == user || is(&member.email))
            .filter_map(|member| names.as_ref()?.get(&member.id).map(String::as_str))
            .collect();
        let found: Vec<&Person> = people
            .iter()
            .filter(|person| is(&person.address.name()) || also.contains(&person.address.name().as_str()))
            .collect();
        match found.as_slice() {
            [one] => Ok(one),
            [] => {
                let known: Vec<String> = people.iter().map(|person| person.address.name()).collect();
                let near = nearest(user, known.iter().map(String::as_str));
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if self.live.is_none() => "a saved plan knows members by username".to_owned(),
                    None => "members go by username, email or id; `aehctl get members` lists them".to_owned(),
                };
                Err(Failure::new(format!("there is no member `{user}`")).hint(hint).into())
            }
            several => {
                let names: Vec<String> = several.iter().map(|person| format!("`{}`", person.address.name())).collect();
                Err(Failure::new(format!("`{user}` may be any of {}", names.join(", ")))
                    .hint("name one of them by username or id")
                    .into())
            }
        }
    }

    /// By the id or the name of its business group.
    fn asset(&self, coordinates: &str) -> Result<&'a SeenAsset> {
        let names = |asset: &SeenAsset| -> Vec<String> {
            let named = self.target.by_business_group(&asset.address).map(|address| address.name());
            [asset.address.name()].into_iter().chain(named).collect()
        };
        let assets = &self.view.access.assets;
        let found: Vec<&SeenAsset> =
            assets.iter().filter(|asset| names(asset).iter().any(|name| name == coordinates)).collect();
        match found.as_slice() {
            [one] => Ok(one),
            [] => {
                let known: Vec<String> = assets.iter().flat_map(names).collect();
                let near = nearest(coordinates, known.iter().map(String::as_str));
                let hint = near.map_or_else(
                    || "write `groupId/assetId`, or a business group's name in place of the id".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                Err(Failure::new(format!("no asset `{coordinates}` is known here")).hint(hint).into())
            }
            several => {
                let ids: Vec<String> = several.iter().map(|asset| format!("`{}`", asset.address.name())).collect();
                Err(Failure::new(format!("`{coordinates}` may be any of {}", ids.join(", ")))
                    .hint("several business groups have that name: write the id")
                    .into())
            }
        }
    }
}

fn version_of<'a>(asset: &'a SeenAsset, version: &str) -> Result<&'a SeenVersion> {
    let wanted = canonical_version(version);
    let found = asset.versions.iter().find(|known| canonical_version(&known.version) == wanted);
    found.ok_or_else(|| {
        let known: Vec<&str> = asset.versions.iter().map(|known| known.version.as_str()).collect();
        let hint = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        Failure::new(format!("the asset has no version `{version}`")).hint(hint).into()
    })
}
