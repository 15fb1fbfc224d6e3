use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone, PartialEq)]
    enum Outcome {
        #[initial]
        None,
        Some {
            ok: bool,
        },
        Ok,
        #[terminal]
        Err {
            vec: Vec<String>,
        },
        #[terminal]
        Result,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum OutcomeEvent {
        #[event(id = 0x001)]
        Some { ok: bool },
        #[event(id = 0x002)]
        Ok,
        #[event(id = 0x003)]
        Err { vec: Vec<String> },
    }

    fn evolve(outcome: Outcome, event: OutcomeEvent) -> Outcome {
        match (outcome, event) {
            #[command(some)]
            (None, Some { ok }) => Some { ok },
            #[command(accept)]
            (Some { ok: true_already }, Ok) if true_already => Ok,
            (Some { .. }, Ok) => None,
            #[command(err)]
            (Some { .. }, Err { vec }) if vec.is_empty() => Result,
            (Some { .. } | None | Ok, Err { vec }) => Err { vec },
        }
    }
);

fn main() {}
