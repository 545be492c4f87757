fn main() {
    let id = 7;
    cached_core::invalidate_blocking!("post:<id>", on_failure = error);
}
