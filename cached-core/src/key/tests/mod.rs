//! What the rest of the world relies on: the exact forms, that no two values share one, and that
//! nothing a caller can pass breaks either.

mod forms;
mod hashes;
mod injective;
mod limits;

use super::{Key, KeyPart, render};

/// The canonical form of a value that is at most 199 bytes long.
pub(super) fn form<P: KeyPart + ?Sized>(part: &P) -> String {
    let key = rendered(part);
    assert!(!key.is_digest());
    key.text()[1..].to_owned()
}

/// A key of `:` and the value, since a key cannot be empty and a value can.
fn rendered<P: KeyPart + ?Sized>(part: &P) -> Key {
    render(0, |key| {
        key.literal(":").part(part);
    })
    .expect("a literal is not empty")
}
