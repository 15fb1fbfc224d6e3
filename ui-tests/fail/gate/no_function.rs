use batpak::prelude::*;

#[gate]
struct Daily(u64);

fn main() {}
