//! Ctrl-C, and the signal a batch system sends at the end of the time limit: nothing half-written may stay behind.
//!
//! A thread waits for the signals. It removes the unfinished folders that were entrusted to it and ends the program;
//! in cooperative mode it only raises a flag, and the work ends itself at its next step.

use super::exit::Exit;
use super::fault_lines;
use super::log::Log;
use crate::error::Error;
use crate::private::Unfinished;
use crate::report::folder::OutputFolder;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What to do when a signal comes.
#[derive(Debug, Clone)]
pub struct Interrupt {
    log: Log,
    unfinished: Arc<Mutex<Vec<Unfinished>>>,
    /// Whether what was to be written stands at its place.
    complete: Arc<AtomicBool>,
    cooperative: Arc<AtomicBool>,
    raised: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to listen. Where the system has no signals to listen to, the program just ends on them.
    pub fn listen(log: Log) -> Interrupt {
        let interrupt = Interrupt {
            log,
            unfinished: Arc::default(),
            complete: Arc::default(),
            cooperative: Arc::default(),
            raised: Arc::default(),
        };
        if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
            let this = interrupt.clone();
            std::thread::spawn(move || {
                for _ in signals.forever() {
                    this.on_signal();
                }
            });
        }
        interrupt
    }

    /// Has the folder that `prepare` makes removed when a signal comes before [`Interrupt::finished`]. Errors: those of
    /// `prepare`.
    pub fn begin<E>(&self, prepare: impl FnOnce() -> Result<OutputFolder, E>) -> Result<OutputFolder, E> {
        let of = |folder: &OutputFolder| Unfinished { folder: folder.partial().to_owned(), around: Vec::new() };
        let mut made = None;
        self.entrust(|| {
            let folder = made.insert(prepare()?);
            Ok(of(folder))
        })?;
        Ok(made.expect("what was entrusted was made"))
    }

    /// Has what `make` makes removed when a signal comes before [`Interrupt::finished`]. A signal while it is being made
    /// waits until it is known. Errors: those of `make`.
    pub fn entrust<E>(&self, make: impl FnOnce() -> Result<Unfinished, E>) -> Result<(), E> {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        unfinished.push(make()?);
        Ok(())
    }

    /// Has several files moved to their places at one stroke: a signal waits until it is done. Errors: those of `complete`.
    pub fn undisturbed<E>(&self, complete: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        complete()?;
        unfinished.clear();
        self.complete.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// The entrusted folders are complete, or gone.
    pub fn finished(&self) {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.complete.store(true, Ordering::SeqCst);
    }

    /// From now on a signal only raises the flag of [`Interrupt::raised`].
    pub fn cooperate(&self) {
        self.cooperative.store(true, Ordering::SeqCst);
    }

    /// Whether a signal came.
    pub fn raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// Leaves the end of the program to a signal that came: what fails now fails because folders are being removed.
    pub fn give_way(&self) {
        while self.raised() && !self.cooperative.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn on_signal(&self) {
        let again = self.raised.swap(true, Ordering::SeqCst);
        if self.cooperative.load(Ordering::SeqCst) && !again {
            return;
        }
        // Held until the end of the program, so that no folder is being completed while it is removed.
        let folders = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        folders.iter().for_each(Unfinished::remove);
        let what =
            if self.complete.load(Ordering::SeqCst) { "what was written is complete" } else { "nothing was written" };
        let fault = fault_lines::of(&Error::Usage(format!("interrupted; {what}")));
        self.log.faults(&fault, Exit::Interrupted).iter().for_each(|line| eprintln!("{line}"));
        std::process::exit(i32::from(Exit::Interrupted.code()));
    }
}
