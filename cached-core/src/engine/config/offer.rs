//! What a misspelled word was most likely meant to be.

/// "did you mean `x`" where a known word is near, else all of them.
pub(super) fn offer(word: &str, known: &[&str]) -> String {
    match near(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are `{}`", known.join("`, `")),
    }
}

/// The same, with an example of how it is written.
pub(super) fn offer_as(word: &str, known: &[&str], example: &str) -> String {
    let (end, write) = match near(word, known) {
        Some(_) => ("", "Write"),
        None => (";", "write"),
    };
    let offer = offer(word, known);
    format!("{offer}{end} {write} it as in `{example}`")
}

/// The known word that another resembles.
pub(super) fn near<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // Nobody means anything by more, and the comparison takes time.
    let word: String = word.chars().take(300).collect();
    let word = word.to_ascii_lowercase();
    let near = known
        .iter()
        .map(|known| (distance(&word, known), *known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3);
    near.map(|(_, near)| near)
}

/// Edits (insert, delete, replace, swap of neighbours) that turn one short word into another.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn swapped_letters_and_capitals_are_slips() {
        let known = ["redis", "url", "ttl", "memory"];
        for (word, meant) in [
            ("redsi", "redis"),
            ("ulr", "url"),
            ("tll", "ttl"),
            ("mmeory", "memory"),
            ("REDIS", "redis"),
            ("memoryy", "memory"),
        ] {
            assert_eq!(near(word, &known), Some(meant), "{word}");
        }
        for word in ["", "u", "rabbit", "xyz"] {
            assert_eq!(near(word, &known), None, "{word}");
        }
    }
}
