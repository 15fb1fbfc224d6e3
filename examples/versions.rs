//! An invoice whose events have changed since they were written: the log of the first version of a program,
//! read by the third.
//!
//! ```text
//! cargo run --example versions
//! ```

#![allow(clippy::print_stdout, missing_docs)]

use batpak::prelude::*;

/// The program as it was first.
pub mod v1 {
    use batpak::prelude::*;

    state_machine!(
        #[machine(entity = "invoice")]
        #[derive(Debug, Clone)]
        pub enum Invoice {
            #[initial]
            Draft,
            Issued {
                cents: u64,
            },
            #[terminal]
            Paid,
        }

        #[derive(Event, Debug, Clone)]
        #[event(category = 0x1)]
        pub enum InvoiceEvent {
            #[event(id = 0x001)]
            Issued { cents: u64 },
            #[event(id = 0x002)]
            Discounted { cents: u64 },
            #[event(id = 0x003)]
            Paid { euros: u64 },
        }

        fn evolve(invoice: Invoice, event: InvoiceEvent) -> Invoice {
            match (invoice, event) {
                #[command(issue)]
                (Draft, Issued { cents }) => Issued { cents },
                #[command(discount)]
                (Issued { cents: before }, Discounted { cents }) => Issued {
                    cents: before - cents,
                },
                #[command(pay)]
                (Issued { .. }, Paid { .. }) => Paid,
            }
        }
    );
}

/// The program as it is now. Its second version had paid in cents; since the third, payments have a
/// currency and are called settlements, and there are no discounts any more.
pub mod v3 {
    use batpak::prelude::*;
    use serde::Deserialize;

    /// What the first version wrote.
    #[derive(Deserialize)]
    pub struct PaidV1 {
        euros: u64,
    }

    /// What the second version wrote.
    #[derive(Deserialize)]
    pub struct PaidV2 {
        cents: u64,
    }

    impl From<PaidV1> for PaidV2 {
        fn from(PaidV1 { euros }: PaidV1) -> Self {
            Self { cents: 100 * euros }
        }
    }

    impl From<PaidV2> for InvoiceEvent {
        fn from(PaidV2 { cents }: PaidV2) -> Self {
            Self::Settled {
                cents,
                currency: "EUR".to_owned(),
            }
        }
    }

    state_machine!(
        #[machine(entity = "invoice", version = 2)]
        #[derive(Debug, Clone)]
        pub enum Invoice {
            #[initial]
            Draft,
            Issued {
                cents: u64,
                note: Option<String>,
            },
            #[terminal]
            Settled {
                cents: u64,
                currency: String,
            },
        }

        #[derive(Event, Debug, Clone)]
        #[event(category = 0x1, reserved(0x002 = "Discounted"))]
        pub enum InvoiceEvent {
            /// The note came later. An `Option` that is not in an old payload is `None`, so this is no
            /// new version.
            #[event(id = 0x001)]
            Issued { cents: u64, note: Option<String> },
            /// Renamed in the code: the log still calls it `Paid`. If its fields change again, `shape` is
            /// a compile error that says what to do.
            #[event(
                id = 0x003,
                name = "Paid",
                version = 3,
                from(PaidV1, PaidV2),
                shape = 0xCFE8
            )]
            Settled { cents: u64, currency: String },
        }

        fn evolve(invoice: Invoice, event: InvoiceEvent) -> Invoice {
            match (invoice, event) {
                #[command(issue)]
                (Draft, Issued { cents, note }) => Issued { cents, note },
                #[command(settle)]
                (Issued { .. }, Settled { cents, currency }) => Settled { cents, currency },
            }
        }
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("invoices");

    // The first version of the program writes an invoice, and is gone.
    {
        let store = Store::open(StoreConfig::new(&path))?;
        let invoice = store.load::<v1::Invoice>(&v1::Invoice::at(1, "shop")?)?;
        let v1::AnyInvoiceIn::Draft(draft) = invoice else {
            return Err("the invoice is new".into());
        };
        draft
            .issue(2_500)?
            .then(|invoice| invoice.discount(500))?
            .then(|invoice| invoice.pay(20))?
            .commit(&store)?;
    }

    let store = Store::open(StoreConfig::new(&path))?;
    println!("the log as version 3 of the program reads it:");
    for event in store.stream(&v3::Invoice::at(1, "shop")?) {
        let event = event?;
        let (kind, version) = (event.header.kind, event.header.version);
        match event.event::<v3::InvoiceEvent>() {
            Ok(read) => println!("  {kind} of version {version}: {read:?}"),
            Err(error) => println!("  {kind} of version {version}: {error}"),
        }
    }

    // The retired kind is passed over, and the payment goes up from version to version. That the
    // discount is forgotten is what retiring it means.
    let invoice = store.load::<v3::Invoice>(&v3::Invoice::at(1, "shop")?)?;
    let v3::AnyInvoiceIn::Settled(settled) = invoice else {
        return Err("the invoice was paid".into());
    };
    println!("settled: {} cents, {}", settled.cents(), settled.currency());

    // What version 3 writes, version 1 does not misread.
    let coordinate = v3::Invoice::at(2, "shop")?;
    let v3::AnyInvoiceIn::Draft(draft) = store.load::<v3::Invoice>(&coordinate)? else {
        return Err("the invoice is new".into());
    };
    draft
        .issue(700, Some("by post".to_owned()))?
        .then(|invoice| invoice.settle(700, "CHF".to_owned()))?
        .commit(&store)?;
    match store.load::<v1::Invoice>(&coordinate) {
        Ok(_) => return Err("version 1 knows nothing of currencies".into()),
        Err(error) => println!("version 1 says: {error}"),
    }

    // A kind keeps its name in a store, so that no two types can share one by mistake.
    for entry in v3::InvoiceEvent::TABLE {
        println!(
            "{}: `{}` in the log, `{}` in the code, version {}, shape {:#06X}",
            entry.kind, entry.name, entry.declared, entry.version, entry.shape
        );
    }
    Ok(())
}
