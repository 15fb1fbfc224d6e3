use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid {
        #[serde(skip_serializing_if = "String::is_empty")]
        note: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
}

fn main() {}
