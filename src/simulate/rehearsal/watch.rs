//! Whoever watches a rehearsal: hears how far the work is, and knows what to remove if the program is ended before it is done.

use super::RehearsalError;
use crate::loader::{self, Progress};
pub use crate::private::Unfinished;

/// What came of a step.
pub type Done = Result<(), RehearsalError>;
/// Makes a folder that files are written into.
pub type Making<'m> = &'m mut dyn FnMut() -> Result<Unfinished, RehearsalError>;
/// Moves files to their places.
pub type Completing<'c> = &'c mut dyn FnMut() -> Done;

/// Is told of the work of [`super::rehearse`].
pub trait Watch: Progress {
    /// Has `make` make a folder, which is to go when the work is ended from outside. Errors: those of `make`.
    fn making(&mut self, make: Making) -> Done {
        make().map(drop)
    }

    /// Has `complete` move the files to their places, which nothing may end half-way. Errors: those of `complete`.
    fn completing(&mut self, complete: Completing) -> Done {
        complete()
    }
}

/// Nobody watches.
impl Watch for loader::Quiet {}
