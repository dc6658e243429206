//! `mingka explain`: what a bank's response code or its own words mean, without any server or
//! database; and how much of what each channel can say is understood.

use std::process::ExitCode;

use mingka_domain::cause::{Audience, Dictionary};
use mingka_domain::diagnosis::words::{Clue, Reading, WordReader};
use mingka_domain::diagnosis::{Diagnosis, Explained, Heard};
use mingka_domain::mapping::{Coverage, MappingBook};
use mingka_domain::money::Fen;
use mingka_domain::outcome::{Class, Operation, Phase, ResponseCode};
use mingka_domain::text::Lang;
use mingka_domain::time::Timestamp;
use serde_json::{Value, json};

use super::print_line;
use crate::cli::ExplainArgs;
use crate::nearest::nearest;

const AUDIENCES: [(&str, Audience); 3] = [
    ("borrower", Audience::Borrower),
    ("agent", Audience::Agent),
    ("engineer", Audience::Engineer),
];

/// Explains one code or message, or lists what is covered.
pub(crate) fn run(args: &ExplainArgs, now: Timestamp) -> Result<ExitCode, String> {
    let book = MappingBook::embedded();
    if args.coverage {
        coverage(&book.coverage(), args.json);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(family) = args.family.as_deref().filter(|family| !book.knows(family)) {
        return Err(unknown("family", family, &book.families()));
    }
    let heard = Heard {
        family: args.family.as_deref(),
        operation: pick("operation", &args.operation, &Operation::ALL, Operation::name)?,
        phase: pick("phase", &args.phase, &Phase::ALL, Phase::name)?,
        code: args.code.as_deref().map(ResponseCode::new),
        text: args.text.as_deref(),
        amount: args
            .amount
            .map(Fen::new)
            .transpose()
            .map_err(|error| format!("--amount: {error}"))?,
        over: args.over,
        at: now,
    };
    let explained = heard.explain(Dictionary::embedded(), book, WordReader::embedded());
    if args.json {
        print_line(&as_json(&explained).to_string());
    } else {
        print_text(args, &explained);
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(explained: &Explained) -> Value {
    let Explained { class, diagnosis, reading } = explained;
    let Some(diagnosis) = diagnosis else {
        return json!({
            "class": class, "cause": null, "causes": [], "certainty": "certain",
            "actor": "nobody", "next_step": null, "retry": null, "steps": [], "texts": {},
            "reading": reading,
        });
    };
    let dictionary = Dictionary::embedded();
    let texts: serde_json::Map<String, Value> = AUDIENCES
        .into_iter()
        .map(|(name, audience)| {
            let say = |lang| diagnosis.render(dictionary, audience, lang, None);
            (name.to_owned(), json!({ "zh": say(Lang::Zh), "en": say(Lang::En) }))
        })
        .collect();
    json!({
        "class": class,
        "cause": diagnosis.causes.first(),
        "causes": diagnosis.causes,
        "certainty": diagnosis.certainty,
        "actor": diagnosis.actor,
        "next_step": diagnosis.next_step,
        "retry": diagnosis.retry,
        "texts": texts,
        "reading": reading,
    })
}

fn print_text(args: &ExplainArgs, explained: &Explained) {
    let heard = [args.family.as_deref(), args.code.as_deref(), args.text.as_deref()];
    print_line(&format!(
        "{} ({}, {}): {}",
        heard.into_iter().flatten().collect::<Vec<_>>().join(" "),
        args.operation,
        args.phase,
        class_words(explained.class)
    ));
    if let Some(reading) = &explained.reading {
        print_line(&format!("依据 words      {}", went_by(reading)));
    }
    if let Some(diagnosis) = &explained.diagnosis {
        print_diagnosis(diagnosis);
    }
}

fn print_diagnosis(diagnosis: &Diagnosis) {
    let dictionary = Dictionary::embedded();
    let causes: Vec<&str> = diagnosis.causes.iter().map(|cause| cause.as_str()).collect();
    print_line(&format!("原因 cause      {}", causes.join(" | ")));
    for (name, audience) in AUDIENCES {
        print_line(&format!("\n— {name}"));
        for lang in [Lang::Zh, Lang::En] {
            let said = diagnosis.render(dictionary, audience, lang, None);
            print_line(&format!("  {}", said.title));
            print_line(&format!("  {} {}", said.text, said.fix));
            print_line(&format!("  {} · {} · {}", said.actor, said.next_step, said.retry));
            for (place, step) in said.steps.iter().enumerate() {
                print_line(&format!("    {}. {}", place + 1, step.text));
            }
        }
    }
}

/// What the reader of words went by, or that it does not know.
fn went_by(reading: &Reading) -> String {
    let clues = reading.clues.iter().map(|clue| match clue {
        Clue::Phrase { words } => format!("“{}”", words.join("”+“")),
        Clue::Like { message, alike } => format!("≈ “{message}” ({alike:.2})"),
    });
    let clues: Vec<String> = clues.collect();
    if clues.is_empty() {
        return format!("看不出 says nothing we know ({:.2})", reading.strength);
    }
    let causes: Vec<&str> = reading.causes.iter().map(|cause| cause.as_str()).collect();
    format!("{} → {} ({:.2})", clues.join(", "), causes.join(" | "), reading.strength)
}

fn coverage(families: &[Coverage], as_json: bool) {
    if as_json {
        families.iter().for_each(|family| print_line(&json!(family).to_string()));
        return;
    }
    let heading =
        ["family", "codes", "done", "one cause", "one of", "unexplained", "final", "money"];
    let row = |cells: [String; 8]| {
        let [family, rest @ ..] = cells;
        let rest: String = rest.iter().map(|cell| format!("{cell:>12}")).collect();
        print_line(&format!("{family:<44}{rest}"));
    };
    row(heading.map(str::to_owned));
    for family in families {
        row([
            family.family.clone(),
            family.codes.to_string(),
            family.done.to_string(),
            family.one_cause.to_string(),
            family.one_of.to_string(),
            family.unexplained.to_string(),
            family.final_without_money.to_string(),
            family.final_for_money.to_string(),
        ]);
    }
    let codes: usize = families.iter().map(|family| family.codes).sum();
    print_line(&format!("\n{} families, {codes} codes, none without a mapping", families.len()));
}

fn class_words(class: Class) -> &'static str {
    match class {
        Class::Settled => "已成功 settled",
        Class::Declined => "已拒绝（终态） declined, final",
        Class::Pending => "处理中 pending",
        Class::NotAttempted => "未受理，可再试 not attempted, may be tried again",
        Class::Unknown => {
            "未知：只能查询，不能当作失败 unknown: inquire, never take it as a failure"
        }
    }
}

fn pick<T: Copy>(
    what: &str,
    typed: &str,
    known: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    let names: Vec<&str> = known.iter().map(|item| name(*item)).collect();
    known
        .iter()
        .copied()
        .find(|item| name(*item) == typed)
        .ok_or_else(|| unknown(what, typed, &names))
}

fn unknown(what: &str, typed: &str, known: &[&str]) -> String {
    let hint = nearest(typed, known.iter().copied())
        .map(|name| format!(" Did you mean `{name}`?"))
        .unwrap_or_default();
    format!("unknown {what} `{typed}`.{hint} Known: {}.", known.join(", "))
}
