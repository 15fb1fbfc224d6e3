use std::error::Error;

use crate::event::StoredEvent;
use crate::pipeline::Batch;

/// What follows from events: for [`Store::react`](crate::Store::react).
///
/// ```
/// use batpak::prelude::*;
///
/// /// Greets who registers.
/// struct Greeting;
///
/// impl Reactor for Greeting {
///     type Error = StoreError;
///
///     fn name(&self) -> &str {
///         "greeting"
///     }
///
///     fn react(&mut self, registered: &StoredEvent) -> Result<Batch, StoreError> {
///         let name: String = registered.payload()?;
///         let greeting = format!("Hello, {name}!");
///         let greeted = EventKind::custom(0x4, 1);
///         Ok(Batch::new().event(NewEvent::new(&registered.coordinate, greeted, &greeting)))
///     }
/// }
/// ```
///
/// What it reads besides the event is as it is when it is asked: a reaction is made once, and not made anew from the log as a
/// [projection](crate::Projection) is. It may read and write its store, through an `Arc<Store>`; with a
/// [`Weak`](std::sync::Weak) one it does not keep the store open.
pub trait Reactor: Send + 'static {
    /// Why it has no answer: anything that is an error, or can be made one.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// Its name, always the same: by it a reactor is known in the log, whatever its code is.
    fn name(&self) -> &str;

    /// What follows from this event: a batch, on whatever condition, or one without events if nothing does. It is asked about the events of
    /// its region one by one, in their order.
    ///
    /// If a condition does not hold that was about what had been read ([`Conflict::is_retryable`](crate::Conflict::is_retryable)), it is asked
    /// again, up to 100 times in a row; any other conflict ends the reactor.
    ///
    /// # Errors
    /// Whatever keeps it from an answer. The reactor ends with that, and is asked about the same event when it is started again.
    fn react(&mut self, event: &StoredEvent) -> Result<Batch, Self::Error>;
}

/// The reactor of this name that is a function, from an event to a [`Batch`] or one [`NewEvent`](crate::NewEvent): see
/// [`Store::react`](crate::Store::react) for an example.
pub fn reactor<B, E, F>(name: &str, react: F) -> impl Reactor<Error = E> + use<B, E, F>
where
    B: Into<Batch>,
    E: Into<Box<dyn Error + Send + Sync>>,
    F: FnMut(&StoredEvent) -> Result<B, E> + Send + 'static,
{
    Named {
        name: name.to_owned(),
        react,
    }
}

/// A function with a name.
struct Named<F> {
    name: String,
    react: F,
}

impl<B, E, F> Reactor for Named<F>
where
    B: Into<Batch>,
    E: Into<Box<dyn Error + Send + Sync>>,
    F: FnMut(&StoredEvent) -> Result<B, E> + Send + 'static,
{
    type Error = E;

    fn name(&self) -> &str {
        &self.name
    }

    fn react(&mut self, event: &StoredEvent) -> Result<Batch, E> {
        (self.react)(event).map(B::into)
    }
}
