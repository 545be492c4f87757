//! Feature `uuid`.

use ::uuid::Uuid;

use super::{KeyPart, KeyWriter};

/// Hyphenated, lower case.
#[diagnostic::do_not_recommend]
impl KeyPart for Uuid {
    fn write_key(&self, key: &mut KeyWriter) {
        key.text(self.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::tests::form;

    #[test]
    fn is_hyphenated_and_lower_case() {
        let id = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
        assert_eq!(form(&id), "67e55044-10b1-426f-9247-bb680e5fe0c8");
        assert_eq!(form(&Uuid::nil()), "00000000-0000-0000-0000-000000000000");
    }
}
