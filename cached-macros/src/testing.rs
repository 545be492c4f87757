//! Support for the tests of this crate: expansions as a reader would format them.

use expect_test::Expect;
use proc_macro2::TokenStream;

use crate::place::{Place, Surroundings};

/// Tokens from source text.
pub(crate) fn tokens(text: &str) -> TokenStream {
    text.parse().expect("a test holds valid tokens")
}

/// The surroundings of an attribute directly inside of `place`.
pub(crate) fn inside(place: Place) -> Surroundings {
    Surroundings {
        place: Some(place),
        names: Vec::new(),
    }
}

/// Formats an expansion and compares it; `UPDATE_EXPECT=1` takes it as the new truth.
pub(crate) fn check(expansion: TokenStream, expected: &Expect) {
    expected.assert_eq(&formatted(expansion));
}

/// An expansion, formatted.
pub(crate) fn formatted(expansion: TokenStream) -> String {
    let file = syn::parse2(expansion).expect("an expansion is a list of items");
    prettyplease::unparse(&file)
}

/// The texts of the `compile_error!`s in an expansion.
pub(crate) fn faults(expansion: &TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(expansion.clone()).expect("an expansion is a list of items");
    let errors = file.items.into_iter().filter_map(|item| match item {
        syn::Item::Macro(item) => item.mac.parse_body::<syn::LitStr>().ok(),
        _ => None,
    });
    errors.map(|text| text.value()).collect()
}
