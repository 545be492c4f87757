//! What an envelope carries, and that it is refused where it does not belong.

use super::super::envelope::Kind;
use super::types::Post;
use super::{Body, Codec, HEADER, MAC_KEY, Meta, STAMPS, Seal, Stamp, TIMES, Times};
use super::{cell, codecs, key, meta, read};
use crate::cell::{Cell, Token};
use crate::codec::{Unencodable, Unreadable, key_hash};

fn seals() -> [Seal; 2] {
    [Seal::checksum(), Seal::mac(MAC_KEY)]
}

#[test]
fn a_value_says_all_that_was_put_in() {
    for codec in codecs() {
        let encoded = codec.encode(&Post::sample(), None).expect("encodable");
        let cell = super::seal(codec.seal(), &encoded);
        let opened = codec.seal().open(&cell, key()).expect("it is intact");
        assert_eq!(opened.kind(), Kind::Value);
        assert_eq!(opened.token(), meta(STAMPS).token);
        assert_eq!(opened.times(), TIMES);
        assert_eq!(opened.compute_us(), 1500);
        assert_eq!(opened.format(), encoded.format);
        assert_eq!(opened.is_compressed(), encoded.compressed);
        assert_eq!(opened.fingerprint(), Codec::fingerprint::<Post>(None));
        assert_eq!(opened.stamps().len(), STAMPS.len());
        assert!(opened.stamps().eq(STAMPS.iter().copied()));
        assert_eq!(opened.payload(), encoded.bytes);
        assert_eq!(cell.token(), Some(opened.token()));
        let signed = format!("{codec:?}").contains("mac");
        let header = HEADER + if signed { 8 } else { 0 };
        let expected = header + 16 * STAMPS.len() + encoded.bytes.len();
        assert_eq!(cell.as_bytes().len(), expected);
        assert_eq!(cell.as_stamp(), None);
    }
}

#[test]
fn leases_and_absences_hold_no_value() {
    for seal in seals() {
        for (body, kind) in [(Body::Lease, Kind::Lease), (Body::Absent, Kind::Absent)] {
            let cell = seal.write(&meta(STAMPS), body).expect("two stamps fit");
            let opened = seal.open(&cell, key()).expect("it is intact");
            assert_eq!(opened.kind(), kind);
            assert_eq!((opened.format(), opened.fingerprint()), (0, 0));
            assert_eq!(opened.times(), TIMES);
            assert_eq!(opened.compute_us(), 1500);
            assert!(opened.payload().is_empty());
            let value = Codec::new().decode::<()>(&opened, None);
            assert_eq!(value, Err(Unreadable::OtherType));
        }
    }
}

/// Cells of this release are read by the next: the layout is a promise.
#[test]
fn the_layout_never_changes() {
    let stamp = [Stamp {
        id: 0x1122_3344_5566_7788,
        value: 0x99AA_BBCC_DDEE_FF00,
    }];
    let times = Times {
        created: 1,
        soft: 2,
        hard: 3,
    };
    let meta = Meta {
        times,
        compute_us: 5,
        ..meta(&stamp)
    };
    let encoded = Codec::new().encode(&7_u8, Some("x")).expect("encodable");
    let cell = Seal::checksum().write(&meta, Body::Value(&encoded));
    let cell = cell.expect("one stamp fits");
    let hex: String = cell.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let expected = concat!(
        "cac40176",
        "09090909090909090909090909090909",
        "00010100",
        "05000000",
        "94ca48fc6049801a",
        "0100000000000000",
        "0200000000000000",
        "0300000000000000",
        "eb93832515498b8f",
        "8877665544332211",
        "00ffeeddccbbaa99",
        "07",
    );
    assert_eq!(hex, expected);
    assert_eq!(key(), 0x5AE0_5147_6873_1348_65AD_03D1_F58E_04E3);
}

#[test]
fn the_cell_of_another_key_is_refused() {
    for codec in codecs() {
        let cell = cell(&codec, &1_u8);
        for other in [
            key_hash(b"post:8", 2),
            key_hash(b"post:7", 4),
            key_hash(b"post:7", 3),
            0,
        ] {
            let opened = codec.seal().open(&cell, other);
            assert_eq!(opened.err(), Some(Unreadable::Corrupt));
        }
    }
}

#[test]
fn the_value_of_another_type_is_refused() {
    for codec in codecs() {
        let cell = cell(&codec, &1_u8);
        assert_eq!(read::<i8>(&codec, &cell), Err(Unreadable::OtherType));
    }
}

#[test]
fn what_is_no_entry_is_foreign() {
    let seal = Seal::checksum();
    let lease = seal.write(&meta(&[]), Body::Lease).expect("no stamps");
    let mut other_layout = lease.as_bytes().to_vec();
    other_layout[2] += 1;
    let mut other_kind = lease.as_bytes().to_vec();
    other_kind[3] = b'x';
    for bytes in [
        Vec::new(),
        b"session data of another library, long enough to hold a whole header and then some more"
            .repeat(2),
        Cell::stamp(Token::random()).into_bytes(),
        other_layout,
        other_kind,
    ] {
        let opened = Cell::from_bytes(bytes);
        let opened = seal.open(&opened, key()).map(|opened| opened.kind());
        assert_eq!(opened, Err(Unreadable::Foreign));
    }
}

#[test]
fn a_token_is_replaced() {
    for seal in seals() {
        let old = seal
            .write(&meta(STAMPS), Body::Absent)
            .expect("two stamps fit");
        let token = Token::random();
        let new = seal.with_token(&old, key(), token).expect("it is intact");
        let opened = seal.open(&new, key()).expect("it is intact");
        assert_eq!((new.token(), opened.token()), (Some(token), token));
        assert_eq!(opened.times(), TIMES);
        assert!(opened.stamps().eq(STAMPS.iter().copied()));
        let token_of_old = meta(STAMPS).token;
        assert_eq!(seal.with_token(&new, key(), token_of_old), Some(old));
    }
}

#[test]
fn times_are_replaced() {
    let codec = Codec::new().with_mac_key(MAC_KEY);
    for codec in [Codec::new(), codec] {
        let old = cell(&codec, &Post::sample());
        let times = Times {
            created: 1,
            soft: 0,
            hard: 9,
        };
        let new = codec
            .seal()
            .with_times(&old, key(), times)
            .expect("it is intact");
        let opened = codec.seal().open(&new, key()).expect("it is intact");
        assert_eq!(opened.times(), times);
        assert_eq!(opened.token(), meta(STAMPS).token);
        assert_eq!(read(&codec, &new), Ok(Post::sample()));
        assert_eq!(codec.seal().with_times(&new, key(), TIMES), Some(old));
    }
}

#[test]
fn damaged_cells_are_not_rewritten() {
    let [checksum, mac] = seals();
    let old = checksum
        .write(&meta(STAMPS), Body::Absent)
        .expect("two stamps fit");
    let mut damaged = old.as_bytes().to_vec();
    damaged[HEADER] ^= 1;
    for (seal, cell) in [(checksum, Cell::from_bytes(damaged)), (mac, old)] {
        assert_eq!(seal.with_token(&cell, key(), Token::random()), None);
        assert_eq!(seal.with_times(&cell, key(), TIMES), None);
    }
}

#[test]
fn only_cells_signed_with_the_key_are_opened() {
    let [checksum, mac] = seals();
    let other = Seal::mac([8; 32]);
    for (writer, reader) in [(checksum, mac), (mac, checksum), (mac, other), (other, mac)] {
        let cell = writer
            .write(&meta(STAMPS), Body::Lease)
            .expect("two stamps fit");
        let opened = reader.open(&cell, key());
        assert_eq!(
            opened.err(),
            Some(Unreadable::Corrupt),
            "{writer:?} {reader:?}"
        );
    }
    // Taking the flag of the signature away does not help.
    let cell = mac
        .write(&meta(STAMPS), Body::Lease)
        .expect("two stamps fit");
    let mut bytes = cell.into_bytes();
    bytes[20] = 0;
    let opened = Cell::from_bytes(bytes);
    assert_eq!(mac.open(&opened, key()).err(), Some(Unreadable::Corrupt));
    assert_eq!(
        checksum.open(&opened, key()).err(),
        Some(Unreadable::Corrupt)
    );
}

#[test]
fn the_key_is_not_shown() {
    let codec = Codec::new().with_mac_key([b'k'; 32]);
    let shown = format!("{codec:?} {:?}", codec.seal());
    assert!(shown.contains("Seal(mac)"), "{shown}");
    assert!(!shown.contains("107") && !shown.contains("kkk"), "{shown}");
}

#[test]
fn values_are_not_shown() {
    let codec = Codec::new();
    let encoded = codec.encode(&"secret".to_owned(), None).expect("encodable");
    let cell = super::seal(codec.seal(), &encoded);
    let opened = codec.seal().open(&cell, key());
    let shown = format!("{encoded:?} {cell:?} {opened:?}");
    // As text or as the list of its bytes.
    assert!(
        !shown.contains("secret") && !shown.contains("115, 101"),
        "{shown}"
    );
}

#[test]
fn more_stamps_than_fit_are_an_error() {
    let many = vec![Stamp { id: 1, value: 2 }; 65_536];
    let cell = Seal::checksum().write(&meta(&many), Body::Absent);
    let limit = 65_535;
    assert_eq!(
        cell.err(),
        Some(Unencodable::TooLarge {
            size: 65_536,
            limit
        })
    );
    let cell = Seal::checksum().write(&meta(&many[1..]), Body::Absent);
    let cell = cell.expect("65,535 stamps fit");
    let opened = Seal::checksum().open(&cell, key()).expect("it is intact");
    assert_eq!(opened.stamps().len(), 65_535);
}
