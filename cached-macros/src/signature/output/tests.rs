use super::*;

fn fault(signature: &str) -> Option<String> {
    let function: Function = syn::parse_str(&format!("{signature} {{}}")).expect("a function");
    let mut faults = Faults::default();
    check(&function, &Signature::of(&function), false, &mut faults);
    assert!(faults.texts().len() < 2);
    faults.texts().pop()
}

#[test]
fn what_can_be_stored_is_left_to_the_traits() {
    for output in [
        "u64",
        "Result<Post, E>",
        "Option<Arc<Post>>",
        "Result<Vec<Post>, &'static str>",
        "Arc<[u8]>",
        "Cow<'static, str>",
        "io::Result<Post>",
        "Result<u8, Rc<E>>",
        "Self",
        "Arc<T>",
        "Option<T>",
        "Map2",
        "fn(&str) -> u8",
    ] {
        let text = format!("fn f<T>() -> {output}");
        let found = fault(&text);
        assert_eq!(found, None, "{output}");
    }
}

#[test]
fn what_cannot_names_the_form_to_write() {
    for (signature, write) in [
        ("fn f()", "return the computed value"),
        ("fn f() -> ()", "return the computed value"),
        ("fn f() -> !", "return the computed value"),
        ("fn f(a: &str) -> &str", "Arc<str>"),
        ("fn f() -> &'static str", "add `in_process`"),
        ("fn f() -> Result<&'static [u8], E>", "add `in_process`"),
        ("fn f<'a>() -> &'static [&'a str]", "Arc<str>"),
        ("fn f<'a>(a: &'a str) -> Cow<'a, str>", "owned type"),
        ("fn f(a: &A) -> Vec<Row<'_>>", "owned type"),
        ("fn f() -> impl Iterator<Item = u8>", ".collect::<Vec<_>>()"),
        (
            "fn f() -> Option<impl Iterator<Item = u8>>",
            ".collect::<Vec<_>>()",
        ),
        (
            "async fn f() -> Result<BoxStream<'static, u8>, E>",
            ".collect::<Vec<_>>()",
        ),
        (
            "fn f() -> Box<dyn Iterator<Item = u8>>",
            ".collect::<Vec<_>>()",
        ),
        ("fn f() -> impl Future<Output = u8>", "write `async fn`"),
        ("fn f() -> BoxFuture<'static, u8>", "write `async fn`"),
        ("fn f() -> impl Display", "name the type"),
        ("fn f(m: &M) -> MutexGuard<'_, u8>", "owned value"),
        ("fn f() -> Result<Rc<Post>, E>", "`Arc`"),
        ("fn f() -> QueryAs<'static, Db, Post, A>", ".fetch_all("),
        ("fn f<T>() -> T", "`Result<T, E>`"),
        ("fn f<T: X>() -> T::Out", "the type that it stands for"),
        ("fn f() -> <A as X>::Out", "the type that it stands for"),
        ("fn f() -> Self::Out", "the type that it stands for"),
    ] {
        let fault = fault(signature).unwrap_or_else(|| panic!("{signature} is refused"));
        assert!(fault.contains(write), "{signature}: {fault}");
    }
}
