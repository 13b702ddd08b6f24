//! Exit codes. `cohort --help` lists them.

use std::process::ExitCode;

/// What the exit code of the program says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: a fault of this program.
    Internal,
    /// 2: usage.
    Usage,
    /// 10: the study file or formula has a fault.
    Specification,
    /// 11: an extract or data file has a fault.
    Extract,
    /// 12: no valid person-time could be made.
    PersonTime,
    /// 13: the model cannot be fitted.
    Model,
    /// 14: a result cannot be written.
    Output,
    /// 15: a printed number differs, or the print contradicts itself.
    NotReproduced,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// What stopped the run, in one word, for logs.
    pub fn name(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Internal => "internal",
            Exit::Usage => "usage",
            Exit::Specification => "specification",
            Exit::Extract => "extract",
            Exit::PersonTime => "person_time",
            Exit::Model => "model",
            Exit::Output => "output",
            Exit::NotReproduced => "not_reproduced",
            Exit::Interrupted => "interrupted",
        }
    }

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Internal => 1,
            Exit::Usage => 2,
            Exit::Specification => 10,
            Exit::Extract => 11,
            Exit::PersonTime => 12,
            Exit::Model => 13,
            Exit::Output => 14,
            Exit::NotReproduced => 15,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
