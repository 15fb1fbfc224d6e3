//! How outcomes are written, as JSON and in events.

use batpak::prelude::*;

use super::*;

const FINISHED: EventKind = EventKind::custom(0xF, 2);

/// The payload as it is in the log, and as it comes back.
fn in_an_event(outcome: &Answer) -> (Vec<u8>, Answer) {
    let store = batpak::testing::store();
    let at = crate::support::coordinate("payment:1", "shop");
    let receipt = store.append(&at, FINISHED, outcome).unwrap();
    let event = store.get(receipt.event_id).unwrap().unwrap();
    (event.payload_bytes().to_vec(), event.payload().unwrap())
}

proptest! {
    #[test]
    fn an_outcome_comes_back_from_json(m in outcome()) {
        let json = serde_json::to_string(&m).unwrap();
        prop_assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), m);
    }

    #[test]
    fn an_outcome_comes_back_from_an_event(m in outcome()) {
        prop_assert_eq!(in_an_event(&m).1, m);
    }

    #[test]
    fn a_result_that_was_written_is_read_as_an_outcome(r in prop::result::maybe_ok(any::<u8>(), failure())) {
        let json = serde_json::to_string(&r).unwrap();
        prop_assert_eq!(&json, &serde_json::to_string(&Outcome::from(r.clone())).unwrap());
        prop_assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), Outcome::from(r));
    }
}

/// One of each, with its form in JSON and in msgpack. What is written so has to be read for ever.
#[test]
fn the_form_of_each_variant_stays_as_it_is() {
    let cases: [(Answer, &str, &[u8]); 6] = [
        (Outcome::Ok(7), r#"{"Ok":7}"#, b"\x81\xA2Ok\x07"),
        (
            Outcome::failed("FULL", "no room"),
            r#"{"Err":{"code":"FULL","message":"no room"}}"#,
            b"\x81\xA3Err\x82\xA4code\xA4FULL\xA7message\xA7no room",
        ),
        (
            Outcome::retry(millis(1_500), "busy"),
            r#"{"Retry":{"after":{"secs":1,"nanos":500000000},"reason":"busy"}}"#,
            b"\x81\xA5Retry\x82\xA5after\x82\xA4secs\x01\xA5nanos\xCE\x1D\xCD\x65\x00\xA6reason\xA4busy",
        ),
        (
            Outcome::pending("ink", millis(2_000)),
            r#"{"Pending":{"on":"ink","after":{"secs":2,"nanos":0}}}"#,
            b"\x81\xA7Pending\x82\xA2on\xA3ink\xA5after\x82\xA4secs\x02\xA5nanos\x00",
        ),
        (
            Outcome::cancelled("late"),
            r#"{"Cancelled":{"reason":"late"}}"#,
            b"\x81\xA9Cancelled\x81\xA6reason\xA4late",
        ),
        (
            Outcome::Batch(vec![Outcome::Ok(7), Outcome::Batch(vec![])]),
            r#"{"Batch":[{"Ok":7},{"Batch":[]}]}"#,
            b"\x81\xA5Batch\x92\x81\xA2Ok\x07\x81\xA5Batch\x90",
        ),
    ];
    for (outcome, json, msgpack) in cases {
        assert_eq!(serde_json::to_string(&outcome).unwrap(), json);
        assert_eq!(serde_json::from_str::<Answer>(json).unwrap(), outcome);
        assert_eq!(in_an_event(&outcome), (msgpack.to_vec(), outcome));
    }
}

#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0xA)]
enum PaymentEvent {
    #[event(id = 0x001)]
    Tried { outcome: Outcome<u64> },
}

#[test]
fn an_event_has_an_outcome_as_a_field() {
    let store = batpak::testing::store();
    let at = crate::support::coordinate("payment:1", "shop");
    let event = PaymentEvent::Tried {
        outcome: Outcome::Batch(vec![Outcome::Ok(500), Outcome::pending("ink", millis(1))]),
    };
    let receipt = store.append_typed(&at, &event).unwrap();
    let stored = store.get(receipt.event_id).unwrap().unwrap();
    assert_eq!(stored.event::<PaymentEvent>().unwrap(), event);
}
