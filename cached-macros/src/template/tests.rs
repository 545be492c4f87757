use super::*;

fn parse(text: &str) -> Result<Template, String> {
    let mut faults = Faults::default();
    let template = Template::parse(&LitStr::new(text, Span::call_site()), &mut faults);
    template.ok_or_else(|| faults.texts().join("\n"))
}

fn hole(root: &str, path: &[&str], modifier: Modifier) -> Piece {
    let path = path.iter().map(|field| (*field).to_owned()).collect();
    Piece::Hole(Placeholder {
        root: root.to_owned(),
        path,
        modifier,
    })
}

fn literal(text: &str) -> Piece {
    Piece::Literal(text.to_owned())
}

#[test]
fn literals_and_placeholders_alternate() {
    let template = parse("post:<id>:by:{user.name}").expect("a valid template");
    assert_eq!(template.text, "post:<id>:by:<user.name>");
    assert_eq!(
        template.pieces,
        [
            literal("post:"),
            hole("id", &[], Modifier::Plain),
            literal(":by:"),
            hole("user", &["name"], Modifier::Plain),
        ]
    );
}

#[test]
fn modifiers_and_tuple_fields_are_read() {
    let template = parse("l:<query:hash>/<pair.0>/<token:secret>").expect("a valid template");
    assert_eq!(template.text, "l:<query:hash>/<pair.0>/<token:secret>");
    let holes: Vec<_> = template.placeholders().map(|hole| hole.modifier).collect();
    assert_eq!(holes, [Modifier::Hash, Modifier::Plain, Modifier::Secret]);
}

#[test]
fn flaws_say_what_to_write() {
    for (text, wrong, write) in [
        ("", "the key is empty", "`\"post:<id>\"`"),
        ("a:<id", "never ends", "`<name>`"),
        ("a:id>", "closes no placeholder", "`<name>`"),
        ("a:{id>", "never ends", "`{name}`"),
        ("a:<>", "is no placeholder", "`<argument.field>`"),
        ("a:<id+1>", "is no placeholder", "`<argument:hash>`"),
        ("a:<id.len()>", "is no placeholder", "argument of its own"),
        ("a:<id:hsah>", "did you mean `:hash`?", "`:secret`"),
        ("a:<a><b>", "nothing ends `<a>` before `<b>`", "`<a>:<b>`"),
        ("a:<a>-<b>", "nothing ends", "`:`"),
        ("a:<a>%<b>", "nothing ends", "`:`"),
        ("a:<a>,<b>", "nothing ends", "`:`"),
        ("user:<id>:*", "not a pattern", "tags("),
        ("a b", "printable ASCII", "`:`"),
        ("ä", "printable ASCII", "placeholder"),
        ("a\n", "printable ASCII", "placeholder"),
    ] {
        let fault = parse(text)
            .err()
            .unwrap_or_else(|| panic!("{text:?} is flawed"));
        assert!(fault.contains(wrong), "{text:?}: {fault}");
        assert!(fault.contains(write), "{text:?}: {fault}");
    }
}

#[test]
fn one_separator_inside_of_a_literal_is_enough() {
    assert!(parse("<a>-x/y-<b>").is_ok());
}
