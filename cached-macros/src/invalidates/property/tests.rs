//! What property targets write around a method, and what they say when they cannot.

use proc_macro2::TokenStream;

use super::expand;
use crate::cached_property::field::FieldPath;
use crate::function::Function;
use crate::paths::Runtime;
use crate::place::Place;

fn expanded(method: &str, place: Option<Place>) -> Result<String, String> {
    let method: Function = syn::parse_str(method).expect("a method");
    let field = FieldPath::of(&syn::parse_quote!(self.f)).expect("a field");
    match expand(&[field], &method, place, &Runtime::default()) {
        Ok(tokens) => Ok(tokens.to_string()),
        Err(faults) => Err(faults.texts().join("\n")),
    }
}

/// How tokens are spaced is not what is tested.
fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

fn check(method: &str, expect: &str) {
    let expect = expect.parse::<TokenStream>().expect("tokens").to_string();
    let text = expanded(method, Some(Place::Inherent)).expect("it expands");
    assert_eq!(without_spaces(&text), without_spaces(&expect));
}

#[test]
fn the_guard_owns_self_and_the_body_moves() {
    check(
        "/// Sets.\n #[instrument] pub async fn set(&mut self, mut a: A, (b, c): (B, C)) -> R { x }",
        "/// Sets.\n pub async fn set(&mut self, a: A, __arg1: (B, C)) -> R {
            let mut __resetting = ::cached_core::__private::Resetting::new(
                self,
                |__this: &mut &mut Self| {
                    let __this: &mut Self = __this;
                    ::cached_core::__private::ResetByMut::reset_by_mut(&mut __this.f);
                }
            );
            Self::set_between_resets(__resetting.target(), a, __arg1).await
        }
        #[doc(hidden)] #[instrument]
        async fn set_between_resets(&mut self, mut a: A, (b, c): (B, C)) -> R { x }",
    );
}

#[test]
fn a_shared_reference_needs_no_second_method() {
    check(
        "fn refresh(&self) -> R { x }",
        "fn refresh(&self) -> R {
            let __resetting = ::cached_core::__private::Resetting::new(
                self,
                |__this: &mut &Self| {
                    let __this: &Self = __this;
                    ::cached_core::__private::ResetByRef::reset_by_ref(&__this.f);
                }
            );
            x
        }",
    );
}

#[test]
fn generic_parameters_are_passed_on() {
    let method = "fn set<'a, T: X, const N: usize>(&mut self, a: &'a [T; N]) { x }";
    let text = expanded(method, None).expect("it expands");
    assert!(
        text.contains("set_between_resets :: < T , N > (__resetting . target () , a)"),
        "{text}"
    );
}

#[test]
fn in_trait_impls_only_shared_references_work() {
    for place in [Place::TraitImpl, Place::Trait] {
        let fault = expanded("fn set(&mut self) { x }", Some(place)).expect_err("a fault");
        assert!(
            fault.contains("write an inherent method with this attribute"),
            "{fault}"
        );
        expanded("fn refresh(&self) { x }", Some(place)).expect("it expands");
    }
}

#[test]
fn methods_that_cannot_reset_afterwards_are_refused() {
    for (method, wrong) in [
        ("fn f() { x }", "it needs a `self` that is still there"),
        (
            "fn f(self) -> Self { x }",
            "it needs a `self` that is still there",
        ),
        (
            "fn f(self: Pin<&mut Self>) { x }",
            "it needs a `self` that is still there",
        ),
        (
            "fn f(&mut self) -> &mut T { x }",
            "hands out a borrow of `self`",
        ),
        (
            "fn f<'a>(&'a mut self) -> Option<&'a T> { x }",
            "hands out a borrow of `self`",
        ),
        (
            "fn f(&self) -> impl Future<Output = ()> { x }",
            "returns before its work is done",
        ),
        (
            "fn f(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> { x }",
            "before its work is done",
        ),
    ] {
        let fault = expanded(method, None).expect_err(method);
        assert!(fault.contains(wrong), "{method}: {fault}");
    }
}

#[test]
fn borrows_of_other_things_may_be_returned() {
    for method in [
        "fn f<'a>(&mut self, name: &'a str) -> &'a str { x }",
        "fn f(&mut self) -> &'static str { x }",
        "fn f(&self) -> &T { x }",
    ] {
        expanded(method, None).expect(method);
    }
}
