use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
#[serde(rename_all_fields = "camelCase", rename_all = "camelCase")]
enum TillEvent {
    #[event(id = 0x001)]
    #[serde(rename_all = "camelCase", rename = "paid")]
    Paid {
        #[serde(flatten)]
        cents: u64,
        #[serde(serialize_with = "a::b", skip_deserializing)]
        by: String,
    },
}

#[derive(Event)]
#[event(category = 0x1, id = 0x002)]
#[serde(rename_all = "camelCase", default)]
struct Closed {
    by_whom: String,
}

fn main() {}
