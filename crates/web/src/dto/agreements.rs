//! Agreements that are brought from elsewhere, and accounts of companies, as they come in and go
//! out.

use mingka_domain::text::Lang;
use mingka_engine::{ImportOutcome, ImportReport, ImportedLine, NewCompanyAccount};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::requests::own_reference;
use crate::problem::Problem;
use crate::typed::Typed;

/// How a file of agreements is taken.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// `true`: only look at the file; nothing is kept.
    #[serde(default)]
    pub(crate) check_only: bool,
}

/// What became of a file of agreements.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgreementImport)]
pub(crate) struct ImportBody {
    /// Whether the file was only looked at.
    pub(crate) check_only: bool,
    /// How many lines became instruments.
    pub(crate) imported: usize,
    /// How many could.
    pub(crate) importable: usize,
    /// How many were instruments before.
    pub(crate) already_there: usize,
    /// How many were not taken.
    pub(crate) refused: usize,
    /// Every line, in the order of the file.
    pub(crate) lines: Vec<ImportedLineBody>,
}

/// What became of one line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedAgreement)]
pub(crate) struct ImportedLineBody {
    /// Its number in the file; the columns are line 1.
    #[schema(example = 2)]
    pub(crate) line: usize,
    pub(crate) borrower_ref: Option<String>,
    /// `imported`, `importable`, `already_there` or `refused`.
    #[schema(example = "imported")]
    pub(crate) outcome: String,
    pub(crate) instrument: Option<String>,
    /// Why it was refused.
    pub(crate) problem: Option<ImportProblemBody>,
}

/// Why a line was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportProblem)]
pub(crate) struct ImportProblemBody {
    #[schema(example = "card_number")]
    pub(crate) column: String,
    /// The stable code.
    #[schema(example = "card.number_too_short")]
    pub(crate) code: String,
    /// What is wrong and what to do.
    pub(crate) text: String,
}

impl ImportBody {
    pub(crate) fn new(report: ImportReport, lang: Lang) -> Self {
        Self {
            check_only: report.check_only,
            imported: report.count("imported"),
            importable: report.count("importable"),
            already_there: report.count("already_there"),
            refused: report.count("refused"),
            lines: report.lines.into_iter().map(|line| line_body(line, lang)).collect(),
        }
    }
}

fn line_body(line: ImportedLine, lang: Lang) -> ImportedLineBody {
    let problem = match &line.outcome {
        ImportOutcome::Refused(refusal) => Some(ImportProblemBody {
            column: refusal.column().to_owned(),
            code: refusal.code().to_owned(),
            text: refusal.text(lang),
        }),
        _ => None,
    };
    ImportedLineBody {
        line: line.line,
        borrower_ref: line.borrower_ref,
        outcome: line.outcome.name().to_owned(),
        instrument: line.outcome.instrument().map(|id| id.to_string()),
        problem,
    }
}

/// A company's account to pay out to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyAccountRequest {
    /// The account's number; spaces and dashes are forgiven.
    #[schema(value_type = String, example = "6222 0000 0000 0000 000")]
    pub(crate) account_number: Typed,
    /// The company's registered name.
    #[schema(value_type = String, example = "晨光五金加工有限公司")]
    pub(crate) company_name: Typed,
    /// Its unified social credit code.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    pub(crate) credit_code: Option<Typed>,
    /// The platform's own name for the borrower.
    #[serde(default)]
    #[schema(nullable = false)]
    pub(crate) borrower_ref: Option<String>,
}

impl CompanyAccountRequest {
    pub(crate) fn account(&self) -> Result<NewCompanyAccount<'_>, Problem> {
        Ok(NewCompanyAccount {
            account_number: self.account_number.expose(),
            name: self.company_name.expose(),
            credit_code: self.credit_code.as_ref().map(Typed::expose),
            borrower_ref: own_reference("borrower_ref", self.borrower_ref.as_deref())?,
        })
    }
}
