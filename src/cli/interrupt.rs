//! Ctrl-C, and the signal a batch system sends at the end of the time limit: nothing half-written may stay behind.
//!
//! A thread waits for the signals. It removes the unfinished folders that were entrusted to it and ends the program;
//! in cooperative mode it only raises a flag, and the work ends itself at its next step.

use super::exit::Exit;
use super::fault_lines;
use super::log::Log;
use crate::error::Error;
use crate::report::folder::OutputFolder;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What to do when a signal comes.
#[derive(Debug, Clone)]
pub struct Interrupt {
    log: Log,
    unfinished: Arc<Mutex<Vec<PathBuf>>>,
    cooperative: Arc<AtomicBool>,
    raised: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to listen. Where the system has no signals to listen to, the program just ends on them.
    pub fn listen(log: Log) -> Interrupt {
        let interrupt =
            Interrupt { log, unfinished: Arc::default(), cooperative: Arc::default(), raised: Arc::default() };
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

    /// Has the folder that `prepare` makes removed when a signal comes before [`Interrupt::finished`]. A signal while it is
    /// being made waits until it is known. Errors: those of `prepare`.
    pub fn begin<E>(&self, prepare: impl FnOnce() -> Result<OutputFolder, E>) -> Result<OutputFolder, E> {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = prepare()?;
        unfinished.push(folder.partial().to_owned());
        Ok(folder)
    }

    /// The entrusted folders are complete, or gone.
    pub fn finished(&self) {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// From now on a signal only raises the flag of [`Interrupt::raised`].
    pub fn cooperate(&self) {
        self.cooperative.store(true, Ordering::SeqCst);
    }

    /// Whether a signal came.
    pub fn raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    fn on_signal(&self) {
        let again = self.raised.swap(true, Ordering::SeqCst);
        if self.cooperative.load(Ordering::SeqCst) && !again {
            return;
        }
        // Held until the end of the program, so that no folder is being completed while it is removed.
        let folders = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in folders.iter() {
            // Nothing more can be done about a folder that does not go.
            let _ = std::fs::remove_dir_all(folder);
        }
        let fault = fault_lines::of(&Error::Usage("interrupted; nothing was written".to_owned()));
        self.log.faults(&fault, Exit::Interrupted).iter().for_each(|line| eprintln!("{line}"));
        std::process::exit(i32::from(Exit::Interrupted.code()));
    }
}
