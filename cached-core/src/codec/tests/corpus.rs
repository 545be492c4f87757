//! The committed corpora of the fuzz targets, replayed.

use std::path::Path;

/// Runs every file of a corpus through the body of its target.
fn replay(corpus: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(corpus);
    let files = folder.read_dir().expect("the corpus is committed");
    let mut replayed = 0;
    for file in files {
        let path = file.expect("the folder is readable").path();
        let bytes = std::fs::read(&path).expect("the file is readable");
        target(&bytes);
        replayed += 1;
    }
    assert!(replayed >= 20, "{replayed} files in {}", folder.display());
}

#[test]
fn envelopes() {
    replay("envelope", super::fuzz::envelope);
}

#[test]
fn payloads() {
    replay("decode", super::fuzz::decode);
}
