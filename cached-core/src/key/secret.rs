//! The keyed hash of `<x:secret>`, and the key it uses.

use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use hmac_sha256::{HMAC, Hash};

use super::{Key, digest};

/// Half of an HMAC-SHA256 of a canonical form, in hex.
pub(super) fn mac(form: &Key) -> [u8; digest::HEX_LEN] {
    static SECRET: OnceLock<Vec<u8>> = OnceLock::new();
    mac_with(
        SECRET.get_or_init(|| secret_or_random(std::env::var_os("CACHE_KEY_SECRET"))),
        form,
    )
}

fn mac_with(secret: &[u8], form: &Key) -> [u8; digest::HEX_LEN] {
    let mut mac = HMAC::new(secret);
    mac.update([u8::from(form.is_digest())]);
    mac.update(form.as_bytes());
    digest::hex(&mac.finalize())
}

fn secret_or_random(configured: Option<OsString>) -> Vec<u8> {
    match configured {
        Some(secret) if !secret.is_empty() => secret.into_encoded_bytes(),
        _ => random().to_vec(),
    }
}

/// The 128 random bits that std draws from the system for its hash maps, spread over 256.
fn random() -> [u8; 32] {
    let mut hash = Hash::new();
    for counter in 0_u8..8 {
        hash.update(RandomState::new().hash_one(counter).to_le_bytes());
    }
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Key {
        Key::logical(text, 0).expect("not empty")
    }

    #[test]
    fn is_hmac_sha256_of_a_flag_and_the_text() {
        let mac = mac_with(b"swordfish", &form("ann%40example.org"));
        assert_eq!(mac, *b"da645764ffaa359dc6b3e10f108ae8fe");
    }

    #[test]
    fn depends_on_secret_and_text() {
        let mac = |secret: &str, text| mac_with(secret.as_bytes(), &form(text));
        assert_ne!(mac("a", "x"), mac("b", "x"));
        assert_ne!(mac("a", "x"), mac("a", "y"));
    }

    #[test]
    fn an_unset_or_empty_variable_gives_a_random_secret() {
        assert_eq!(secret_or_random(Some("s".into())), b"s");
        assert_eq!(secret_or_random(Some("".into())).len(), 32);
        assert_ne!(secret_or_random(None), secret_or_random(None));
    }
}
