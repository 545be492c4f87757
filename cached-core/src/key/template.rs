//! What a template can render: the run-time view of a normalised template such as `post:<id>:x`.
//!
//! The registry asks it which functions a text can belong to. The answers err on the side of yes:
//! they know which characters a part can hold, not which parts a type has. A template that is
//! malformed (its macro would have refused it) is taken literally from the fault on.

use super::Key;

/// Whether a key can come from a template. Of a key that ends with a digest, only the beginning
/// is compared.
pub(crate) fn matches(template: &str, key: &Key) -> bool {
    if key.is_digest() {
        return begins_alike(template, key.text());
    }
    renders(template, key.text())
}

/// Whether some key can come from both templates.
pub(crate) fn unify(one: &str, other: &str) -> bool {
    // Most templates differ in their first word already.
    if !begins_alike(one, first_literal(other)) {
        return false;
    }
    let one: Vec<Token> = tokens(one).collect();
    let other: Vec<Token> = tokens(other).collect();
    // `ends[j]`: whether what is left of `one` and `other[j..]` can render the same.
    let mut ends = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            row[j] = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some(Token::Hole), Some(Token::Hole)) => ends[j] || row[j + 1],
                // A hole ends here, or takes the character on the other side.
                (Some(Token::Hole), Some(Token::Byte(byte))) => {
                    ends[j] || (fits_part(*byte) && row[j + 1])
                }
                (Some(Token::Byte(byte)), Some(Token::Hole)) => {
                    row[j + 1] || (fits_part(*byte) && ends[j])
                }
                (Some(Token::Byte(a)), Some(Token::Byte(b))) => a == b && ends[j + 1],
                (Some(Token::Hole), None) => ends[j],
                (None, Some(Token::Hole)) => row[j + 1],
                (Some(Token::Byte(_)), None) | (None, Some(Token::Byte(_))) => false,
            };
        }
        ends = row;
    }
    ends[0]
}

/// Finds each literal at its first place. No later place can be right if that one is not: up to
/// there a part would have to hold all that the first place leaves over.
fn renders(template: &str, text: &str) -> bool {
    let mut literals = literals(template).peekable();
    let first = literals.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    while let Some(literal) = literals.next() {
        let place = if literals.peek().is_some() {
            rest.find(literal)
        } else {
            return rest.strip_suffix(literal).is_some_and(is_part);
        };
        match place {
            Some(place) if is_part(&rest[..place]) => rest = &rest[place + literal.len()..],
            _ => return false,
        }
    }
    rest.is_empty()
}

fn begins_alike(template: &str, text: &str) -> bool {
    let first = first_literal(template).as_bytes();
    first
        .iter()
        .zip(text.as_bytes())
        .take(super::writer::PREFIX_LEN)
        .all(|(a, b)| a == b)
}

fn first_literal(template: &str) -> &str {
    literals(template).next().unwrap_or_default()
}

fn is_part(text: &str) -> bool {
    text.bytes().all(fits_part)
}

/// Whether a byte occurs in rendered parts: atoms and structure.
fn fits_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.~-%()[],+!".contains(&byte)
}

#[derive(Clone, Copy)]
enum Token {
    Byte(u8),
    Hole,
}

fn tokens(template: &str) -> impl Iterator<Item = Token> {
    literals(template).enumerate().flat_map(|(index, literal)| {
        let hole = (index > 0).then_some(Token::Hole);
        hole.into_iter().chain(literal.bytes().map(Token::Byte))
    })
}

/// The literals of a template, one more than it has placeholders; they may be empty.
fn literals(template: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(template);
    std::iter::from_fn(move || {
        let text = rest?;
        let hole = text.find('<').and_then(|open| {
            let close = text[open..].find('>')?;
            Some((open, open + close + 1))
        });
        rest = hole.map(|(_, after)| &text[after..]);
        Some(hole.map_or(text, |(open, _)| &text[..open]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::logical(text, 0).expect("not empty")
    }

    #[track_caller]
    fn check_matches(template: &str, text: &str, expected: bool) {
        assert_eq!(matches(template, &key(text)), expected, "{template} {text}");
    }

    #[track_caller]
    fn check_unify(one: &str, other: &str, expected: bool) {
        assert_eq!(unify(one, other), expected, "{one} {other}");
        assert_eq!(unify(other, one), expected, "{other} {one}");
    }

    #[test]
    fn matches_what_the_template_can_render() {
        check_matches("post:<id>", "post:7", true);
        check_matches("post:<id>", "post:", true);
        check_matches("post:<id>", "post:7:comments", false);
        check_matches("post:<id>", "post:a b", false);
        check_matches("post:<id>", "pos", false);
        check_matches("post:<id>:x", "post:7:x", true);
        check_matches("post:<id>:x", "post:7:xx", false);
        check_matches("post:<id>:x", "post:x", false);
        check_matches("<a>:<b>", "1:2", true);
        check_matches("<a>:<b>", "1:2:3", false);
        check_matches("<a>:<b>", "a b:1", false);
        check_matches("<a>,<b>,z", "1,2,3,z", true);
        check_matches("a<x>ab:<y>", "aabab:1", true);
        check_matches("counter:posts:total", "counter:posts:total", true);
        check_matches("counter:posts:total", "counter:posts:totals", false);
    }

    #[test]
    fn a_digest_matches_by_its_beginning() {
        let long = format!("post:{}", "x".repeat(300));
        check_matches("post:<id>", &long, true);
        check_matches("post:<id>:comments", &long, true);
        check_matches("user:<id>", &long, false);
    }

    #[test]
    fn templates_unify_if_a_key_can_come_from_both() {
        check_unify("post:<id>", "post:<slug>", true);
        check_unify("post:<id>", "post:7", true);
        check_unify("post:<id>", "post:<id>:comments", false);
        check_unify("post:<id>:x", "post:7:<y>", true);
        check_unify("post:<id>", "user:<id>", false);
        check_unify("<a>:<b>", "post:<id>", true);
        check_unify("<a>:<b>", "post", false);
        check_unify("x<a>", "<b>y", true);
        check_unify("<a>", "<b>", true);
        check_unify("<a>", "", true);
        check_unify("a:<a>-<b>", "a:<a>+", true);
        check_unify("", "", true);
        check_unify("a", "", false);
    }

    #[test]
    fn malformed_templates_are_literal_from_the_fault_on() {
        check_matches("a<b", "a<b", true);
        check_matches("é<x>é", "é1é", true);
        check_unify("<", ">", false);
    }

    #[test]
    fn hostile_templates_take_linear_or_quadratic_time() {
        let template = "a<x>".repeat(5_000);
        let text = "a".repeat(200);
        assert!(!matches(&template, &key(&text)));
        assert!(unify(&"<x>a".repeat(300), &"a<x>".repeat(300)));
    }
}
