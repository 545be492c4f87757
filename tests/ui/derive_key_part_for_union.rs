//! A union has no form.

#[derive(cached_core::KeyPart)]
union Bits {
    whole: u32,
    halves: [u16; 2],
}

fn main() {}
