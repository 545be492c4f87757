use super::*;

/// The surroundings of the first `@` in `text`.
fn around(text: &str) -> Option<Surroundings> {
    let before: Vec<&str> = text
        .split('@')
        .next()
        .unwrap_or_default()
        .split('\n')
        .collect();
    let column = before.last().map_or(0, |line| line.chars().count()) + 1;
    scan(text).around(Position {
        line: before.len(),
        column,
    })
}

fn place(text: &str) -> Place {
    around(text)
        .and_then(|around| around.place)
        .expect("the mark stands in code")
}

fn names(text: &str) -> Vec<String> {
    around(text).expect("the mark stands in code").names
}

#[test]
fn a_module_is_a_free_place() {
    assert_eq!(place("@ fn f() {}"), Place::Free);
    assert_eq!(place("mod m { @ fn f() {} }"), Place::Free);
    assert_eq!(place("impl X { fn a() {} } @ fn f() {}"), Place::Free);
}

#[test]
fn impl_blocks_are_told_apart() {
    assert_eq!(place("impl X { @ fn f() {} }"), Place::Inherent);
    assert_eq!(place("impl T for X { @ fn f() {} }"), Place::TraitImpl);
    assert_eq!(place("trait T: Send { @ fn f() {} }"), Place::Trait);
    assert_eq!(
        place("pub(crate) unsafe trait T { @ fn f() {} }"),
        Place::Trait
    );
    assert_eq!(
        place("#[x(for y)] unsafe impl<A> a::T<A> for X<A> { @ }"),
        Place::TraitImpl
    );
    assert_eq!(
        place("#[async_trait]\nimpl T for X {\n  /// Doc's.\n  @\n}"),
        Place::TraitImpl
    );
}

#[test]
fn a_bound_with_for_is_no_trait_impl() {
    assert_eq!(
        place("impl<F> X<F> where F: for<'a> Fn(&'a u8) -> u8 { @ }"),
        Place::Inherent
    );
    assert_eq!(
        place("impl<F> T for X<F> where F: for<'a> Fn(&'a u8) { @ }"),
        Place::TraitImpl
    );
    assert_eq!(
        place("impl T for for<'a> fn(&'a u8) { @ }"),
        Place::TraitImpl
    );
}

#[test]
fn a_function_inside_of_a_method_is_free() {
    assert_eq!(place("impl X { fn a(&self) { @ fn f() {} } }"), Place::Free);
    assert_eq!(
        place("impl X { fn a() { if x { @ fn f() {} } } }"),
        Place::Free
    );
    assert_eq!(place("fn a() { impl X { @ } }"), Place::Inherent);
    assert_eq!(
        place("fn a() -> impl Iterator<Item = u8> { @ }"),
        Place::Free
    );
}

#[test]
fn literals_and_comments_hide_braces() {
    for hidden in [
        "\"{\"",
        "'{'",
        "'\\''",
        "r#\"{\"}\"#",
        "b\"{\\\"\"",
        "br\"{\"",
        "c\"{\"",
        "// {\n",
        "/* { /* } */ { */",
        "'\\u{7b}'",
        "b'{'",
    ] {
        let text = format!("impl X {{ const A: T = {hidden}; @ fn f<'a>(x: &'a str) {{}} }}");
        assert_eq!(place(&text), Place::Inherent, "{hidden}");
        let text = format!("fn a() {{ {hidden}; }} @");
        assert_eq!(place(&text), Place::Free, "{hidden}");
    }
}

#[test]
fn const_arguments_and_arrays_belong_to_the_header() {
    assert_eq!(place("impl T for X<{ N + 1 }> { @ }"), Place::TraitImpl);
    assert_eq!(place("impl T for [u8; 4] { @ }"), Place::TraitImpl);
    assert_eq!(place("impl X<[u8; 4], { 3 }> { @ }"), Place::Inherent);
    assert_eq!(
        place("impl<A> T for X<A> where A: B, { @ }"),
        Place::TraitImpl
    );
}

#[test]
fn names_lead_from_the_outside_in() {
    assert_eq!(names("mod m { fn a() { fn b() { @ } } }"), ["a", "b"]);
    assert_eq!(names("impl<T> x::Load<T> for Y { @ }"), ["Load"]);
    assert_eq!(names("impl Y { @ }"), Vec::<String>::new());
    assert_eq!(names("fn r#type() { @ }"), ["type"]);
}

#[test]
fn nothing_sits_in_a_comment() {
    assert_eq!(around("impl X { /// ```\n /// @ fn f() {}\n }"), None);
    assert_eq!(around("/* @ */"), None);
    assert_eq!(around("const X: &str = \"@\";"), None);
}

#[test]
fn columns_count_characters() {
    assert_eq!(place("/* äöü */ impl X { @ }"), Place::Inherent);
}

#[test]
fn broken_text_is_no_panic() {
    for text in [
        "}}}", "{{{", "'", "\"", "r#", "r#\"", "/*", "impl", "fn", "r", "'\\",
    ] {
        scan(text);
    }
}
