//! What the attribute writes, and what it says when it cannot.

use proc_macro2::TokenStream;

use super::expand;

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("tokens")
}

fn expanded(attr: &str, item: &str) -> String {
    expand(tokens(attr), tokens(item)).to_string()
}

/// How tokens are spaced is not what is tested.
fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

fn check(attr: &str, item: &str, expect: &str) {
    let expect = without_spaces(&tokens(expect).to_string());
    let text = without_spaces(&expanded(attr, item));
    assert_eq!(text, expect, "#[cached_property({attr})] {item}");
}

fn check_output(attr: &str, output: &str, expect: &str) {
    let text = without_spaces(&expanded(attr, &format!("fn f(&self) -> {output} {{ x }}")));
    let expect = without_spaces(&format!("fn f(&self) -> {expect} {{"));
    assert!(text.starts_with(&expect), "{output}: {text}");
}

fn check_fault(attr: &str, item: &str, wrong: &str) {
    let text = expanded(attr, item);
    assert!(
        text.contains(wrong),
        "#[cached_property({attr})] {item}: {text}"
    );
    let untouched = item.parse::<TokenStream>().expect("tokens").to_string();
    assert!(text.ends_with(&untouched), "the function stays: {text}");
}

#[test]
fn a_getter_is_its_body_in_a_closure() {
    check(
        "",
        "/// Words.\n pub fn word_count(&self) -> usize { self.body.len() }",
        "/// Words.\n pub fn word_count(&self) -> &usize {
            ::cached_core::__private::read_property::<false, usize>(
                { let Self { word_count: __field, .. } = self; __field },
                || -> usize { self.body.len() }
            )
        }",
    );
}

#[test]
fn an_async_getter_awaits_its_body() {
    check(
        "ttl = \"5m\", field = self.totals.0, crate = my::core",
        "async fn sum(&self) -> Result<u8, E> { x? }",
        "async fn sum(&self) -> Result<::std::sync::Arc<u8>, E> {
            my::core::__private::read_shared_async::<true, Result<u8, E>, _>(
                &self.totals.0,
                my::core::__private::Ttl::from_millis(300000u64),
                || async move {
                    if false { return my::core::__private::never::<Result<u8, E>>(); }
                    x?
                }
            ).await
        }",
    );
}

#[test]
fn the_return_type_follows_what_is_returned() {
    check_output("", "Vec<u8>", "&Vec<u8>");
    check_output("shared", "Vec<u8>", "::std::sync::Arc<Vec<u8>>");
    check_output("", "Result<u8, E>", "Result<&u8, E>");
    check_output(
        "shared",
        "io::Result<u8>",
        "io::Result<::std::sync::Arc<u8>>",
    );
    check_output("", "(Result<u8, E>, u8)", "&(Result<u8, E>, u8)");
    check_output("result = false", "my::Result<u8>", "&my::Result<u8>");
    check_output("", "&'static str", "&&'static str");
    check_output("", "Page<'a, T>", "&Page<'a, T>");
    check_output(
        "result",
        "Answer",
        "<Answer as ::cached_core::__private::Returned<true>>::With<
            &<Answer as ::cached_core::__private::Returned<true>>::Value
        >",
    );
}

#[test]
fn a_named_lifetime_of_self_is_kept() {
    let text = expanded("", "fn f<'a>(&'a self) -> u8 { 1 }");
    assert!(
        text.starts_with("fn f < 'a > (& 'a self) -> & 'a u8 {"),
        "{text}"
    );
}

#[test]
fn only_types_that_may_be_aliases_are_asked() {
    let asks = |output: &str| {
        expanded("", &format!("fn f(&self) -> {output} {{ x }}")).contains("IsResult")
    };
    for output in [
        "usize",
        "String",
        "Vec<Post>",
        "(u8, u8)",
        "[u8; 2]",
        "Result<u8, E>",
    ] {
        assert!(!asks(output), "{output}");
    }
    for output in [
        "Post",
        "T",
        "Self",
        "T::Item",
        "SearchResult",
        "DbResult<T>",
    ] {
        assert!(asks(output), "{output}");
    }
}

#[test]
fn a_borrow_is_refused() {
    for output in [
        "&str",
        "Option<&u8>",
        "&'a str",
        "Vec<Cow<'_, str>>",
        "Cow<str>",
        "Ref<u8>",
        "Box<dyn Fn() + '_>",
    ] {
        let item = format!("fn f<'a>(&'a self) -> {output} {{ x }}");
        check_fault("", &item, "the return type borrows from `self`");
    }
}

#[test]
fn what_is_no_property_is_refused() {
    for (item, wrong) in [
        ("fn f() -> u8 { 1 }", "a property is a method"),
        (
            "fn f(&mut self) -> u8 { 1 }",
            "a property is read through `&self`",
        ),
        (
            "fn f(self) -> u8 { 1 }",
            "a property is read through `&self`",
        ),
        (
            "fn f(self: Arc<Self>) -> u8 { 1 }",
            "a property is read through `&self`",
        ),
        (
            "fn f(&self, id: u64) -> u8 { 1 }",
            "use `#[cached]`, which caches by arguments",
        ),
        (
            "fn f<T>(&self) -> u8 { 1 }",
            "a property has no type parameters",
        ),
        ("fn f(&self) { }", "a property without a value"),
        ("fn f(&self) -> () { }", "a property without a value"),
        (
            "fn f(&self) -> impl Iterator<Item = u8> { x }",
            "a property needs a named type",
        ),
        ("fn f(&self) -> u8;", "a declaration without a body"),
        ("const fn f(&self) -> u8 { 1 }", "a `const fn`"),
    ] {
        check_fault("", item, wrong);
    }
}

#[test]
fn wrong_options_are_refused() {
    for (attr, wrong) in [
        ("tll = 5", "did you mean `ttl`?"),
        ("key = \"post:<id>\"", "has no key"),
        ("ttl = 0", "nothing would ever be stored"),
        ("ttl", "`ttl` is not written this way"),
        ("shared = 1", "`shared` is not written this way"),
        ("result = 1", "`result` is not written this way"),
        ("field = a()", "`field` is not written this way"),
        ("shared, shared", "`shared` is given twice"),
        ("5", "expected an option"),
    ] {
        check_fault(attr, "fn f(&self) -> u8 { 1 }", wrong);
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let text = expanded("tll = 5, ttl = 0", "fn f(&mut self, id: u64) -> &str { x }");
    assert_eq!(text.matches("compile_error !").count(), 5, "{text}");
}
