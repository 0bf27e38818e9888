//! The demo organization, in each of the three shapes that the built-in groups are known to have.

use super::seed;

const DEMO: &str = include_str!("demo.yaml");

/// How a portal's built-in groups stand to each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// Guests hold Members, who hold the rest.
    #[default]
    Nested,
    /// Administrators, Guests and Members stand side by side at the top, and so do the others.
    SideBySide,
    /// One root is both public and default, and holds the rest.
    SingleRoot,
}

impl Shape {
    pub const ALL: [Self; 3] = [Self::Nested, Self::SideBySide, Self::SingleRoot];
}

/// The demo organization's seed document: `Shape::Nested`.
pub fn demo() -> &'static str {
    DEMO
}

/// The demo organization's seed document with its built-in groups in this shape.
///
/// The same people are members and the same assets are visible; where Guests and Members are one group, it has the
/// id of Members.
pub fn demo_with(shape: Shape) -> String {
    match shape {
        Shape::Nested => DEMO.to_owned(),
        Shape::SideBySide | Shape::SingleRoot => {
            seed::reshape(DEMO, shape).expect("the demo's own document has the three built-in groups of every portal")
        }
    }
}
