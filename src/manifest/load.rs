//! Reads manifests: files to documents to one value for each Portal, with every fault on the way.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::delegate::{self, Delegation, Rule};
use super::faults::Faults;
use super::files::{self, File, Finder, PathFault, Scope, Text};
use super::lower::{self, Parts, PortalParts};
use super::model::Manifest;
use super::syntax::{self, Document};
use super::{merge, tree};
use crate::diagnostic::{Diagnostic, Located, Location, Severity, Sources};

/// A file that is no text, related to the place that includes it.
const NOT_UTF_8: &str = "not-utf-8";

/// Two Portals of one name.
const DUPLICATE_PORTAL: &str = "duplicate-portal";

/// What a load depends on besides the files.
pub struct LoadOptions<'a> {
    /// Looks up an environment variable for `${AEHCTL_VAR_…}`. It is asked for names of that prefix alone.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Relative paths start here, and are shown relative to it.
    pub working_directory: PathBuf,
}

/// Files as they once were, laid out in a folder where they can be found, with their texts elsewhere.
pub struct Archive<'a> {
    /// Without symbolic links. Nothing outside of it is reached.
    pub root: &'a Path,
    /// What stands before each path when it is shown, e.g. `main~1:`.
    pub label: &'a str,
    /// Reads a file by its path below the root: an error of kind `FileTooLarge` if it has more bytes than allowed.
    pub read: &'a dyn Fn(&Path, u64) -> io::Result<Vec<u8>>,
}

/// What came of the files. With an [`Severity::Error`] among the diagnostics, the manifests are not to be used, unless
/// each is judged on its own.
#[derive(Debug, Default)]
pub struct Loaded {
    /// One for each Portal, in the order of the files. Empty if there are fragments alone.
    pub manifests: Vec<Manifest>,
    /// Files, as they are shown, that have errors and of which no Portal is made, and how many errors. Perhaps a Portal
    /// should stand there.
    pub unread: Vec<(String, usize)>,
    /// An error that is about no one Portal and no one file.
    pub has_common_error: bool,
    pub sources: Sources,
    /// Sorted by file and place; those without a place come first.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Loads files and folders with all that they include.
///
/// A folder stands for the `*.yaml` and `*.yml` files directly in it. A file that is reached twice counts once. Every
/// fault is a diagnostic, of files that cannot be read too.
pub fn load(paths: &[PathBuf], options: &LoadOptions<'_>) -> Loaded {
    load_from(paths, options, None)
}

/// Loads files and folders of an archive as [`load`] does. Relative paths start at its root.
pub fn load_archived(paths: &[PathBuf], environment: &dyn Fn(&str) -> Option<String>, archive: &Archive<'_>) -> Loaded {
    let options = LoadOptions { environment, working_directory: archive.root.to_owned() };
    load_from(paths, &options, Some(archive))
}

fn load_from(paths: &[PathBuf], options: &LoadOptions<'_>, archive: Option<&Archive<'_>>) -> Loaded {
    let mut loader = Loader {
        finder: Finder::new(&options.working_directory, archive),
        options,
        sources: Sources::default(),
        faults: Faults::default(),
        files: Vec::new(),
        places: HashMap::new(),
    };
    for path in paths {
        loader.load_named(path);
    }
    let portals = loader.include_all();
    loader.warn_of_unused_fragments(&portals);
    loader.refuse_portals_of_one_name();
    let Blame { of_portals, unread, is_common } = loader.blame(&portals);
    let manifests = loader.merge(&portals, of_portals);
    let diagnostics = loader.faults.in_order();
    Loaded { manifests, unread, has_common_error: is_common, sources: loader.sources, diagnostics }
}

/// Whose the errors are that the files have by themselves.
struct Blame {
    of_portals: Vec<usize>,
    unread: Vec<(String, usize)>,
    is_common: bool,
}

/// A file that was read.
struct LoadedFile {
    file: File,
    /// Its number among the sources.
    source: u32,
    portals: Vec<PortalParts>,
    fragments: Vec<Fragment>,
    /// Something in it could not be read.
    incomplete: bool,
}

pub(super) struct Fragment {
    /// Its `kind`.
    pub(super) location: Location,
    pub(super) parts: Parts,
}

/// A Portal with the files that it includes.
struct Portal {
    /// The file and the place in it.
    file: usize,
    number: usize,
    included: Vec<usize>,
    incomplete: bool,
}

struct Loader<'options> {
    finder: Finder<'options>,
    options: &'options LoadOptions<'options>,
    sources: Sources,
    faults: Faults,
    files: Vec<LoadedFile>,
    /// The index of each file by its canonical path; `None` if it could not be read.
    places: HashMap<PathBuf, Option<usize>>,
}

impl Loader<'_> {
    fn load_named(&mut self, path: &Path) {
        match self.finder.named(path) {
            Ok(files) => {
                for file in files {
                    self.load_file(file, None);
                }
            }
            Err(fault) => {
                let fault = path_fault(&fault, &self.finder.told(path).to_string_lossy(), None);
                self.faults.push(fault);
            }
        }
    }

    /// Loads a file unless that was done before. `included_at`: the place that asks for it.
    fn load_file(&mut self, file: File, included_at: Option<Location>) -> Option<usize> {
        if let Some(known) = self.places.get(&file.canonical) {
            return *known;
        }
        let index = self.read_file(&file, included_at).map(|loaded| {
            self.files.push(loaded);
            self.files.len() - 1
        });
        self.places.insert(file.canonical, index);
        index
    }

    fn read_file(&mut self, file: &File, included_at: Option<Location>) -> Option<LoadedFile> {
        let shown = file.shown.to_string_lossy();
        match self.finder.read(file) {
            Text::Read(text) => {
                let index = self.sources.add_from(&file.shown, self.finder.place(file), text);
                Some(self.read_text(file, index))
            }
            Text::NotUtf8 { text, valid_up_to } => {
                let index = self.sources.add_from(&file.shown, self.finder.place(file), text);
                let start = u32::try_from(valid_up_to).unwrap_or(u32::MAX);
                let location = Location { file: index, start, end: start };
                let mut fault = Diagnostic::error(NOT_UTF_8, location, "the file is not UTF-8 text");
                fault.related.extend(included_at.map(|place| (place, "included here".to_owned())));
                self.faults.push(fault.with_help("save it as UTF-8"));
                None
            }
            Text::TooLarge => {
                let fault = Diagnostic::error("too-large", included_at, format!("`{shown}` is larger than 32 MiB"));
                self.faults.push(fault.with_help("split it into fragments"));
                None
            }
            Text::Unreadable(error) => {
                let fault = PathFault::Unreadable { shown: file.shown.clone(), error };
                self.faults.push(path_fault(&fault, &shown, included_at));
                None
            }
        }
    }

    fn read_text(&mut self, file: &File, index: u32) -> LoadedFile {
        let text = self.sources.file(index).text.clone();
        let mut faults = Faults::default();
        let roots = tree::parse(index, &text, self.options.environment, &mut faults);
        if roots.is_empty() && faults.diagnostics.is_empty() {
            let location = Location { file: index, start: 0, end: 0 };
            faults.warning("empty-file", location, "the file holds no document", "is it meant to be here?");
        }
        let (mut portals, mut fragments) = (Vec::new(), Vec::new());
        for root in &roots {
            match syntax::decode(root, &mut faults) {
                Some(Document::Portal(portal)) => portals.push(lower::portal(*portal, &mut faults)),
                Some(Document::Fragment(fragment)) => {
                    let location = root.get("kind").map_or(root.location, |kind| kind.location);
                    fragments.push(Fragment { location, parts: lower::fragment(fragment, &mut faults) });
                }
                None => {}
            }
        }
        let incomplete = faults.incomplete;
        self.faults.absorb(faults);
        LoadedFile { file: file.clone(), source: index, portals, fragments, incomplete }
    }

    /// Loads what the Portals include. Fragments include nothing, so one round is enough.
    fn include_all(&mut self) -> Vec<Portal> {
        let mut portals = Vec::new();
        for file in 0..self.files.len() {
            for number in 0..self.files[file].portals.len() {
                let mut portal = Portal { file, number, included: Vec::new(), incomplete: self.files[file].incomplete };
                for entry in self.files[file].portals[number].include.clone() {
                    self.include(&mut portal, &entry);
                }
                portals.push(portal);
            }
        }
        portals
    }

    fn include(&mut self, portal: &mut Portal, entry: &Located<String>) {
        let from = self.files[portal.file].file.clone();
        let found = match self.finder.included(&from, entry) {
            Ok(found) => found,
            Err(fault) => {
                self.faults.push(path_fault(&fault, entry, Some(entry.location)));
                portal.incomplete = true;
                return;
            }
        };
        for file in found {
            if file.canonical == from.canonical {
                let message = format!("`{}` includes the file that it stands in", **entry);
                let fault = Diagnostic::error("bad-include", entry.location, message);
                self.faults.push(fault.with_help("name the fragments, or put them into a folder of their own"));
                continue;
            }
            let Some(index) = self.load_file(file, Some(entry.location)) else {
                portal.incomplete = true;
                continue;
            };
            let LoadedFile { file, portals, incomplete, .. } = &self.files[index];
            portal.incomplete |= incomplete;
            if let Some(other) = portals.first() {
                let message = format!("`{}` includes `{}`, which holds a Portal", **entry, file.shown.display());
                self.faults.push(
                    Diagnostic::error("bad-include", entry.location, message)
                        .with_related(other.name.location, "this Portal")
                        .with_help("a Portal includes fragments alone"),
                );
            }
            if !portal.included.contains(&index) {
                portal.included.push(index);
            }
        }
    }

    fn warn_of_unused_fragments(&mut self, portals: &[Portal]) {
        let used: HashSet<usize> = portals.iter().flat_map(|portal| &portal.included).copied().collect();
        for (_, file) in self.files.iter().enumerate().filter(|(index, _)| !used.contains(index)) {
            let help = if file.portals.is_empty() {
                "it has no effect here; name its file in a Portal's `include`"
            } else {
                "a file does not include itself; put the fragment into a file of its own"
            };
            for fragment in &file.fragments {
                let warning =
                    Diagnostic::warning("unused-fragment", fragment.location, "no Portal includes this fragment");
                self.faults.push(warning.with_help(help));
            }
        }
    }

    fn refuse_portals_of_one_name(&mut self) {
        let names = self.files.iter().flat_map(|file| &file.portals).map(|portal| &portal.name);
        let mut places: HashMap<&str, Location> = HashMap::new();
        for name in names {
            if let Some(first) = places.get(name.value.as_str()) {
                let message = format!("two Portals are called `{}`", **name);
                self.faults.push(
                    Diagnostic::error(DUPLICATE_PORTAL, name.location, message)
                        .with_related(*first, "first here")
                        .with_help("the name begins the address of every object, so each Portal needs its own"),
                );
            } else {
                places.insert(&name.value, name.location);
            }
        }
    }

    /// Finds the Portals that each error is about: those whose file it stands in, or that include it. Told before they
    /// are merged, which finds the errors of each by itself.
    fn blame(&self, portals: &[Portal]) -> Blame {
        // What was dropped for its number could be anybody's.
        let is_common = self.faults.is_full(Severity::Error);
        let mut blame = Blame { of_portals: vec![0; portals.len()], unread: Vec::new(), is_common };
        let mut others: BTreeMap<u32, usize> = BTreeMap::new();
        let is_error = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
        for error in self.faults.diagnostics.iter().filter(is_error) {
            let place = match error.code {
                DUPLICATE_PORTAL => None,
                NOT_UTF_8 => error.related.first().map(|(place, _)| *place).or(error.location),
                _ => error.location,
            };
            let Some(Location { file: source, .. }) = place else {
                blame.is_common = true;
                continue;
            };
            let mut is_told = false;
            for (portal, errors) in portals.iter().zip(&mut blame.of_portals) {
                let mut files = std::iter::once(&portal.file).chain(&portal.included);
                if files.any(|file| self.files[*file].source == source) {
                    *errors += 1;
                    is_told = true;
                }
            }
            if !is_told {
                *others.entry(source).or_default() += 1;
            }
        }
        let shown = |source: u32| self.sources.file(source).path.display().to_string();
        blame.unread = others.into_iter().map(|(source, errors)| (shown(source), errors)).collect();
        blame
    }

    /// Adds to the errors of each Portal those that show once its parts are together.
    fn merge(&mut self, portals: &[Portal], errors: Vec<usize>) -> Vec<Manifest> {
        let mut manifests = Vec::with_capacity(portals.len());
        let mut found = Vec::new();
        for (portal, errors) in portals.iter().zip(errors) {
            let fragments: Vec<&Parts> = portal
                .included
                .iter()
                .flat_map(|index| &self.files[*index].fragments)
                .map(|fragment| &fragment.parts)
                .collect();
            let parts = self.files[portal.file].portals[portal.number].clone();
            let mut faults = Faults::default();
            faults.incomplete = portal.incomplete;
            if let Some(delegation) = &parts.delegation {
                self.check_delegation(portal, delegation, &mut faults);
            }
            let manifest = merge::merge(parts, &fragments, &mut faults);
            // Where a part could not be read, the error may stand where nothing else was.
            let errors = (errors + faults.errors()).max(usize::from(portal.incomplete));
            manifests.push(Manifest { errors, ..manifest });
            found.push(faults);
        }
        self.faults.absorb(told_once(found, &manifests));
        manifests
    }

    /// Holds each included fragment to the rules about its file.
    fn check_delegation(&self, portal: &Portal, delegation: &Delegation, faults: &mut Faults) {
        let from = &self.files[portal.file].file;
        let mut scopes: Vec<(&Rule, Scope, bool)> = Vec::new();
        for rule in &delegation.rules {
            match self.finder.scope(from, &rule.files) {
                Ok(scope) => scopes.push((rule, scope, false)),
                Err(fault) => faults.push(path_fault(&fault, &rule.files, Some(rule.files.location))),
            }
        }
        let included = || portal.included.iter().map(|index| &self.files[*index]);
        for LoadedFile { file, fragments, .. } in included() {
            let mut rules = Vec::new();
            for (rule, _, is_used) in scopes.iter_mut().filter(|(_, scope, _)| scope.holds(file)) {
                rules.push(*rule);
                *is_used = true;
            }
            for fragment in fragments {
                if rules.is_empty() {
                    delegate::refuse(fragment, &files::seen_from(from, file), delegation, faults);
                } else {
                    delegate::check(fragment, &rules, faults);
                }
            }
        }
        let idle = scopes.into_iter().filter(|(_, _, is_used)| !is_used && !faults.incomplete);
        let places: Vec<String> = included().map(|loaded| files::seen_from(from, &loaded.file)).collect();
        for (rule, ..) in idle.collect::<Vec<_>>() {
            delegate::warn_of_idle(rule, &places, faults);
        }
    }
}

/// A fault of a fragment shows in every Portal that includes it: it is told once. If it shows in some Portals only,
/// it says in which.
fn told_once(found: Vec<Faults>, manifests: &[Manifest]) -> Faults {
    let mut once = Faults::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut told: Vec<(Diagnostic, Vec<&Manifest>)> = Vec::new();
    for (mut faults, manifest) in found.into_iter().zip(manifests) {
        for diagnostic in std::mem::take(&mut faults.diagnostics) {
            let Diagnostic { code, location, message, .. } = &diagnostic;
            let place = *places.entry(format!("{code} {location:?} {message}")).or_insert(told.len());
            match told.get_mut(place) {
                Some((_, portals)) => portals.push(manifest),
                None => told.push((diagnostic, vec![manifest])),
            }
        }
        once.absorb(faults);
    }
    for (mut diagnostic, portals) in told {
        let file = diagnostic.location.map(|location| location.file);
        let in_own_file = portals.iter().any(|portal| Some(portal.name.location.file) == file);
        if portals.len() < manifests.len() && !in_own_file {
            diagnostic.related.extend(portals.iter().map(|portal| (portal.name.location, "in this Portal".to_owned())));
        }
        once.push(diagnostic);
    }
    once
}

fn path_fault(fault: &PathFault, named: &str, location: Option<Location>) -> Diagnostic {
    match fault {
        PathFault::Unreadable { shown, error } => {
            Diagnostic::error("unreadable-file", location, format!("cannot read `{}`: {error}", shown.display()))
        }
        PathFault::Outside { root } => {
            Diagnostic::error("outside-repository", location, format!("`{named}` leads out of the repository"))
                .with_help(format!("what is found or included lies under `{}`", root.display()))
        }
        PathFault::Nothing => Diagnostic::error("no-files", location, format!("`{named}` stands for no YAML file"))
            .with_help("a folder stands for the `*.yaml` and `*.yml` files directly in it"),
        PathFault::TooMany => {
            Diagnostic::error("no-files", location, format!("`{named}` matches more than 10,000 files"))
                .with_help("write a narrower pattern")
        }
        PathFault::BadPattern { message } => {
            Diagnostic::error("bad-pattern", location, format!("`{named}` is not a pattern: {message}"))
                .with_help("patterns know `*`, `?`, `[…]` and `**`")
        }
    }
}
