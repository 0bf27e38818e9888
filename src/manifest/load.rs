//! Reads manifests: files to documents to one value for each Portal, with every fault on the way.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::faults::Faults;
use super::files::{File, Finder, PathFault, Text};
use super::lower::{self, Parts, PortalParts};
use super::model::Manifest;
use super::syntax::{self, Document};
use super::{files, merge, tree};
use crate::diagnostic::{Diagnostic, Located, Location, Severity, Sources};

/// So many errors, and so many warnings, are told of; nobody reads more.
const MOST_DIAGNOSTICS: usize = 1_000;

/// What a load depends on besides the files.
pub struct LoadOptions<'a> {
    /// Looks up an environment variable for `${AEHCTL_VAR_…}`. It is asked for names of that prefix alone.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Relative paths start here, and are shown relative to it.
    pub working_directory: PathBuf,
}

/// What came of the files. With an [`Severity::Error`] among the diagnostics, the manifests are not to be used.
#[derive(Debug)]
pub struct Loaded {
    /// One for each Portal, in the order of the files. Empty if there are fragments alone.
    pub manifests: Vec<Manifest>,
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
    let mut loader = Loader {
        finder: Finder::new(&options.working_directory),
        options,
        sources: Sources::default(),
        diagnostics: Vec::new(),
        files: Vec::new(),
        places: HashMap::new(),
    };
    for path in paths {
        loader.load_named(path);
    }
    let portals = loader.include_all();
    loader.warn_of_unused_fragments(&portals);
    loader.refuse_portals_of_one_name();
    let manifests = loader.merge(&portals);
    Loaded { manifests, sources: loader.sources, diagnostics: in_order(loader.diagnostics) }
}

/// A file that was read.
struct LoadedFile {
    file: File,
    portals: Vec<PortalParts>,
    fragments: Vec<Fragment>,
    /// Something in it could not be read.
    incomplete: bool,
}

struct Fragment {
    /// Its `kind`.
    location: Location,
    parts: Parts,
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
    finder: Finder,
    options: &'options LoadOptions<'options>,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
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
                let fault = path_fault(&fault, &path.to_string_lossy(), None);
                self.diagnostics.push(fault);
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
        match files::read(file) {
            Text::Read(text) => {
                let index = self.sources.add(&file.shown, text);
                Some(self.read_text(file, index))
            }
            Text::NotUtf8 { text, valid_up_to } => {
                let index = self.sources.add(&file.shown, text);
                let start = u32::try_from(valid_up_to).unwrap_or(u32::MAX);
                let location = Location { file: index, start, end: start };
                let fault = Diagnostic::error("not-utf-8", location, "the file is not UTF-8 text");
                self.diagnostics.push(fault.with_help("save it as UTF-8"));
                None
            }
            Text::TooLarge => {
                let fault = Diagnostic::error("too-large", included_at, format!("`{shown}` is larger than 32 MiB"));
                self.diagnostics.push(fault.with_help("split it into fragments"));
                None
            }
            Text::Unreadable(error) => {
                let fault = PathFault::Unreadable { shown: file.shown.clone(), error };
                self.diagnostics.push(path_fault(&fault, &shown, included_at));
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
        self.diagnostics.append(&mut faults.diagnostics);
        LoadedFile { file: file.clone(), portals, fragments, incomplete: faults.incomplete }
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
                self.diagnostics.push(path_fault(&fault, entry, Some(entry.location)));
                portal.incomplete = true;
                return;
            }
        };
        for file in found {
            if file.canonical == from.canonical {
                let message = format!("`{}` includes the file that it stands in", **entry);
                let fault = Diagnostic::error("bad-include", entry.location, message);
                self.diagnostics.push(fault.with_help("name the fragments, or put them into a folder of their own"));
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
                self.diagnostics.push(
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
                self.diagnostics.push(warning.with_help(help));
            }
        }
    }

    fn refuse_portals_of_one_name(&mut self) {
        let names = self.files.iter().flat_map(|file| &file.portals).map(|portal| &portal.name);
        let mut places: HashMap<&str, Location> = HashMap::new();
        for name in names {
            if let Some(first) = places.get(name.value.as_str()) {
                let message = format!("two Portals are called `{}`", **name);
                self.diagnostics.push(
                    Diagnostic::error("duplicate-portal", name.location, message)
                        .with_related(*first, "first here")
                        .with_help("the name begins the address of every object, so each Portal needs its own"),
                );
            } else {
                places.insert(&name.value, name.location);
            }
        }
    }

    fn merge(&mut self, portals: &[Portal]) -> Vec<Manifest> {
        let mut manifests = Vec::with_capacity(portals.len());
        let mut found = Vec::new();
        for portal in portals {
            let fragments: Vec<&Parts> = portal
                .included
                .iter()
                .flat_map(|index| &self.files[*index].fragments)
                .map(|fragment| &fragment.parts)
                .collect();
            let parts = self.files[portal.file].portals[portal.number].clone();
            let mut faults = Faults { incomplete: portal.incomplete, ..Faults::default() };
            manifests.push(merge::merge(parts, &fragments, &mut faults));
            found.push(faults.diagnostics);
        }
        self.diagnostics.extend(told_once(found, &manifests));
        manifests
    }
}

/// A fault of a fragment shows in every Portal that includes it: it is told once. If it shows in some Portals only,
/// it says in which.
fn told_once(found: Vec<Vec<Diagnostic>>, manifests: &[Manifest]) -> Vec<Diagnostic> {
    let everywhere = manifests.len();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut told: Vec<(Diagnostic, Vec<usize>)> = Vec::new();
    for (number, diagnostics) in found.into_iter().enumerate() {
        for diagnostic in diagnostics {
            let Diagnostic { code, location, message, .. } = &diagnostic;
            let key = format!("{code} {location:?} {message}");
            let place = *places.entry(key).or_insert(told.len());
            match told.get_mut(place) {
                Some((_, portals)) => portals.push(number),
                None => told.push((diagnostic, vec![number])),
            }
        }
    }
    told.into_iter()
        .map(|(diagnostic, portals)| {
            let own_file = |number: &usize| {
                diagnostic.location.is_some_and(|location| location.file == manifests[*number].name.location.file)
            };
            if portals.len() == everywhere || portals.iter().any(own_file) {
                return diagnostic;
            }
            portals.iter().fold(diagnostic, |diagnostic, number| {
                let name = &manifests[*number].name;
                diagnostic.with_related(name.location, "in this Portal")
            })
        })
        .collect()
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

/// Sorts by file and place, and cuts what nobody would read.
fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.location, diagnostic.severity));
    for severity in [Severity::Error, Severity::Warning] {
        let count = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        if count > MOST_DIAGNOSTICS {
            let mut kept = 0;
            diagnostics.retain(|diagnostic| {
                kept += usize::from(diagnostic.severity == severity);
                diagnostic.severity != severity || kept <= MOST_DIAGNOSTICS
            });
            let message = format!("{} more {}s are not shown", count - MOST_DIAGNOSTICS, severity.as_str());
            diagnostics.push(Diagnostic { severity, ..Diagnostic::error("not-shown", None, message) });
        }
    }
    diagnostics
}
