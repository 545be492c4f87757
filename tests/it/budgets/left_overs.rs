//! What must not stay in a library, found in its tokens.

use proc_macro2::{TokenStream, TokenTree};

/// `unsafe`, unfinished code, and `unwrap` or an `expect` that gives no reason.
pub(crate) fn find(tokens: TokenStream) -> Vec<(usize, String)> {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    for (at, tree) in trees.iter().enumerate() {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Ident(word) => {
                let fault = fault_of(&word.to_string(), &trees[..at], &trees[at + 1..]);
                found.extend(fault.map(|what| (line, what)));
            }
            TokenTree::Group(group) => found.extend(find(group.stream())),
            _ => {}
        }
    }
    found
}

fn fault_of(word: &str, before: &[TokenTree], after: &[TokenTree]) -> Option<String> {
    let is_method = matches!(before.last(), Some(TokenTree::Punct(dot)) if dot.as_char() == '.');
    let is_macro = matches!(after.first(), Some(TokenTree::Punct(mark)) if mark.as_char() == '!');
    let arguments = after.first().map(ToString::to_string).unwrap_or_default();
    match word {
        // Alone between brackets it is `Token![unsafe]`, the name of the word.
        "unsafe" if !(before.is_empty() && after.is_empty()) => Some("`unsafe`".into()),
        "todo" | "unimplemented" | "dbg" if is_macro => Some(format!("`{word}!`")),
        "unwrap" if is_method && arguments == "()" => {
            Some("`unwrap()`; say why it cannot fail".into())
        }
        "expect" if is_method && arguments.starts_with("(\"") && arguments.len() < 14 => {
            Some(format!("`expect{arguments}` gives no reason"))
        }
        _ => None,
    }
}

#[test]
fn left_overs_are_found() {
    let found = |text: &str| find(text.parse().expect("tokens")).len();
    // Not spelled out, so that nothing that looks for left-overs takes this for one.
    let unfinished = ["todo", "!()"].concat();
    let text = format!("fn f() {{ a.unwrap(); b.expect(\"\"); {unfinished} }}");
    assert_eq!(found(&text), 3);
    assert_eq!(found("quote! { unsafe { #x } }"), 1);
    assert_eq!(
        found("fn f() { a.unwrap_or(1); b.expect(\"the list is never empty\"); }"),
        0
    );
    let text = format!("/// a.unwrap() and {unfinished}\nfn expect(b: u8) {{}}");
    assert_eq!(found(&text), 0);
}
