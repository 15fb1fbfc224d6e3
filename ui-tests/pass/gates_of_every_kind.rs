//! Gates wherever a function may stand, under any name, visibility and parameter types.

#![deny(unused, warnings)]

mod shop {
    use batpak::prelude::*;

    pub(crate) struct Limits {
        pub(crate) most: usize,
    }

    struct Private;

    /// Nobody outside needs it.
    #[gate]
    fn private(_: &Private) -> bool {
        true
    }

    /// For the crate.
    #[gate]
    pub(crate) fn within(lines: &[&str], limits: &Limits) -> bool {
        lines.len() <= limits.most
    }

    pub(crate) mod till {
        use batpak::prelude::*;

        /// For those above.
        #[gate]
        pub(in crate::shop) fn above(names: &[String; 2]) -> bool {
            names[0] < names[1]
        }

        /// For the one above.
        #[gate]
        pub(super) const fn even(cents: &u64) -> bool {
            cents.is_multiple_of(2)
        }
    }

    pub(crate) fn asked() -> bool {
        let names = ["a".to_owned(), "b".to_owned()];
        GateSet::new()
            .with(till::above::Gate)
            .evaluate(&names)
            .is_ok()
            && till::even::Gate.evaluate(&2).is_ok()
            && private::Gate.evaluate(&Private).is_ok()
    }
}

mod names {
    use ::batpak::gate;

    /// Like a function of the prelude.
    #[gate]
    pub fn drop(x: &u8) -> bool {
        *x > 0
    }

    /// Like a module of std.
    #[gate]
    pub fn option(r#type: &Option<u8>) -> bool {
        r#type.is_some()
    }

    /// Like a crate.
    #[gate]
    pub fn core(ctx: &Vec<u8>, x: &dyn Fn(u8) -> bool) -> bool {
        ctx.iter().all(|byte| x(*byte))
    }

    /// Like a crate of the expansion.
    #[gate]
    pub fn batpak(gate: &u8, self_: &(u8, u8), ctx: &()) -> bool {
        (*gate, *gate) == *self_ && *ctx == ()
    }

    /// Like a keyword.
    #[gate(code = "TRY")]
    pub fn r#try(&x: &u8) -> bool {
        x > 0
    }
}

mod bare {
    #![no_implicit_prelude]

    /// Without a prelude.
    #[::batpak::gate]
    pub fn positive(x: &i8) -> bool {
        *x > 0
    }

    pub struct Policy {
        pub least: i8,
    }

    #[::batpak::gate]
    impl Policy {
        /// Not below.
        #[::batpak::gate]
        pub fn at_least(&self, x: &i8) -> bool {
            *x >= self.least
        }
    }
}

mod with_conditions {
    use ::batpak::gate;

    pub struct Policy;

    #[gate]
    impl Policy {
        /// As here.
        #[gate]
        #[cfg(unix)]
        pub fn here(&self) -> bool {
            true
        }

        /// Or elsewhere.
        #[gate]
        #[cfg(not(unix))]
        pub fn here(&self) -> bool {
            false
        }
    }

    /// As here.
    #[gate]
    #[cfg(unix)]
    pub fn there(_: &Policy) -> bool {
        true
    }

    /// Or elsewhere.
    #[gate]
    #[cfg(not(unix))]
    pub fn there(_: &Policy) -> bool {
        false
    }
}

fn main() {
    use batpak::prelude::*;

    struct Local(u8);
    struct Ctx;

    /// With types of this function.
    #[gate(code = "LOCAL_7")]
    fn local(local: &Local, _: &Ctx) -> Result<(), Denial> {
        ensure!(local.0 > 0, "{most} is too little", most = local.0);
        Ok(())
    }

    /// With a lifetime.
    #[gate]
    fn at(meta: &EventMeta<'_>, _: &'_ Ctx) -> bool {
        meta.sequence > 0
    }

    #[gate]
    impl Local {
        /// Of a policy of this function.
        #[gate]
        fn more(&self, other: &Self, by: &(u8, [Self; 0])) -> bool {
            self.0 > other.0 + by.0
        }

        /// Of the policy alone.
        #[gate]
        fn any(&self) -> bool {
            self.0 > 0
        }
    }

    assert!(shop::asked() && shop::within(&["a"], &shop::Limits { most: 1 }));
    assert_eq!(
        [names::drop::CODE, names::option::CODE, names::core::CODE],
        ["DROP", "OPTION", "CORE"]
    );
    assert_eq!([names::batpak::CODE, names::r#try::CODE], ["BATPAK", "TRY"]);
    assert!(bare::positive(&1) && bare::at_least(&bare::Policy { least: 1 }, &1));
    assert!(
        with_conditions::here::Gate(with_conditions::Policy)
            .evaluate(&0)
            .is_ok()
    );
    assert!(
        with_conditions::there::Gate
            .evaluate(&with_conditions::Policy)
            .is_ok()
    );
    assert!(local::Gate.evaluate(&(&Local(1), &Ctx)).is_ok());
    assert!(
        more::Gate(Local(3))
            .evaluate(&(&Local(1), &(1, [])))
            .is_ok()
    );
    assert!(any::Gate(&Local(3)).evaluate("whatever").is_ok());
    let _ = at;
}
