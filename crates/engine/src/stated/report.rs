//! What became of each line of a file of agreements, in words for whoever brought the file.

use mingka_domain::finding::Finding;
use mingka_domain::id::InstrumentId;
use mingka_domain::text::Lang;

/// What became of a file of agreements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// Whether the file was only looked at.
    pub check_only: bool,
    /// Every line, in the order of the file.
    pub lines: Vec<ImportedLine>,
}

/// One line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedLine {
    /// Its number in the file, from 1.
    pub line: usize,
    /// The platform's own name for the borrower, where the line has a usable one.
    pub borrower_ref: Option<String>,
    /// What became of it.
    pub outcome: ImportOutcome,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is an instrument now.
    Imported(InstrumentId),
    /// It could be: the file was only looked at.
    Importable,
    /// It was one before.
    AlreadyThere(InstrumentId),
    /// It was not taken.
    Refused(ImportRefusal),
}

/// Why a line was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportRefusal {
    /// What was typed cannot be right, or may not be used.
    Finding(Box<Finding>),
    /// It breaks a rule of the form.
    Rule(ImportRule),
}

macro_rules! rules {
    ($($(#[$doc:meta])*
        $name:ident: $column:literal, $code:literal, $zh:literal, $en:literal;)*) => {
        /// A rule of the form that a line breaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ImportRule { $($(#[$doc])* $name,)* }

        impl ImportRule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The column it is about, its stable code, and what to do, Chinese and English.
            const fn row(self) -> (&'static str, &'static str, &'static str, &'static str) {
                match self { $(Self::$name => ($column, $code, $zh, $en),)* }
            }
        }
    };
}

rules! {
    /// Channel and merchant account are none of this house's that collects.
    Merchant: "merchant", "agreement.merchant_unknown",
        "这个通道和商户号不在本系统的配置里，或不能代扣；请核对 channel 与 merchant。",
        "This channel and merchant account are not configured here, or do not collect; compare \
         channel and merchant.";
    /// No agreement number.
    Number: "agreement_number", "agreement.number_unusable",
        "协议号应为 1 至 64 个可见的 ASCII 字符。",
        "An agreement number is 1 to 64 visible ASCII characters.";
    /// No usable reference.
    Reference: "borrower_ref", "agreement.reference_unusable",
        "借款人编号请用贵方自己的编号：1 至 64 个字母、数字或 -_.:/@+，不要用卡号、手机号或证件号。",
        "Use your own reference: 1 to 64 letters, digits or -_.:/@+, never a card number, phone or \
         ID number.";
    /// Neither the card number nor its last digits.
    Card: "card_last4", "agreement.card_missing",
        "请提供卡号，或卡号的后四位数字。",
        "Give the card number, or its last four digits.";
    /// Number and last digits contradict each other.
    CardDiffers: "card_last4", "agreement.card_differs",
        "后四位与卡号不一致，请核对这一行。",
        "The last four digits are not those of the number; compare the line.";
    /// A moment that cannot be read.
    ValidUntil: "valid_until", "agreement.moment_unreadable",
        "协议到期时间请用 RFC 3339 格式，例如 2027-11-30T00:00:00+08:00。",
        "Write the end of the agreement as RFC 3339, such as 2027-11-30T00:00:00+08:00.";
    /// It is over already.
    Over: "valid_until", "agreement.over",
        "这份协议或授权已经到期，不能再用来扣款。",
        "This agreement or mandate is over and cannot be collected under.";
    /// Who may collect for what is not said.
    MandatePayee: "mandate_payee", "mandate.words_missing",
        "请写明收款方和用途（mandate_payee、mandate_purpose），各 1 至 64 个字；扣款周期也不超过 64 个字。",
        "Say who collects and for what (mandate_payee, mandate_purpose), 1 to 64 characters each; \
         the cycle has at most 64 as well.";
    /// The most one collection may take is no amount.
    MandateAmount: "mandate_payment_fen", "mandate.amount_unusable",
        "单笔上限应为大于 0 的整数，单位为分；没有上限就留空。",
        "The most of one collection is a whole number of fen above 0; leave it empty where there \
         is none.";
    /// Which text was accepted is not said.
    MandateText: "mandate_sha256", "mandate.text_missing",
        "请填写借款人所接受的授权书原文的 SHA-256（64 位十六进制）；原文由贵方保存。",
        "Give the SHA-256 of the text the borrower accepted, 64 hexadecimal digits; keep the text \
         itself.";
    /// When it was accepted is not said, or has not come yet.
    MandateMoment: "mandate_accepted_at", "mandate.moment_unusable",
        "请填写借款人接受授权的时间，RFC 3339 格式，不晚于现在。",
        "Say when the borrower accepted, as RFC 3339, not later than now.";
    /// Another platform of this house has it.
    HeldElsewhere: "agreement_number", "agreement.held_elsewhere",
        "这份协议已在本系统的另一家平台名下；请联系运营方核实。",
        "Another platform of this house has this agreement; ask its operator.";
    /// It was imported with other particulars.
    Differs: "agreement_number", "agreement.differs",
        "这份协议已经导入过，但内容与这一行不同；请核对，需要更改时先解绑。",
        "This agreement was imported with other particulars; compare them, and unbind it first to \
         change them.";
    /// It was ended here.
    Ended: "agreement_number", "agreement.ended",
        "这份协议已在本系统解绑，不能再次导入；请让借款人重新绑卡。",
        "This agreement was ended here and cannot be imported again; let the borrower bind the \
         card anew.";
}

impl ImportRefusal {
    /// The column it is about.
    #[must_use]
    pub const fn column(&self) -> &'static str {
        match self {
            Self::Finding(finding) => finding.field.name(),
            Self::Rule(rule) => rule.row().0,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Finding(finding) => finding.cause.as_str(),
            Self::Rule(rule) => rule.row().1,
        }
    }

    /// What is wrong and what to do.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Finding(finding), _) => {
                let gap = if lang == Lang::En { " " } else { "" };
                format!("{}{gap}{}", finding.text(lang), finding.fix(lang))
            }
            (Self::Rule(rule), Lang::Zh) => rule.row().2.to_owned(),
            (Self::Rule(rule), Lang::En) => rule.row().3.to_owned(),
        }
    }
}

impl ImportOutcome {
    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Imported(_) => "imported",
            Self::Importable => "importable",
            Self::AlreadyThere(_) => "already_there",
            Self::Refused(_) => "refused",
        }
    }

    /// The instrument, where it is one.
    #[must_use]
    pub const fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Imported(id) | Self::AlreadyThere(id) => Some(*id),
            Self::Importable | Self::Refused(_) => None,
        }
    }
}

impl ImportReport {
    /// How many lines ended like this, by the outcome's name.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.lines.iter().filter(|line| line.outcome.name() == name).count()
    }
}

#[cfg(test)]
mod tests {
    use mingka_channels::agreements::COLUMNS;

    use super::*;

    #[test]
    fn every_rule_names_a_column_and_says_what_to_do() {
        let mut codes = std::collections::BTreeSet::new();
        for rule in ImportRule::ALL {
            let refusal = ImportRefusal::Rule(*rule);
            assert!(COLUMNS.split(',').any(|column| column == refusal.column()), "{rule:?}");
            assert!(codes.insert(refusal.code().to_owned()), "{rule:?}");
            assert!(refusal.text(Lang::Zh).ends_with('。'), "{rule:?}");
            assert!(refusal.text(Lang::En).ends_with('.'), "{rule:?}");
        }
    }
}
