//! Fields with the names that generated code uses for itself.

#![deny(unused, warnings)]

use batpak::prelude::*;

/// It has to have a reader.
#[gate]
fn read(reader: &u8, within: &u16) -> bool {
    u16::from(*reader) < *within
}

state_machine!(
    #[machine(entity = "job")]
    #[derive(Debug, Clone)]
    enum Job {
        #[initial]
        Waiting {
            state: u8,
            event: u8,
            data: u8,
            cursor: u8,
            within: u16,
            before: u8,
            after: u8,
            to: u8,
            denial: u8,
            self_: u8,
        },
        Running {
            r#type: String,
            r#match: u8,
        },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum JobEvent {
        #[event(id = 0x001)]
        Started {
            out: u8,
            reader: u8,
            found: u8,
            writer: u8,
            bytes: u8,
            kind: u8,
            version: u8,
            state: u8,
            event: u8,
            data: u8,
            cursor: u8,
            ctx: u8,
            recorded: u8,
            self_: u8,
        },
        #[event(id = 0x002)]
        Stopped { r#type: String, r#loop: u8 },
    }

    fn evolve(state: Job, event: JobEvent) -> Job {
        match (state, event) {
            #[command(start)]
            #[gate(read(reader, within))]
            (
                Waiting {
                    state,
                    event: was,
                    cursor,
                    self_,
                    within,
                    ..
                },
                Started {
                    data,
                    found,
                    out,
                    ctx,
                    event,
                    reader,
                    ..
                },
            ) if state == event && data == found => Running {
                r#type: format!("{was}{cursor}{self_}{within}{out}{reader}"),
                r#match: ctx,
            },
            (state @ Waiting, Started { .. }) => state,

            #[command(r#loop)]
            (
                Running { r#type, r#match },
                Stopped {
                    r#type: kind,
                    r#loop,
                },
            ) if r#type == kind && r#match == r#loop => {
                let state = r#match;
                Waiting {
                    state,
                    event: 0,
                    data: 0,
                    cursor: 0,
                    within: 0,
                    before: 0,
                    after: 0,
                    to: 0,
                    denial: 0,
                    self_: 0,
                }
            }
            (Running { r#match, r#type }, Stopped { r#loop, .. }) => Running {
                r#type: format!("{type}{loop}"),
                r#match,
            },
        }
    }
);

fn main() {
    let started = JobEvent::Stopped {
        r#type: "a".to_owned(),
        r#loop: 3,
    };
    let mut bytes = Vec::new();
    started.encode(&mut bytes).unwrap();
    let JobEvent::Stopped { r#type, r#loop } =
        JobEvent::decode(JobEvent::STOPPED, 1, &bytes).unwrap()
    else {
        panic!("it was stopped");
    };
    assert_eq!((r#type.as_str(), r#loop), ("a", 3));
}
