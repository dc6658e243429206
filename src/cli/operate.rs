//! The arguments of the commands that an operator runs beside a house: switches, persons, keys,
//! statements, webhooks, evidence.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigArgs;

#[derive(Debug, Args)]
pub(crate) struct RestoreCheckArgs {
    /// Say that this database was restored from a backup, where nothing else can tell: who says so.
    #[arg(long, value_name = "WHO")]
    pub(crate) declare: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// platform:ID, lender:CODE, channel:CODE or operation:NAME.
    pub(crate) switch: String,
    /// Who turns it.
    #[arg(long)]
    pub(crate) who: String,
    /// Why, for whoever looks later.
    #[arg(long)]
    pub(crate) why: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// Makes a person and their personal key, shown once.
    #[command(
        after_help = "Example:\n  mingka people add --name 王芳 --role operate --role approve"
    )]
    Add(AddPersonArgs),
    /// Lists everybody.
    #[command(after_help = "Example:\n  mingka people list")]
    List(ConfigArgs),
    /// Takes a person's key back; effective at once.
    #[command(after_help = "Example:\n  mingka people revoke prin_…")]
    Revoke(RevokePersonArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddPersonArgs {
    /// Their name.
    #[arg(long)]
    pub(crate) name: String,
    /// What they may do besides looking: operate (turn switches, propose) or approve (decide what
    /// somebody else proposed); may be repeated.
    #[arg(long = "role", value_name = "ROLE")]
    pub(crate) roles: Vec<String>,
    /// One JSON line.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RevokePersonArgs {
    /// Their id, as `people list` shows it.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Adds a new envelope key and makes it the current one; older values stay readable.
    #[command(after_help = "Example:\n  mingka keys rotate --config mingka.toml")]
    Rotate(ConfigArgs),
    /// Lists the envelope keys (never the keys themselves) and the API keys.
    List(ConfigArgs),
    /// Makes a platform and an API key for it; the key is shown once.
    #[command(after_help = "Example:\n  mingka keys issue --platform '示例借款平台'")]
    Issue(IssueArgs),
    /// Revokes an API key by its id; effective at once.
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// The name of the platform; made when it does not exist.
    #[arg(long)]
    pub(crate) platform: String,
    /// Let the key import banks' statements, which prove how payments ended.
    #[arg(long)]
    pub(crate) statements: bool,
    /// Let the key import agreements that were opened elsewhere, to collect under them.
    #[arg(long)]
    pub(crate) agreements: bool,
    /// One JSON line.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The key's id, as `keys list` shows it.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StatementCommand {
    /// Imports a statement in the documented form (docs/statements.md) and acts on what it proves.
    /// The same file again changes nothing.
    #[command(after_help = "Example:\n  mingka statement import --platform '示例借款平台' \
                            unionpay-2026-11-26.csv")]
    Import(ImportStatementArgs),
    /// Shows how a day's statements and a platform's payments compare.
    #[command(
        after_help = "Example:\n  mingka statement show --platform '示例借款平台' 2026-11-26"
    )]
    Show(ShowStatementArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ImportStatementArgs {
    /// The name of the platform, as `keys list` shows it.
    #[arg(long)]
    pub(crate) platform: String,
    /// The file.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowStatementArgs {
    /// The name of the platform, as `keys list` shows it.
    #[arg(long)]
    pub(crate) platform: String,
    /// The settlement day, such as 2026-11-26.
    pub(crate) day: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AgreementsCommand {
    /// Takes in agreements that were opened elsewhere, in the documented form (docs/agreements.md),
    /// and says of every line what became of it. The same line again changes nothing. Ends with 1
    /// when a line was refused.
    #[command(after_help = "Examples:\n  mingka agreements import --platform '示例借款平台' \
                            --check agreements.csv\n  mingka agreements import --platform \
                            '示例借款平台' --report report.csv agreements.csv")]
    Import(ImportAgreementsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ImportAgreementsArgs {
    /// The name of the platform, as `keys list` shows it.
    #[arg(long)]
    pub(crate) platform: String,
    /// Only look at the file; nothing is kept.
    #[arg(long)]
    pub(crate) check: bool,
    /// Write what became of every line as CSV into this new file; without it the refused lines are
    /// shown.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The file.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportPlatformArgs {
    /// The name of the platform, as `keys list` shows it.
    #[arg(long)]
    pub(crate) platform: String,
    /// The folder to write; it must not exist yet. Its agreement numbers are confidential.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksCommand {
    /// Makes an endpoint of a platform; its secret is shown once.
    #[command(after_help = "Example:\n  mingka webhooks create --platform '示例借款平台' --url \
                            https://app.example/mingka --event-type 'payment.*'")]
    Create(CreateEndpointArgs),
    /// Lists the endpoints of all platforms.
    List(ConfigArgs),
    /// Changes an endpoint; what is left out stays.
    #[command(after_help = "Example:\n  mingka webhooks change whk_… --disable")]
    Change(ChangeEndpointArgs),
    /// Makes a new secret, shown once; the old one signs as well for a day.
    RotateSecret(EndpointArgs),
    /// Sends an endpoint a trial that is about no event.
    Trial(EndpointArgs),
    /// Lists the newest deliveries to an endpoint.
    Deliveries(EndpointArgs),
    /// Sends a delivery again, whatever became of it before.
    Resend(ResendArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CreateEndpointArgs {
    /// The name of the platform, as `keys list` shows it.
    #[arg(long)]
    pub(crate) platform: String,
    /// Where it is: an https address on the public internet.
    #[arg(long)]
    pub(crate) url: String,
    /// What to tell: a type such as payment.settled or a group such as payment.*; may be repeated.
    /// Everything when left out.
    #[arg(long = "event-type", value_name = "TYPE")]
    pub(crate) event_types: Vec<String>,
    /// What to call it.
    #[arg(long, default_value = "")]
    pub(crate) description: String,
    /// The language of the texts.
    #[arg(long, default_value = "zh", value_parser = ["zh", "en"])]
    pub(crate) lang: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ChangeEndpointArgs {
    /// The endpoint's id, as `webhooks list` shows it.
    pub(crate) id: String,
    /// Another address.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// What to tell instead; may be repeated.
    #[arg(long = "event-type", value_name = "TYPE")]
    pub(crate) event_types: Vec<String>,
    /// What to call it.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// The language of the texts.
    #[arg(long, value_parser = ["zh", "en"])]
    pub(crate) lang: Option<String>,
    /// Tell it nothing.
    #[arg(long, conflicts_with = "enable")]
    pub(crate) disable: bool,
    /// Tell it what happens from now on.
    #[arg(long)]
    pub(crate) enable: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct EndpointArgs {
    /// The endpoint's id, as `webhooks list` shows it.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResendArgs {
    /// The endpoint's id, as `webhooks list` shows it.
    pub(crate) endpoint: String,
    /// The delivery's id, as `webhooks deliveries` shows it.
    pub(crate) delivery: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Shows the log's public key. Publish it where others find it without asking you.
    Key(ConfigArgs),
    /// Writes the whole log into a new folder, laid out as C2SP tlog-tiles lays it out, with the
    /// facts beside it: confidential, unlike the log.
    #[command(after_help = "Example:\n  mingka evidence export --out evidence-2026-11")]
    Export(ExportArgs),
    /// Checks an export or a receipt, offline, with the public key alone. Ends with 1 when anything
    /// does not hold.
    #[command(after_help = "Examples:\n  mingka evidence verify evidence-2026-11 --key \
                      'mingka.local/evidence+0a1b2c3d+AQ…'\n  mingka evidence verify \
                      receipt.json --key '…'")]
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// The folder to write; it must not exist yet.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The folder of an export, or the file of a receipt.
    #[arg(value_name = "EXPORT|RECEIPT")]
    pub(crate) what: PathBuf,
    /// The log's public key, from where it was published: never from the receipt itself.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: String,
    /// One JSON line instead of sentences.
    #[arg(long)]
    pub(crate) json: bool,
}
