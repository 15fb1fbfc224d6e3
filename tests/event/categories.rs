//! Categories by name, and catalogs of what is claimed in them.

use batpak::Category;
use batpak::prelude::*;

batpak::category!(
    /// What happens to orders.
    pub Orders = 0xA
);

#[derive(Event)]
#[event(category = Orders, reserved(0x006 = "Refunded"))]
enum OrderEvent {
    #[event(id = 0x001)]
    Placed { cents: u64 },
    #[event(id = 0x002)]
    Paid,
}

mod elsewhere {
    use batpak::prelude::*;

    #[derive(Event)]
    #[event(category = super::Orders)]
    pub enum RefundEvent {
        #[event(id = 0x003)]
        Refunded,
    }

    #[derive(Event)]
    #[event(category = crate::event::categories::Orders, id = 0x004)]
    pub struct Audited;
}

batpak::catalog!(
    /// All that happens to orders.
    pub EVENTS = OrderEvent, elsewhere::RefundEvent, elsewhere::Audited,
);

#[test]
fn kinds_are_of_the_declared_category() {
    assert_eq!(Orders::CATEGORY, 0xA);
    assert_eq!(OrderEvent::PLACED, EventKind::custom(0xA, 1));
    assert_eq!(elsewhere::RefundEvent::REFUNDED, EventKind::custom(0xA, 3));
    assert_eq!(elsewhere::Audited::KIND, EventKind::custom(0xA, 4));
    let retired = EventKind::custom(0xA, 6);
    assert_eq!(OrderEvent::RETIRED, [(retired, retired)]);
    assert_eq!(OrderEvent::Placed { cents: 1 }.kind(), OrderEvent::PLACED);
    assert_eq!(OrderEvent::Paid.kind(), OrderEvent::PAID);
    assert_eq!(elsewhere::Audited.kind(), elsewhere::Audited::KIND);
    assert_eq!(elsewhere::RefundEvent::Refunded.version(), 1);
}

#[test]
fn a_catalog_lists_the_kinds_of_all_its_types_in_order() {
    let names: Vec<_> = EVENTS.iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["Placed", "Paid", "Refunded", "Audited"]);
    let kinds: Vec<_> = EVENTS.iter().map(|entry| entry.kind.raw()).collect();
    assert_eq!(kinds, [0xA001, 0xA002, 0xA003, 0xA004]);
}
