//! What a misspelled word was most likely meant to be.

/// "did you mean `x`" where a known word is near, else all of them.
pub(super) fn offer(word: &str, known: &[&str]) -> String {
    match near(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are `{}`.", known.join("`, `")),
    }
}

/// The known word that another resembles.
pub(super) fn near<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // Nobody means anything by more, and the comparison takes time.
    let word: String = word.chars().take(300).collect();
    let near = known
        .iter()
        .map(|known| (distance(&word, known), *known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3);
    near.map(|(_, near)| near)
}

/// Levenshtein distance of two short words.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
