use batpak::prelude::*;

#[derive(batpak::serde::Serialize, batpak::serde::Deserialize)]
#[serde(crate = "batpak::serde")]
struct Course(u64);

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Booked {
        #[event(tag)]
        course: Course,
        #[event(tag)]
        others: Vec<Course>,
    },
}

fn main() {}
