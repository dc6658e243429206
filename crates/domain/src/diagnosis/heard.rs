//! A diagnosis from whatever somebody heard: a code, words, both, an amount. The code first, the
//! words second; and where money may still be on its way, only a wait.

use super::words::{Reading, WordReader};
use super::{Certainty, Diagnosis, Evidence, mask_digits};
use crate::card::AccountClass;
use crate::cause::{CauseCode, Dictionary, known};
use crate::mapping::{MappingBook, Meaning};
use crate::money::Fen;
use crate::outcome::{Class, Operation, Phase, ResponseCode};
use crate::time::Timestamp;

/// Causes that say so little that a bank's own words may say more.
pub(super) const VAGUE: [&str; 6] = [
    "channel.unspecified",
    "channel.code_unmapped",
    "channel.refused",
    "card.issuer_refused",
    "card.status_abnormal",
    "verification.unable",
];

/// Limits that may be those the law sets for an account's class.
const LIMITS: [&str; 3] = ["limit.amount", "limit.single", "limit.day"];

/// What somebody heard from a bank.
#[derive(Debug, Clone)]
pub struct Heard<'a> {
    /// The family of codes, where the code is of one we know.
    pub family: Option<&'a str>,
    /// What was asked.
    pub operation: Operation,
    /// In which conversation.
    pub phase: Phase,
    /// The code.
    pub code: Option<ResponseCode>,
    /// The bank's own words.
    pub text: Option<&'a str>,
    /// How much it was about.
    pub amount: Option<Fen>,
    /// Whether the caller has proof of their own that it was finally not done. Without it nothing
    /// that moves money is explained as if it were over, unless the code itself decides.
    pub over: bool,
    /// When it was heard.
    pub at: Timestamp,
}

/// What it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// What the code proves. Words prove nothing.
    pub class: Class,
    /// Why, who acts, what next; nothing when it was done.
    pub diagnosis: Option<Diagnosis>,
    /// What the words say, whether or not the diagnosis follows them.
    pub reading: Option<Reading>,
}

impl Heard<'_> {
    /// Explains it.
    #[must_use]
    pub fn explain(
        &self,
        dictionary: &Dictionary,
        book: &MappingBook,
        reader: &WordReader,
    ) -> Explained {
        let reading = self.text.map(|text| reader.read(text));
        let code = self.listed(book, reading.as_ref());
        let meaning = code.as_ref().map_or_else(Meaning::unmapped, |(family, code)| {
            book.read(family, self.operation, self.phase, code)
        });
        let class = meaning.class;
        if class == Class::Settled {
            return Explained { class, diagnosis: None, reading };
        }
        let why = self.why(book, &meaning, code.as_ref(), reading.as_ref());
        let mut diagnosis = Diagnosis::build(dictionary, why.0, why.1, vec![self.evidence(code)]);
        if let Some(amount) = self.amount {
            diagnosis = diagnosis.with_amount(amount);
        }
        Explained { class, diagnosis: Some(diagnosis), reading }
    }

    /// The code among those its family lists: the one that was given, or one in brackets.
    fn listed(
        &self,
        book: &MappingBook,
        reading: Option<&Reading>,
    ) -> Option<(String, ResponseCode)> {
        let family = self.family?;
        let bracketed = reading.into_iter().flat_map(|reading| &reading.codes);
        let mut codes = self.code.iter().chain(bracketed);
        let code = codes.find(|code| book.lists(family, code.as_str()))?;
        Some((family.to_owned(), code.clone()))
    }

    fn why(
        &self,
        book: &MappingBook,
        meaning: &Meaning,
        code: Option<&(String, ResponseCode)>,
        reading: Option<&Reading>,
    ) -> (Vec<CauseCode>, Certainty) {
        let open = matches!(meaning.class, Class::Unknown | Class::Pending);
        if open && self.operation.moves_money() && !self.over {
            // A code nobody mapped is said to be one; where there is no code, it is only not known.
            if code.is_none() && self.code.is_none() {
                return (vec![known::PAYMENT_CONFIRMING], Certainty::Unknown);
            }
            return (meaning.causes.clone(), meaning.certainty);
        }
        // Who knows that it is over wants the code's own reason, even where it decides nothing.
        let own = code.filter(|_| self.over && open).map(|(family, code)| {
            let causes: Vec<CauseCode> =
                book.causes(family, code.as_str()).into_iter().cloned().collect();
            let certainty = if causes.len() > 1 { Certainty::OneOf } else { Certainty::Likely };
            (causes, certainty)
        });
        let said = own.unwrap_or_else(|| (meaning.causes.clone(), meaning.certainty));
        // A code that leaves everything open still asks to wait, whatever the words say.
        let may = code.is_none() || self.over || !open;
        let Some(read) = reading.filter(|reading| may && !reading.causes.is_empty()) else {
            return said;
        };
        let narrows = read.causes.len() == 1
            && said.0.len() > 1
            && read.causes.iter().all(|cause| said.0.contains(cause));
        if is_vague(&said.0) || narrows { (read.causes.clone(), read.certainty) } else { said }
    }

    fn evidence(&self, code: Option<(String, ResponseCode)>) -> Evidence {
        Evidence {
            channel: self.family.unwrap_or("unknown").to_owned(),
            operation: self.operation,
            phase: self.phase,
            code: code.map(|(_, code)| code).or_else(|| self.code.clone()),
            message: self.text.map(mask_digits),
            at: self.at,
        }
    }
}

/// Whether causes say so little that a bank's own words may say more.
pub(super) fn is_vague(causes: &[CauseCode]) -> bool {
    causes.first().is_none_or(|cause| VAGUE.contains(&cause.as_str()))
}

impl Diagnosis {
    /// The same, knowing how much it was about: a limit may be one that the law sets, and the
    /// amount tells for which class of account. For showing; who acts, what next and when stay.
    #[must_use]
    pub fn with_amount(mut self, amount: Fen) -> Self {
        if !self.causes.first().is_some_and(|cause| LIMITS.contains(&cause.as_str())) {
            return self;
        }
        for (class, cause) in [
            (AccountClass::Three, known::ACCOUNT_CLASS_THREE_LIMIT),
            (AccountClass::Two, known::ACCOUNT_CLASS_TWO_LIMIT),
        ] {
            if class.rules_out(amount) && !self.causes.contains(&cause) {
                self.causes.push(cause);
            }
        }
        if self.causes.len() > 1 {
            self.certainty = Certainty::OneOf;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(operation: Operation, phase: Phase) -> Heard<'static> {
        let at = Timestamp::from_millis(1_795_000_000_000);
        let (family, over) = (Some("unionpay"), false);
        Heard { family, operation, phase, code: None, text: None, amount: None, over, at }
    }

    fn causes(heard: &Heard<'_>) -> (Class, Vec<String>, Certainty) {
        let explained =
            heard.explain(Dictionary::embedded(), MappingBook::embedded(), WordReader::embedded());
        let diagnosis = explained.diagnosis.unwrap();
        let causes = diagnosis.causes.iter().map(|cause| cause.as_str().to_owned()).collect();
        (explained.class, causes, diagnosis.certainty)
    }

    /// Operation, phase, code, words, over; what it proves, the causes, how sure.
    type Row<'a> = (Operation, Phase, &'a str, &'a str, bool, (Class, &'a str, Certainty));

    #[test]
    fn the_code_first_the_words_second() {
        use Certainty::{Certain, Likely, OneOf, Unknown as Unsure};
        use Class::{Declined, Pending, Unknown};
        use Operation::{Collect, Verify};
        use Phase::{Inquiry, Request};
        let rows: &[Row<'_>] = &[
            // A code that says why: the words change nothing.
            (Verify, Request, "73", "余额不足", false, (Declined, "card.expired", Certain)),
            // A vague one: the words say more, but never for certain.
            (Verify, Request, "63", "该卡已挂失", false, (Declined, "card.lost", Likely)),
            (Verify, Request, "63", "其他", false, (Declined, "card.status_abnormal", Certain)),
            // One of several, narrowed by the words to one of them, and to no other.
            (
                Verify,
                Request,
                "66",
                "手机号与银行预留不一致",
                false,
                (Declined, "phone.mismatch", Likely),
            ),
            (
                Verify,
                Request,
                "66",
                "余额不足",
                false,
                (Declined, "phone.mismatch name.mismatch id.mismatch card.number_wrong", OneOf),
            ),
            // No code: the words alone, and nothing is proven.
            (Verify, Request, "", "[73]余额不足", false, (Declined, "card.expired", Certain)),
            (Verify, Request, "", "余额不足", false, (Unknown, "balance.insufficient", Likely)),
            (Verify, Request, "", "恭喜发财", false, (Unknown, "channel.code_unmapped", Unsure)),
            // Open: wait, whatever the words say.
            (Verify, Request, "99", "余额不足", false, (Unknown, "channel.unspecified", Unsure)),
            // Money: a first answer decides nothing, and words never do.
            (
                Collect,
                Request,
                "64",
                "余额不足",
                false,
                (Unknown, "channel.result_unknown", Unsure),
            ),
            (Collect, Request, "", "余额不足", false, (Unknown, "payment.confirming", Unsure)),
            (Collect, Request, "05", "余额不足", false, (Pending, "channel.processing", Certain)),
            (Collect, Inquiry, "64", "", false, (Declined, "balance.insufficient", Certain)),
            // Who has proof that it is over is told why.
            (Collect, Request, "64", "", true, (Unknown, "balance.insufficient", Likely)),
            (Collect, Request, "", "余额不足", true, (Unknown, "balance.insufficient", Likely)),
        ];
        for (operation, phase, code, words, over, (class, expected, certainty)) in rows {
            let heard = Heard {
                code: Some(ResponseCode::new(code)).filter(|code| !code.as_str().is_empty()),
                text: Some(*words).filter(|words| !words.is_empty()),
                over: *over,
                ..heard(*operation, *phase)
            };
            let expected: Vec<String> = expected.split(' ').map(str::to_owned).collect();
            assert_eq!(causes(&heard), (*class, expected, *certainty), "{code} {words} {over}");
        }
    }

    #[test]
    fn an_amount_over_a_legal_limit_names_the_class() {
        let limit = |yuan: i64| {
            let amount = Fen::new(yuan * 100).ok();
            let code = Some(ResponseCode::new("33"));
            causes(&Heard { code, amount, ..heard(Operation::Collect, Phase::Inquiry) }).1
        };
        assert_eq!(limit(2_000), ["limit.amount"]);
        assert_eq!(limit(2_001), ["limit.amount", "account.class_three_limit"]);
        let both = ["limit.amount", "account.class_three_limit", "account.class_two_limit"];
        assert_eq!(limit(10_001), both);
        // The balance of a card has nothing to do with its class.
        let code = Some(ResponseCode::new("64"));
        let amount = Fen::new(5_000_000).ok();
        let balance = Heard { code, amount, ..heard(Operation::Collect, Phase::Inquiry) };
        assert_eq!(causes(&balance).1, ["balance.insufficient"]);
    }

    #[test]
    fn an_amount_is_shown_and_decides_nothing() {
        for code in LIMITS {
            let (cause, sure) = (CauseCode::known(code), Certainty::Certain);
            let before = Diagnosis::from_cause(Dictionary::embedded(), cause, sure);
            let small = Fen::new(200_000).unwrap();
            assert_eq!(before.clone().with_amount(small), before, "{code}");
            let large = before.clone().with_amount(Fen::new(5_000_000).unwrap());
            let classes = [known::ACCOUNT_CLASS_THREE_LIMIT, known::ACCOUNT_CLASS_TWO_LIMIT];
            assert_eq!(large.causes[1..], classes, "{code}");
            let (causes, certainty) = (large.causes.clone(), Certainty::OneOf);
            assert_eq!(large, Diagnosis { causes, certainty, ..before }, "{code}");
        }
    }

    /// What comes in may hold a card number; what is kept of it does not.
    #[test]
    fn the_words_are_masked_before_they_are_evidence() {
        let text = Some("卡号6216261000000000018余额不足");
        let heard = Heard { text, ..heard(Operation::Verify, Phase::Request) };
        let explained =
            heard.explain(Dictionary::embedded(), MappingBook::embedded(), WordReader::embedded());
        let said = serde_json::to_string(&explained.diagnosis).unwrap();
        assert!(said.contains("****") && !said.contains("6216"), "{said}");
    }
}
