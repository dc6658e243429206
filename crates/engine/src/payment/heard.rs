//! What a bank said about money, as far as it is believed. A first answer only says that the order
//! was taken, never that the money moved; only an inquiry proves that.

use mingka_domain::cause::known;
use mingka_domain::diagnosis::{Diagnosis, Retry};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{NotSent, Outcome};
use mingka_domain::payment::{Heard as Word, Proof};
use mingka_domain::time::Timestamp;

use crate::core::Engine;
use crate::hear::Heard;
use crate::settings::Planted;

impl Engine {
    /// What the answer to the request itself says, or the want of one.
    pub(super) fn first_word(&self, heard: &Heard) -> Word {
        let diagnosis = heard.diagnosis(self.dictionary());
        match &heard.outcome {
            // However certain it sounds: money is proven by an inquiry.
            Outcome::Settled | Outcome::Pending(_) => Word::Pending { diagnosis },
            Outcome::Declined(_) => {
                let again_at = self.again_at(&diagnosis, heard.at);
                Word::Declined { proof: Proof::Answer, diagnosis, again_at }
            }
            Outcome::NotAttempted(NotSent::Unencodable, _) => {
                Word::Declined { proof: Proof::NeverSent, diagnosis, again_at: None }
            }
            Outcome::NotAttempted(..) => {
                Word::NotSent { diagnosis, again_at: self.next_try(heard.at) }
            }
            Outcome::Unknown(..) => Word::Unknown { diagnosis },
        }
    }

    /// What the answer to the message that asks for a code says. Silence proves nothing: the code
    /// may have been sent all the same.
    pub(super) fn word_about_code(&self, heard: &Heard) -> Word {
        let diagnosis = heard.diagnosis(self.dictionary());
        match &heard.outcome {
            Outcome::Settled => Word::CodeSent,
            Outcome::Declined(_) | Outcome::NotAttempted(..) => Word::CodeRefused { diagnosis },
            Outcome::Pending(_) | Outcome::Unknown(..) => Word::Unknown { diagnosis },
        }
    }

    /// What the answer to an inquiry says.
    pub(super) fn inquired(&self, heard: &Heard, amount: Fen) -> Word {
        let diagnosis = heard.diagnosis(self.dictionary());
        match &heard.outcome {
            Outcome::Settled => Word::Settled { proof: Proof::Inquiry, amount },
            Outcome::Declined(_) => {
                let again_at = self.again_at(&diagnosis, heard.at);
                // What happens next is decided; what the amount explains is only shown.
                let diagnosis = diagnosis.with_amount(amount);
                Word::Declined { proof: Proof::Inquiry, diagnosis, again_at }
            }
            Outcome::Pending(_) => Word::Pending { diagnosis },
            Outcome::Unknown(..) if heard.not_found => Word::NotFound { diagnosis },
            Outcome::NotAttempted(..) | Outcome::Unknown(..) => Word::StillOpen { diagnosis },
        }
    }

    /// When a refusal is tried again. Hard declines never are; soft ones when their cause says that
    /// Mingka goes on by itself, and after the time it names.
    fn again_at(&self, diagnosis: &Diagnosis, at: Timestamp) -> Option<Timestamp> {
        match diagnosis.retry {
            // Our own account's money did not reach: that is no refusal of anybody's.
            _ if diagnosis.causes == [known::PLATFORM_BALANCE] => {
                tracing::error!("a merchant account's money did not reach: fund it");
                Some(at.plus_ms(self.settings().payment_balance_again_ms))
            }
            _ if self.plants(Planted::HardDeclineRetried) => Some(self.next_try(at)),
            Retry::Automatic => Some(self.next_try(at)),
            Retry::Never
            | Retry::AfterCorrection
            | Retry::After(_)
            | Retry::NextDay
            | Retry::NextMonth => None,
        }
    }

    /// The wait before another try, with jitter so that a bank that comes back is not stormed.
    pub(super) fn next_try(&self, at: Timestamp) -> Timestamp {
        let wait_ms = self.settings().payment_retry_ms;
        let [high, low] = self.random::<2>();
        let share = i64::from(u16::from_be_bytes([high, low]));
        at.plus_ms(wait_ms.saturating_add(wait_ms.saturating_mul(share) / 65_536))
    }
}
