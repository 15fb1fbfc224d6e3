//! States whose fields have no names.

#![deny(warnings, clippy::all)]

use batpak::prelude::*;

state_machine!(
    /// A parking meter.
    #[machine(entity = "meter")]
    #[derive(Debug, Clone, PartialEq)]
    pub enum Meter {
        #[initial]
        Empty,
        Running(u32, String),
        Stopped(u32),
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    pub enum MeterEvent {
        #[event(id = 0x001)]
        Fed { minutes: u32, plate: String },
        #[event(id = 0x002)]
        Stopped,
    }

    fn evolve(meter: Meter, event: MeterEvent) -> Meter {
        match (meter, event) {
            #[command(feed)]
            (Empty, Fed { minutes, plate }) => Running(minutes, plate),
            #[command(feed)]
            (Running(left, _), Fed { minutes, plate }) => Running(left + minutes, plate),
            #[command(feed)]
            (Stopped(_), Fed { minutes, plate }) => Running(minutes, plate),
            #[command(stop)]
            (Running(left, ..), Stopped) if left > 60 => Stopped(60),
            (Running(left, _), Stopped) => Stopped(left),
            (meter @ (Empty | Stopped(..)), Stopped) => meter,
        }
    }
);

fn main() {
    let fed = MeterEvent::Fed {
        minutes: 90,
        plate: "B-P 1".to_owned(),
    };
    let running = Meter::default().evolve(fed).unwrap();
    assert_eq!(running, Meter::Running(90, "B-P 1".to_owned()));
    let stopped = running.evolve(MeterEvent::Stopped).unwrap();
    assert_eq!(stopped, Meter::Stopped(60));
}
