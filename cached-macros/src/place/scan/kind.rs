//! What the words before a `{` say that it opens.

use crate::place::Place;

/// What a `{` opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Inherent,
    TraitImpl {
        name: String,
    },
    Trait {
        name: String,
    },
    Function {
        name: String,
    },
    Module,
    Other,
    /// A comment or a literal: no code stands here.
    Opaque,
}

impl Kind {
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Inherent => Place::Inherent,
            Self::TraitImpl { .. } => Place::TraitImpl,
            Self::Trait { .. } => Place::Trait,
            Self::Function { .. } | Self::Module | Self::Other | Self::Opaque => Place::Free,
        }
    }

    /// Modules are left out: `module_path!()` names them.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::TraitImpl { name } | Self::Trait { name } | Self::Function { name } => {
                Some(name.clone())
            }
            Self::Inherent | Self::Module | Self::Other | Self::Opaque => None,
        }
    }
}

/// `Matrix<{ N + 1 }>`: the header goes on behind such braces.
pub(super) fn is_const_argument(header: &[String]) -> bool {
    matches!(header.last().map(String::as_str), Some("<" | ","))
        && header
            .iter()
            .any(|word| matches!(word.as_str(), "impl" | "fn" | "trait"))
        && !header.iter().any(|word| word == "where")
}

/// What the words before a `{` say that it opens.
pub(super) fn kind_of(header: &[String]) -> Kind {
    const ITEMS: [&str; 9] = [
        "impl",
        "trait",
        "fn",
        "mod",
        "struct",
        "enum",
        "union",
        "match",
        "macro_rules",
    ];
    let Some(at) = header
        .iter()
        .position(|word| ITEMS.contains(&word.as_str()))
    else {
        return Kind::Other;
    };
    let name = || header.get(at + 1).cloned().unwrap_or_default();
    match header[at].as_str() {
        "impl" => impl_kind(&header[at + 1..]),
        "trait" => Kind::Trait { name: name() },
        "fn" => Kind::Function { name: name() },
        "mod" => Kind::Module,
        _ => Kind::Other,
    }
}

/// `for<'a>` is a bound, any other `for` names the type that a trait is implemented for.
fn impl_kind(words: &[String]) -> Kind {
    let is_for = |at: &usize| words[*at] == "for" && words.get(at + 1).is_none_or(|w| w != "<");
    match (0..words.len()).find(is_for) {
        Some(at) => Kind::TraitImpl {
            name: trait_name(&words[..at]),
        },
        None => Kind::Inherent,
    }
}

/// The trait's name without the parameters of the impl block, its path and its own parameters.
fn trait_name(words: &[String]) -> String {
    let mut depth = 0_i32;
    let mut name = String::new();
    for word in words {
        match word.as_str() {
            "<" => depth += 1,
            ">" => depth -= 1,
            word if depth == 0 && word.starts_with(|c: char| c == '_' || c.is_alphabetic()) => {
                name = word.to_owned();
            }
            _ => {}
        }
    }
    name
}
