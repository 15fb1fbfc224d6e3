//! An event whose field is named like the context that its gate is asked with.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

struct Limits {
    most: u64,
}

/// Only so much.
#[gate]
fn within(amount: &u64, most: &u64) -> bool {
    amount <= most
}

state_machine!(
    #[machine(context = Limits)]
    #[derive(Debug, Clone)]
    enum Jar {
        #[initial]
        Filling { amount: u64 },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum JarEvent {
        #[event(id = 0x001)]
        Added { amount: u64, ctx: String, data: u64 },
    }

    fn evolve(jar: Jar, event: JarEvent) -> Jar {
        match (jar, event) {
            #[command(add)]
            #[gate(within(more, ctx.most))]
            (Filling { amount }, Added { amount: more, .. }) => Filling {
                amount: amount + more,
            },
        }
    }
);

fn add(jar: JarIn<Filling>) -> bool {
    jar.add(3, "by hand".to_owned(), 0, &Limits { most: 2 })
        .is_err()
}

fn main() {}
