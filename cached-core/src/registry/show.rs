//! How a site prints.

use std::fmt;

use super::{Role, Site};

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("role", &self.role())
            .field("name", &self.name())
            .field("template", &self.template())
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// `reader get_post  post:<id>  ttl 300s  src/posts.rs:12`
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role() {
            Role::Reader => "reads",
            Role::Mutator | Role::CallMutator => "invalidates",
            Role::TagMutator => "invalidates tag",
            Role::External => "external",
        };
        let (name, template) = (self.name(), self.template());
        write!(f, "{name} {role} {template}")?;
        if self.role() == Role::Reader {
            write!(f, ", ttl {}", self.policy.ttl)?;
        }
        write!(f, " ({}:{})", self.file(), self.line())
    }
}
