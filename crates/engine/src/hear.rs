//! What was heard from a bank, turned into what happened. Here a reply becomes a diagnosis and an
//! event; nothing is loaded, sent or stored.

use mingka_channels::{Reply, Token};
use mingka_domain::binding::{CodeEvent, ConfirmEvent, UnbindEvent};
use mingka_domain::cause::{CauseCode, Dictionary, known};
use mingka_domain::diagnosis::{Certainty, Diagnosis, Evidence, Retry, hide};
use mingka_domain::id::InstrumentId;
use mingka_domain::mapping::{MappingBook, Meaning};
use mingka_domain::outcome::{Doubt, NotSent, Operation, Outcome, Phase, RawAnswer};
use mingka_domain::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use mingka_domain::verification::VerificationEvent;

use crate::kept::Kept;

/// A refusal that asks to wait no longer than this leaves the binding open for another code.
const SHORT_WAIT_S: u32 = 600;

/// However long a channel says it will be away, its borrower may ask for the code again after this:
/// a binding lives only half an hour, and the bank may be back before it promised.
const ASK_AGAIN_MS_MAX: i64 = 5 * MINUTE_MS;

/// How an exchange or an inquiry ended, with everything that tells why.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) channel: String,
    pub(crate) operation: Operation,
    pub(crate) phase: Phase,
    pub(crate) outcome: Outcome,
    pub(crate) meaning: Option<Meaning>,
    pub(crate) answer: Option<RawAnswer>,
    pub(crate) token: Option<Token>,
    /// The agreement that the bank named and called inactive.
    pub(crate) inactive: Option<Token>,
    pub(crate) not_found: bool,
    /// The channel's own number for the exchange.
    pub(crate) query_id: Option<String>,
    /// The bank says that the agreement it was asked about is not, or no longer, there.
    pub(crate) no_agreement: bool,
    pub(crate) at: Timestamp,
}

impl Heard {
    /// A believed reply.
    pub(crate) fn reply(channel: &str, operation: Operation, reply: Reply, at: Timestamp) -> Self {
        Self {
            channel: channel.to_owned(),
            operation,
            phase: reply.phase,
            outcome: reply.outcome,
            meaning: Some(reply.meaning),
            answer: reply.answer,
            token: reply.token,
            inactive: reply.inactive,
            not_found: reply.not_found,
            query_id: reply.query_id,
            no_agreement: false,
            at,
        }
    }

    /// Silence, or something that proves nothing.
    pub(crate) fn nothing(
        channel: &str,
        operation: Operation,
        phase: Phase,
        outcome: Outcome,
        at: Timestamp,
    ) -> Self {
        Self {
            channel: channel.to_owned(),
            operation,
            phase,
            answer: outcome.answer().cloned(),
            outcome,
            meaning: None,
            token: None,
            inactive: None,
            not_found: false,
            query_id: None,
            no_agreement: false,
            at,
        }
    }

    /// The same without what the bank's words repeat of a borrower: staff do not need it there, and
    /// nothing personal is kept in the clear.
    pub(crate) fn hiding(mut self, secrets: &[&str]) -> Self {
        for answer in self.answer.iter_mut().chain(self.outcome.answer_mut()) {
            if let Some(message) = &mut answer.message {
                *message = hide(message, secrets);
            }
        }
        self
    }

    /// The same, for the borrower whose card it is about. Where that cannot be opened, or its
    /// number was forgotten, the bank's words are not kept at all.
    pub(crate) fn hiding_of(mut self, whose: Option<&Kept>) -> Self {
        match whose.and_then(Kept::secrets) {
            Some(secrets) => self.hiding(&secrets),
            None => {
                for answer in self.answer.iter_mut().chain(self.outcome.answer_mut()) {
                    answer.message = None;
                }
                self
            }
        }
    }

    /// Nobody knows what became of an exchange that this process did not live to see the end of.
    pub(crate) fn interrupted(channel: &str, operation: Operation, at: Timestamp) -> Self {
        let outcome = Outcome::Unknown(Doubt::Restarted, None);
        Self::nothing(channel, operation, Phase::Request, outcome, at)
    }

    /// The agreement that is proven to be open. A number alone proves nothing: the bank must also
    /// have said that all went well.
    pub(crate) fn agreement(&self) -> Option<&Token> {
        self.token.as_ref().filter(|_| self.outcome == Outcome::Settled)
    }

    /// Whether the bank cannot know anything of it.
    pub(crate) const fn no_byte_left(&self) -> bool {
        matches!(self.outcome, Outcome::NotAttempted(_, None))
    }

    /// Why, who must act, what next, as it is shown.
    pub(crate) fn diagnosis(&self, dictionary: &Dictionary) -> Diagnosis {
        self.explained(dictionary, Diagnosis::from_meaning_and_words)
    }

    /// The same from the code alone: what happens next goes by this.
    fn decided(&self, dictionary: &Dictionary) -> Diagnosis {
        self.explained(dictionary, Diagnosis::from_meaning)
    }

    fn explained(
        &self,
        dictionary: &Dictionary,
        from_meaning: fn(&Dictionary, &Meaning, Evidence) -> Diagnosis,
    ) -> Diagnosis {
        let evidence = Evidence::heard(
            &self.channel,
            self.operation,
            self.phase,
            self.answer.as_ref(),
            self.at,
        );
        if let Some(meaning) = self.meaning.as_ref().filter(|meaning| !meaning.causes.is_empty()) {
            return from_meaning(dictionary, meaning, evidence);
        }
        match &self.outcome {
            Outcome::Unknown(doubt, _) => Diagnosis::from_doubt(dictionary, *doubt, vec![evidence]),
            Outcome::NotAttempted(why, _) => {
                Diagnosis::from_not_sent(dictionary, *why, vec![evidence])
            }
            Outcome::Pending(_) => {
                let cause = known::CHANNEL_PROCESSING;
                Diagnosis::from_cause(dictionary, cause, Certainty::Certain).with_evidence(evidence)
            }
            Outcome::Settled | Outcome::Declined(_) => {
                let cause = known::CHANNEL_RESULT_UNKNOWN;
                Diagnosis::from_cause(dictionary, cause, Certainty::Unknown).with_evidence(evidence)
            }
        }
    }

    /// A verification whose doubt was not resolved in time: nobody goes on asking.
    pub(crate) fn verification_unresolved(dictionary: &Dictionary) -> Diagnosis {
        Diagnosis::from_cause(dictionary, known::VERIFICATION_UNRESOLVED, Certainty::Unknown)
    }

    /// A binding that ends because its doubt was not resolved in time: nobody goes on asking.
    pub(crate) fn binding_unresolved(dictionary: &Dictionary) -> Diagnosis {
        Diagnosis::from_cause(dictionary, known::BINDING_UNRESOLVED, Certainty::Unknown)
    }

    /// The answer to a request for a code.
    pub(crate) fn code_event(&self, dictionary: &Dictionary) -> CodeEvent {
        let diagnosis = self.diagnosis(dictionary);
        let wait_ms = wait_ms(self.decided(dictionary).retry);
        match &self.outcome {
            Outcome::Settled => CodeEvent::Sent,
            Outcome::Pending(_) | Outcome::Unknown(..) => CodeEvent::Unconfirmed { diagnosis },
            Outcome::NotAttempted(NotSent::Unencodable, _) => CodeEvent::Refused { diagnosis },
            Outcome::NotAttempted(..) => {
                let wait_ms = wait_ms.unwrap_or(SECOND_MS);
                CodeEvent::NotSent { diagnosis, wait_ms: wait_ms.min(ASK_AGAIN_MS_MAX) }
            }
            Outcome::Declined(_) => match wait_ms {
                Some(wait_ms) => {
                    CodeEvent::NotSent { diagnosis, wait_ms: wait_ms.min(ASK_AGAIN_MS_MAX) }
                }
                None => CodeEvent::Refused { diagnosis },
            },
        }
    }

    /// The answer to a confirmation.
    pub(crate) fn confirm_event(
        &self,
        dictionary: &Dictionary,
        instrument: InstrumentId,
    ) -> ConfirmEvent {
        let diagnosis = self.diagnosis(dictionary);
        match &self.outcome {
            Outcome::Settled if self.agreement().is_some() => ConfirmEvent::Agreed { instrument },
            // Agreed, and the number of the agreement did not come along: ask for it.
            Outcome::Settled | Outcome::Pending(_) | Outcome::Unknown(..) => {
                ConfirmEvent::Doubted { diagnosis }
            }
            Outcome::NotAttempted(..) => ConfirmEvent::NotSent { diagnosis },
            Outcome::Declined(_) => self.declined(dictionary, diagnosis),
        }
    }

    /// What a final refusal of a confirmation means for the code that was typed.
    fn declined(&self, dictionary: &Dictionary, diagnosis: Diagnosis) -> ConfirmEvent {
        let decided = self.decided(dictionary);
        match decided.causes.first() {
            Some(cause) if *cause == known::CODE_WRONG => {
                let too_many = Diagnosis {
                    evidence: diagnosis.evidence.clone(),
                    ..Diagnosis::from_cause(
                        dictionary,
                        known::CODE_TOO_MANY_TRIES,
                        Certainty::Certain,
                    )
                };
                ConfirmEvent::CodeWrong { diagnosis, too_many }
            }
            Some(cause) if *cause == known::CODE_EXPIRED || is_locked(cause) => {
                ConfirmEvent::CodeOver { diagnosis }
            }
            // There is an agreement already: the earlier confirmation was lost, not refused.
            Some(cause) if *cause == known::BINDING_ALREADY_BOUND => {
                ConfirmEvent::Doubted { diagnosis }
            }
            _ => match decided.retry {
                Retry::Automatic => ConfirmEvent::CodeOver { diagnosis },
                Retry::After(seconds) if seconds <= SHORT_WAIT_S => {
                    ConfirmEvent::CodeOver { diagnosis }
                }
                _ => ConfirmEvent::Refused { diagnosis },
            },
        }
    }

    /// The answer to a request that ends an agreement.
    pub(crate) fn unbind_event(&self, dictionary: &Dictionary) -> UnbindEvent {
        match &self.outcome {
            Outcome::Settled => UnbindEvent::Ended,
            Outcome::Declined(_) if self.no_agreement => UnbindEvent::Ended,
            Outcome::Declined(_) => UnbindEvent::NotEnded { diagnosis: self.diagnosis(dictionary) },
            Outcome::NotAttempted(..) => {
                UnbindEvent::NotSent { diagnosis: self.diagnosis(dictionary) }
            }
            Outcome::Pending(_) | Outcome::Unknown(..) => UnbindEvent::Doubted,
        }
    }

    /// The answer to a verification.
    pub(crate) fn verification_event(&self, dictionary: &Dictionary) -> VerificationEvent {
        let diagnosis = self.diagnosis(dictionary);
        match &self.outcome {
            Outcome::Settled => VerificationEvent::Confirmed,
            Outcome::Declined(_) | Outcome::NotAttempted(..) => {
                VerificationEvent::Refused { diagnosis }
            }
            Outcome::Pending(_) | Outcome::Unknown(..) => VerificationEvent::Doubted { diagnosis },
        }
    }

    /// Reads what a code says about an agreement's being there. In an inquiry it decides nothing by
    /// itself, so the mapping is asked as for a request that ends one.
    pub(crate) fn read_agreement(mut self, family: &str) -> Self {
        let ending = Operation::CancelAgreement;
        self.no_agreement = self.answer.as_ref().is_some_and(|answer| {
            let book = MappingBook::embedded();
            let meaning = book.read(family, ending, Phase::Request, &answer.code);
            meaning.causes.contains(&known::AGREEMENT_INVALID)
        });
        self
    }
}

fn is_locked(cause: &CauseCode) -> bool {
    *cause == known::CODE_TOO_MANY_TRIES || *cause == known::CODE_NOT_ARRIVED
}

fn wait_ms(retry: Retry) -> Option<i64> {
    match retry {
        Retry::After(seconds) => Some(i64::from(seconds) * SECOND_MS),
        Retry::NextDay | Retry::NextMonth => Some(DAY_MS),
        Retry::Automatic => Some(SECOND_MS),
        Retry::Never | Retry::AfterCorrection => None,
    }
}
