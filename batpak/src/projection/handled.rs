use std::error::Error;

use super::FoldError;

/// What a handler of `#[projection]` may return: a `Result<(), E>`, whose error refuses the event.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "neither nothing nor a `Result<(), E>` with an error",
    note = "an `Err` refuses the event: `E` is a `std::error::Error + Send + Sync`, a `String` or a `&str`",
    note = "decode failures are reported by the store"
)]
pub trait Handled {
    /// The refusal, if it is one.
    ///
    /// # Errors
    /// [`FoldError::Refused`] with the handler's error.
    fn into_result(self) -> Result<(), FoldError>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>>> Handled for Result<(), E> {
    fn into_result(self) -> Result<(), FoldError> {
        self.map_err(|error| FoldError::Refused(error.into()))
    }
}
