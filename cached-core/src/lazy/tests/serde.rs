//! Written as `None`, read as empty: JSON, MessagePack, bincode.

use serde::{Deserialize, Serialize};

use crate::lazy::{CachedProperty, Shared};

#[derive(Debug, Default, Serialize, Deserialize)]
struct Post {
    id: u64,
    slug: CachedProperty<String>,
    rank: CachedProperty<u32, Shared>,
    title: String,
}

/// The same struct when the fields were plain ones, or are going to be.
#[derive(Debug, Serialize, Deserialize)]
struct Plain {
    id: u64,
    slug: Option<String>,
    rank: Option<u32>,
    title: String,
}

fn computed() -> Post {
    let post = Post {
        id: 7,
        title: "t".into(),
        ..Post::default()
    };
    post.slug.get_or_init(|| "a".into());
    post.rank.get_or_init(|| 1);
    post
}

fn assert_empty(post: Post) {
    assert_eq!((post.id, post.title.as_str()), (7, "t"));
    assert!(post.slug.get().is_none() && post.rank.get().is_none());
}

#[test]
fn json_writes_null() {
    let text = serde_json::to_string(&computed()).unwrap();
    assert_eq!(text, r#"{"id":7,"slug":null,"rank":null,"title":"t"}"#);
    assert_empty(serde_json::from_str(&text).unwrap());
}

#[test]
fn json_reads_anything_and_a_missing_field() {
    for slug in [
        "null",
        "true",
        "-1",
        "7",
        "1.5",
        r#""a""#,
        "[1,[2]]",
        r#"{"a":{"b":1}}"#,
    ] {
        let text = format!(r#"{{"id":7,"slug":{slug},"rank":{slug},"title":"t"}}"#);
        assert_empty(serde_json::from_str(&text).unwrap());
    }
    assert_empty(serde_json::from_str(r#"{"title":"t","id":7}"#).unwrap());
}

#[test]
fn json_values_and_flattened_structs_read_it() {
    #[derive(Deserialize)]
    struct Page {
        #[serde(flatten)]
        post: Post,
    }
    let text = r#"{"id":7,"slug":[1],"title":"t"}"#;
    assert_empty(serde_json::from_str::<Page>(text).unwrap().post);
    assert_empty(serde_json::from_value(serde_json::from_str(text).unwrap()).unwrap());
}

#[test]
fn primitive_deserializers_read_it() {
    use serde::de::IntoDeserializer;
    use serde::de::value::Error;
    let one = |_: CachedProperty<String>| ();
    one(Deserialize::deserialize(IntoDeserializer::<Error>::into_deserializer(7u32)).unwrap());
    one(Deserialize::deserialize(IntoDeserializer::<Error>::into_deserializer("a")).unwrap());
    one(Deserialize::deserialize(IntoDeserializer::<Error>::into_deserializer(true)).unwrap());
}

#[test]
fn messagepack_writes_nil_and_reads_anything() {
    let plain = Plain {
        id: 7,
        slug: Some("a".into()),
        rank: Some(1),
        title: "t".into(),
    };
    for bytes in [rmp_serde::to_vec(&computed()), rmp_serde::to_vec(&plain)] {
        assert_empty(rmp_serde::from_slice(&bytes.unwrap()).unwrap());
    }
    let bytes = rmp_serde::to_vec(&computed()).unwrap();
    assert!(
        rmp_serde::from_slice::<Plain>(&bytes)
            .unwrap()
            .slug
            .is_none()
    );
}

#[test]
fn messagepack_with_names_reads_a_missing_field() {
    #[derive(Serialize)]
    struct Before {
        id: u64,
        title: String,
    }
    let before = Before {
        id: 7,
        title: "t".into(),
    };
    assert_empty(rmp_serde::from_slice(&rmp_serde::to_vec_named(&before).unwrap()).unwrap());
    assert_empty(rmp_serde::from_slice(&rmp_serde::to_vec_named(&computed()).unwrap()).unwrap());
}

#[test]
fn bincode_reads_what_it_wrote() {
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(computed(), config).unwrap();
    let (post, read) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
    assert_empty(post);
    assert_eq!(read, bytes.len());
    let (plain, _): (Plain, _) = bincode::serde::decode_from_slice(&bytes, config).unwrap();
    assert!(plain.slug.is_none() && plain.rank.is_none());
}
