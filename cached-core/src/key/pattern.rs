//! Patterns over the texts of keys, for tools.

/// `*` stands for any text, `?` for one character, and `\` takes the next character as it is.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Any,
    One,
    Char(char),
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' if pieces.last() == Some(&Piece::Any) => {}
                '*' => pieces.push(Piece::Any),
                '?' => pieces.push(Piece::One),
                // A last `\` is one.
                '\\' => pieces.push(Piece::Char(chars.next().unwrap_or('\\'))),
                c => pieces.push(Piece::Char(c)),
            }
        }
        Self(pieces)
    }

    /// Whether it matches the whole text.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.states_after(text.chars().map(Some)).last() == Some(&true)
    }

    /// Whether it matches some text that begins like this, where `?` may be any character.
    pub(crate) fn may_match(&self, start: &str) -> bool {
        let known = start.chars().map(|c| (c != '?').then_some(c));
        self.states_after(known).contains(&true)
    }

    /// How far it may have got after these characters, `None` being an unknown one: a place is true
    /// where all pieces before it are used up. Linear in both, whatever the pattern.
    fn states_after(&self, chars: impl Iterator<Item = Option<char>>) -> Vec<bool> {
        let mut states = vec![false; self.0.len() + 1];
        states[0] = true;
        self.skip(&mut states);
        for c in chars {
            let mut next = vec![false; states.len()];
            for (at, piece) in self.0.iter().enumerate().filter(|(at, _)| states[*at]) {
                match piece {
                    Piece::Any => next[at] = true,
                    Piece::One => next[at + 1] = true,
                    Piece::Char(wanted) => next[at + 1] |= c.is_none_or(|c| c == *wanted),
                }
            }
            self.skip(&mut next);
            states = next;
        }
        states
    }

    /// `*` may stand for nothing.
    fn skip(&self, states: &mut [bool]) {
        for (at, piece) in self.0.iter().enumerate() {
            if *piece == Piece::Any && states[at] {
                states[at + 1] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let pattern = Pattern::new(pattern);
        for text in matching {
            assert!(pattern.matches(text), "{pattern:?} matches {text}");
        }
        for text in others {
            assert!(!pattern.matches(text), "{pattern:?} does not match {text}");
        }
    }

    #[test]
    fn stars_and_question_marks_stand_for_others() {
        check("post:7", &["post:7"], &["post:70", "apost:7", ""]);
        check("post:*", &["post:", "post:7:x"], &["post", "xpost:7"]);
        check("*:7", &["post:7", ":7", "a:7:7"], &["post:70"]);
        check("a*b*c", &["abc", "aXbYc", "abbcc"], &["acb", "ab"]);
        check("a?c", &["abc", "a*c", "aüc"], &["ac", "abbc"]);
        check("*", &["", "x"], &[]);
        check("", &[""], &["x"]);
        check(r"a\*\?\\", &[r"a*?\"], &["abc"]);
        check("a\\", &["a\\"], &["a"]);
    }

    #[test]
    fn a_hostile_pattern_is_no_work() {
        let pattern = Pattern::new(&"a*".repeat(1000));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(999))));
    }

    #[test]
    fn the_beginning_of_a_text_may_match() {
        let pattern = Pattern::new("user:*:name");
        assert!(pattern.may_match("user:?n"));
        assert!(pattern.may_match("us"));
        assert!(!pattern.may_match("post:"));
        assert!(!Pattern::new("ab").may_match("abc"));
        assert!(Pattern::new("ü:1").may_match("?:"));
    }
}
