//! The names that an argument's pattern binds.

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Pat, PatIdent};

/// Every binding of `pat`, in order.
pub(crate) fn of(pat: &Pat) -> Vec<Ident> {
    struct Found(Vec<Ident>);
    impl<'a> Visit<'a> for Found {
        fn visit_pat_ident(&mut self, pat: &'a PatIdent) {
            self.0.push(pat.ident.clone());
            visit::visit_pat_ident(self, pat);
        }
    }
    let mut found = Found(Vec::new());
    found.visit_pat(pat);
    found.0
}

/// `pat` without `mut` and `ref`, to take a reference apart; `None` for a plain name.
pub(crate) fn by_reference(pat: &Pat) -> Option<Pat> {
    struct Plain;
    impl VisitMut for Plain {
        fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
            pat.mutability = None;
            pat.by_ref = None;
            visit_mut::visit_pat_ident_mut(self, pat);
        }
    }
    match pat {
        Pat::Ident(PatIdent { subpat: None, .. }) | Pat::Wild(_) => None,
        pat => {
            let mut pat = pat.clone();
            Plain.visit_pat_mut(&mut pat);
            Some(pat)
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::parse::Parser;

    use super::*;

    fn pat(text: &str) -> Pat {
        Pat::parse_single.parse_str(text).expect("a pattern")
    }

    fn names(text: &str) -> Vec<String> {
        of(&pat(text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn bindings_are_found_at_any_depth() {
        assert_eq!(names("id"), ["id"]);
        assert_eq!(names("mut id"), ["id"]);
        assert_eq!(names("Path(id)"), ["id"]);
        assert_eq!(names("(a, Point { x, y: [b, ..] })"), ["a", "x", "b"]);
        assert_eq!(names("_"), Vec::<String>::new());
    }

    #[test]
    fn a_pattern_is_unpacked_by_reference() {
        let plain = |text| by_reference(&pat(text)).map(|pat| pat.to_token_stream().to_string());
        assert_eq!(plain("mut id"), None);
        assert_eq!(plain("Path(mut id)").as_deref(), Some("Path (id)"));
    }
}
