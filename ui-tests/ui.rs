//! Programs that must compile, and programs that must not, with what the compiler says.
//!
//! After a change of a message, `TRYBUILD=overwrite cargo test -p batpak-ui-tests` writes the new
//! ones: read them before keeping them.
//!
//! What an editor offers while a program is being typed is asked by `completion`, on demand.

#[test]
fn ui() {
    let programs = trybuild::TestCases::new();
    programs.pass("pass/*.rs");
    programs.compile_fail("fail/*/*.rs");
}
