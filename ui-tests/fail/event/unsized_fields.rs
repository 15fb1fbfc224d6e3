use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1, id = 0x001)]
struct Paid {
    by: str,
}

#[derive(Event)]
#[event(category = 0x1, id = 0x002)]
struct Counted {
    lines: [u64],
}

#[derive(Event)]
#[event(category = 0x1, id = 0x003)]
struct Shown {
    what: dyn std::fmt::Display,
}

fn main() {}
