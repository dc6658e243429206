//! The command line, kept stable for scripts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod operate;

pub(crate) use operate::*;

/// Mingka (明卡): every bank-card error gets an answer.
#[derive(Debug, Parser)]
#[command(name = "mingka", version, propagate_version = true)]
#[command(
    after_help = "Start here:\n  mingka sandbox          everything in one process, with test \
                        banks and test cards\n  mingka check 6216261000000000018\n  mingka explain \
                        unionpay 61"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The gateway, its database, the sandbox banks and the borrower page, in one process.
    #[command(
        after_help = "Example:\n  mingka sandbox --data demo --listen 127.0.0.1:8700 --faults \
                      faults.json"
    )]
    Sandbox(SandboxArgs),
    /// The gateway alone, with the channels of the configuration.
    #[command(after_help = "Example:\n  mingka serve --config mingka.toml")]
    Serve(ServeArgs),
    /// A sandbox bank alone, in a process of its own.
    #[command(
        after_help = "Example:\n  mingka bank --data bank-data --listen 127.0.0.1:8800 --faults \
                      faults.json\n  faults.json: \
                      [{\"operation\":\"open_agreement\",\"card\":\"ok\",\"times\":1,\
                      \"fault\":\"drop_after\"}]"
    )]
    Bank(BankArgs),
    /// Checks a card and its holder's details as they were typed; sends nothing anywhere.
    #[command(after_help = "Examples:\n  mingka check '6216 2610 0000 0000 018' --json\n  mingka \
                            check cards.csv   (columns card_number,name,id_number,phone)")]
    Check(CheckArgs),
    /// What a bank's response code or its own words mean: cause, who must act, the next step.
    #[command(
        after_help = "Examples:\n  mingka explain unionpay 61\n  mingka explain unionpay 34 \
                            --operation query_state --phase inquiry --json\n  mingka \
                            explain --text '[68]无法在正常时间内获得交易应答'\n  mingka explain --coverage"
    )]
    Explain(ExplainArgs),
    /// Looks for what is wrong with this installation and says how to mend it.
    #[command(after_help = "Example:\n  mingka doctor --config mingka.toml")]
    Doctor(ConfigArgs),
    /// Brings the database to this program's version.
    #[command(after_help = "Example:\n  mingka migrate --config mingka.toml")]
    Migrate(ConfigArgs),
    /// After a restore from a backup: what may have been paid since. Ends with 1 while nothing may
    /// be sent.
    #[command(after_help = "Examples:\n  mingka restore-check --config mingka.toml\n  mingka \
                      restore-check --declare 值班-王")]
    RestoreCheck(RestoreCheckArgs),
    /// Stops a platform, a lender, a channel or an operation at once, in every process.
    #[command(
        after_help = "Examples:\n  mingka stop channel:unionpay_acp --who 值班-王 --why '03:10 \
                      后大量超时'\n  mingka stop operation:disburse --who 值班-王 --why '对账不平'"
    )]
    Stop(StopArgs),
    /// Lets go on what was stopped.
    #[command(
        after_help = "Example:\n  mingka resume channel:unionpay_acp --who 值班-王 --why 已恢复"
    )]
    Resume(StopArgs),
    /// Lists the stop switches that were ever turned, as they stand.
    #[command(after_help = "Example:\n  mingka stops --config mingka.toml")]
    Stops(ConfigArgs),
    /// The persons of the house: who may look, operate, and decide what somebody else proposed.
    #[command(
        subcommand,
        after_help = "Example:\n  mingka people add --name 王芳 --role operate --role approve"
    )]
    People(PeopleCommand),
    /// Envelope keys and API keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Banks' statements: what they prove, and how they and our books compare.
    #[command(subcommand)]
    Statement(StatementCommand),
    /// Agreements that were opened elsewhere.
    #[command(subcommand)]
    Agreements(AgreementsCommand),
    /// Writes everything of a platform into a new folder, so that it can move.
    #[command(
        after_help = "Example:\n  mingka export --platform '示例借款平台' --out 示例-2026-11"
    )]
    Export(ExportPlatformArgs),
    /// Where platforms want to be told of events, and whether they were.
    #[command(subcommand)]
    Webhooks(WebhooksCommand),
    /// The evidence log: its key, the whole of it as files, and whether they hold.
    #[command(subcommand)]
    Evidence(EvidenceCommand),
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file. Without it, the defaults.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A PostgreSQL database instead of the embedded one: postgres://USER@HOST/DATABASE, several
    /// hosts with commas. Others on this machine can read it here: give one with a password by
    /// MINGKA_SERVER_DATABASE, or database_url_file under server in the configuration.
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Where to listen, instead of the configured address. Port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// One JSON line when ready.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// The folder for the database, the keys and the bank's books. Without it, a temporary one.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where to listen. Port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8700")]
    pub(crate) listen: String,
    /// One JSON line when ready.
    #[arg(long)]
    pub(crate) json: bool,
    /// A bank that runs already (`mingka bank`), instead of one in this process: its data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) bank: Option<PathBuf>,
    /// What goes wrong at the bank from the start: a JSON array of rules, each as sent to its
    /// /faults address (all in docs/integrating.md, an example in docs/faults.example.json).
    #[arg(long, value_name = "FILE", conflicts_with = "bank")]
    pub(crate) faults: Option<PathBuf>,
    /// Sets the clocks of the gateway and its own bank ahead by this many milliseconds, to see what
    /// time does.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) clock_ahead_ms: i64,
    /// How messages are signed: 01 (RSA certificate), 11 (keyed SHA-256) or 12 (keyed SM3).
    #[arg(long, default_value = "01", value_parser = ["01", "11", "12"])]
    pub(crate) sign_method: String,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BankArgs {
    /// The folder for the bank's keys and books.
    #[arg(long, value_name = "DIR", default_value = "mingka-bank")]
    pub(crate) data: PathBuf,
    /// Where to listen. Port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8800")]
    pub(crate) listen: String,
    /// What goes wrong at the bank from the start: a JSON array of rules, each as sent to its
    /// /faults address (all in docs/integrating.md, an example in docs/faults.example.json).
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// Sets the bank's clock ahead by this many milliseconds, to see what time does.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) clock_ahead_ms: i64,
    /// One JSON line when ready.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A card number, or a CSV file with the columns card_number,name,id_number,phone.
    #[arg(value_name = "NUMBER|FILE.csv")]
    pub(crate) subject: String,
    /// The holder's name.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The holder's ID number.
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The phone number reserved at the bank.
    #[arg(long)]
    pub(crate) phone: Option<String>,
    /// One JSON line each.
    #[arg(long)]
    pub(crate) json: bool,
    /// The configuration file. Without it, the defaults.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The family of codes, such as unionpay or iso8583; --coverage lists them all.
    #[arg(required_unless_present_any = ["text", "coverage"])]
    pub(crate) family: Option<String>,
    /// The code, exactly as the bank sent it.
    #[arg(allow_hyphen_values = true, required_unless_present_any = ["text", "coverage"])]
    pub(crate) code: Option<String>,
    /// The bank's own words, read where there is no code or the code says too little.
    #[arg(long, value_name = "WORDS")]
    pub(crate) text: Option<String>,
    /// How much it was about, in fen: an amount can tell which legal limit it was.
    #[arg(long, value_name = "FEN")]
    pub(crate) amount: Option<i64>,
    /// It is proven otherwise that nothing was done: explain money too.
    #[arg(long)]
    pub(crate) over: bool,
    /// Lists every family and how much of it is understood, instead.
    #[arg(long, conflicts_with_all = ["family", "code", "text"])]
    pub(crate) coverage: bool,
    /// What was asked: verify, send_code, open_agreement, query_agreement, cancel_agreement,
    /// query_state, refresh_certificate, disburse, send_payment_code, collect, refund, undo,
    /// reverse.
    #[arg(long, default_value = "verify")]
    pub(crate) operation: String,
    /// Where it was heard: request, inquiry or notification.
    #[arg(long, default_value = "request")]
    pub(crate) phase: String,
    /// One JSON line.
    #[arg(long)]
    pub(crate) json: bool,
}
