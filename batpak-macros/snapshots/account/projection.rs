impl Totals {
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn opened(&mut self) {
        self.open += 1;
    }
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn deposited(&mut self, amount: &Cents) {
        self.cents += amount.0;
    }
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn withdrawn(&mut self, amount: &Cents, at: &EventMeta<'_>) {
        self.cents -= amount.0;
        self.last = at.sequence;
    }
}
#[automatically_derived]
impl ::batpak::Projection for Totals {
    const KINDS: &'static [::batpak::EventKind] = &::batpak::expansion::distinct_kinds([
        ::batpak::expansion::kind_named(
            <AccountEvent as ::batpak::EventPayload>::TABLE,
            "Opened",
            {
                type Event = AccountEvent;
                |event: &AccountEvent| ::core::matches!(event, Event::Opened { .. })
            },
        ),
        ::batpak::expansion::kind_named(
            <AccountEvent as ::batpak::EventPayload>::TABLE,
            "Deposited",
            {
                type Event = AccountEvent;
                |event: &AccountEvent| ::core::matches!(event, Event::Deposited { .. })
            },
        ),
        ::batpak::expansion::kind_named(
            <AccountEvent as ::batpak::EventPayload>::TABLE,
            "Withdrawn",
            {
                type Event = AccountEvent;
                |event: &AccountEvent| ::core::matches!(event, Event::Withdrawn { .. })
            },
        ),
    ]);
    const VERSION: ::core::primitive::u32 = 1;
    const NAME: &'static ::core::primitive::str = ::core::concat!(
        ::core::module_path!(), "::Totals"
    );
    const CODE: ::core::primitive::u64 = 0x92BF_05E0_1FA2_FCDE;
    fn apply(
        &mut self,
        raw: &::batpak::RawEvent<'_>,
    ) -> ::core::result::Result<(), ::batpak::FoldError> {
        if let ::core::option::Option::Some(event) = <AccountEvent as ::batpak::EventPayload>::decode_if(
            raw,
        )? {
            type Event = AccountEvent;
            #[allow(unreachable_patterns)]
            match &event {
                Event::Opened { .. } => self.opened(),
                Event::Deposited { amount, .. } => self.deposited(amount),
                Event::Withdrawn { amount, .. } => self.withdrawn(amount, &raw.meta),
                _ => {}
            }
            return ::core::result::Result::Ok(());
        }
        ::core::result::Result::Ok(())
    }
}
