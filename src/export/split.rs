//! Which sections stand in the Portal's own file, and which in fragments.

use super::assets::Document;
use super::names::file_name;
use super::notes::shown;
use super::yaml::Node;
use super::{Section, Spec};

/// How a manifest is divided into fragments, beside the Portal that includes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Split {
    /// The assets of each business group in a file of their own
    BusinessGroup,
    /// User groups in one file, assets in another
    Kind,
}

/// The sections that stand in the Portal's own file, and those in fragments.
pub(super) struct Divided {
    split: Option<Split>,
    include: Vec<String>,
    pub(super) own: Vec<Section>,
    pub(super) fragments: Vec<Fragment>,
}

pub(super) struct Fragment {
    pub(super) path: String,
    /// `metadata.name`
    pub(super) name: String,
    /// What it holds, in its first comment.
    pub(super) what: String,
    pub(super) spec: Spec,
}

/// The folder of what business groups own.
const ASSETS: &str = "assets";

impl Divided {
    pub(super) fn new(split: Option<Split>) -> Self {
        Self { split, include: Vec::new(), own: Vec::new(), fragments: Vec::new() }
    }

    pub(super) fn tree(&mut self, tree: Section) {
        match self.split {
            Some(Split::Kind) => self.fragment("user-groups", None, "User groups".to_owned(), vec![tree]),
            Some(Split::BusinessGroup) | None => self.own.push(tree),
        }
    }

    pub(super) fn assets(&mut self, document: Document) {
        let Document { owner, defaults, entries } = document;
        match (self.split, owner) {
            (Some(Split::BusinessGroup), Some(owner)) => {
                let is_taken = |name: &str| self.fragments.iter().any(|fragment| fragment.name == name);
                let name = file_name(&owner, is_taken);
                self.fragment(&name, Some(ASSETS), format!("Assets of {}", shown(&owner)), vec![defaults, entries]);
            }
            (Some(Split::Kind), _) => self.fragment("assets", None, "Assets".to_owned(), vec![defaults, entries]),
            (Some(Split::BusinessGroup) | None, _) => {
                // Defaults stand above everything that is declared.
                self.own.insert(0, defaults);
                self.own.push(entries);
            }
        }
    }

    /// Puts sections into a fragment; without anything in them, what they leave out is told in the Portal.
    fn fragment(&mut self, name: &str, folder: Option<&str>, what: String, sections: Vec<Section>) {
        if sections.iter().all(|section| section.node.is_none()) {
            self.own.extend(sections);
            return;
        }
        let file = format!("{name}.yaml");
        let (path, include) = match folder {
            Some(folder) => (format!("{folder}/{file}"), folder.to_owned()),
            None => (file.clone(), file),
        };
        if !self.include.contains(&include) {
            self.include.push(include);
        }
        let mut spec = Spec::default();
        spec.extend(sections);
        self.fragments.push(Fragment { path, name: name.to_owned(), what, spec });
    }

    pub(super) fn include(&self) -> Section {
        let node = (!self.include.is_empty()).then(|| Node::list(self.include.iter().map(|path| Node::text(path))));
        let about = if self.include.iter().any(|path| path == ASSETS) {
            vec!["Each business group's assets stand in a file of their own, as do those of groups that come later."]
        } else {
            Vec::new()
        };
        let about = about.into_iter().map(str::to_owned).collect();
        Section { key: "include", about, left_out: Vec::new(), node }
    }
}
