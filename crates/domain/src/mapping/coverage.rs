//! How much of what a channel can say is understood, family by family, and how much of it decides.

use serde::Serialize;

use super::MappingBook;
use crate::cause::CauseCode;
use crate::outcome::{Class, Operation, Phase, ResponseCode};

/// Causes that explain nothing: a code that leads to one of them is listed, but not understood.
const SAY_NOTHING: [&str; 3] = ["channel.unspecified", "channel.code_unmapped", "channel.refused"];

/// One family of codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Its name.
    pub family: String,
    /// How many codes it lists.
    pub codes: usize,
    /// Those that only say "done".
    pub done: usize,
    /// Those with one cause, whatever the operation.
    pub one_cause: usize,
    /// Those that are an honest "one of", or mean something else in another operation.
    pub one_of: usize,
    /// Of all these, those whose likeliest cause explains nothing: the channel says no more.
    pub unexplained: usize,
    /// Those that finally decline something that moves no money, as a direct answer.
    pub final_without_money: usize,
    /// Those that finally decline money, in an inquiry.
    pub final_for_money: usize,
}

impl MappingBook {
    /// All families, sorted by name.
    #[must_use]
    pub fn coverage(&self) -> Vec<Coverage> {
        self.families().into_iter().map(|family| self.coverage_of(family)).collect()
    }

    fn coverage_of(&self, family: &str) -> Coverage {
        let codes = self.codes(family);
        let causes: Vec<Vec<&CauseCode>> =
            codes.iter().map(|code| self.causes(family, code)).collect();
        let declines = |code: &str, money: bool, phase: Phase| {
            let code = ResponseCode::new(code);
            Operation::ALL.into_iter().filter(|operation| operation.moves_money() == money).any(
                |operation| self.read(family, operation, phase, &code).class == Class::Declined,
            )
        };
        let count = |wanted: &dyn Fn(&Vec<&CauseCode>) -> bool| {
            causes.iter().filter(|causes| wanted(causes)).count()
        };
        Coverage {
            family: family.to_owned(),
            codes: codes.len(),
            done: count(&|causes| causes.is_empty()),
            one_cause: count(&|causes| causes.len() == 1),
            one_of: count(&|causes| causes.len() > 1),
            unexplained: count(&|causes| {
                causes.first().is_some_and(|cause| SAY_NOTHING.contains(&cause.as_str()))
            }),
            final_without_money: codes
                .iter()
                .filter(|code| declines(code, false, Phase::Request))
                .count(),
            final_for_money: codes.iter().filter(|c| declines(c, true, Phase::Inquiry)).count(),
        }
    }
}
