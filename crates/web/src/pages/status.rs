//! What a payment's page says: a state, a waiting, a doubt, an end; who acts and what is next.

use mingka_domain::cause::{Audience, Dictionary};
use mingka_domain::diagnosis::{Certainty, Diagnosis};
use mingka_domain::payment::{PaymentKind, WaitReason};
use mingka_domain::text::Lang;
use mingka_engine::{PaymentView, TimelineEntry};

use super::payment::{Look, home};
use super::result::{hotline_of, steps_of};
use super::views::{Frame, PaymentPage};
use super::words::Words;
use super::{card_line, day_and_clock};
use crate::assets;

/// What a state is called, and how it looks.
struct Face {
    mood: &'static str,
    heading: &'static str,
    text: &'static str,
}

/// Who acts, what next, and when again.
struct Way {
    who: String,
    next: String,
    steps: Vec<String>,
    when: Option<String>,
    several: bool,
    reasons: Vec<(String, String)>,
}

/// The page of a payment as it stands.
pub(super) fn page(sandbox: bool, look: &Look) -> PaymentPage {
    let w = Words::of(look.lang);
    let (visit, payment) = (&look.visit, &look.visit.payment);
    let bank = visit.card.contact.as_ref();
    let ended = payment.next_look_at.is_none();
    let Face { mood, heading, text } = face(w, payment);
    // Until it is over the words are about the waiting, not about what the bank said meanwhile. And
    // everything is of the borrower's view: what is sensitive shows in nothing below.
    let diagnosis = payment.diagnosis.as_ref().filter(|_| ended || payment.waits_for.is_some());
    let diagnosis = diagnosis.map(|exact| exact.for_borrower(Dictionary::embedded()));
    let diagnosis = diagnosis.as_ref();
    let Way { who, next, steps, when, several, reasons } = way(w, look, diagnosis, ended);
    PaymentPage {
        frame: Frame {
            w,
            title: format!("{heading} · {}", visit.platform_name),
            platform: visit.platform_name.clone(),
            home: home(payment.id),
            assets: assets::folder(),
            step: 0,
            sandbox,
            refresh: !ended,
            watch: (!ended).then(|| payment.watch_word()),
            reference: None,
        },
        mood,
        heading,
        text,
        amount: payment.amount.to_string(),
        given_back: payment.refunded_amount.map(|sum| sum.to_string()),
        card_line: card_line(w, look.lang, &visit.card),
        own_reference: payment.reference.clone(),
        several,
        reasons,
        waits_for: payment.waits_for.map(|why| wait_words(w, why)),
        who,
        next,
        steps,
        when,
        next_look: payment.next_look_at.map(day_and_clock),
        hotline: diagnosis
            .filter(|_| ended)
            .and_then(|diagnosis| hotline_of(look.lang, diagnosis, bank)),
        timeline: payment.timeline.iter().map(|entry| happened(w, entry)).collect(),
        reference: payment.id.to_string(),
        return_url: visit.link.return_url.clone(),
    }
}

fn face(w: &'static Words, payment: &PaymentView) -> Face {
    type Pair = (&'static str, &'static str);
    let by_kind = |out: Pair, taken: Pair, back: Pair| match payment.kind {
        PaymentKind::Disbursement => out,
        PaymentKind::Repayment => taken,
        PaymentKind::Refund | PaymentKind::Reversal => back,
    };
    let (mood, (heading, text)) = match payment.state.as_str() {
        "accepted" | "in_flight" => {
            let (out, taken) = ((w.pay_out_title, w.pay_out_text), (w.pay_in_title, w.pay_in_text));
            ("wait", by_kind(out, taken, (w.pay_back_title, w.pay_back_text)))
        }
        "awaiting_code" => ("wait", (w.pay_code_title, w.pay_code_text)),
        "waiting" => ("wait", (w.pay_waiting_title, w.pay_waiting_text)),
        "doubtful" => ("wait", (w.pay_doubt_title, w.pay_doubt_text)),
        "review" => ("wait", (w.pay_review_title, w.pay_review_text)),
        "settled" => {
            let out = (w.pay_out_settled_title, w.pay_out_settled_text);
            let taken = (w.pay_in_settled_title, w.pay_in_settled_text);
            ("good", by_kind(out, taken, (w.pay_back_settled_title, w.pay_back_settled_text)))
        }
        "refused" => {
            let out = (w.pay_out_refused_title, w.pay_out_refused_text);
            let taken = (w.pay_in_refused_title, w.pay_in_refused_text);
            ("stop", by_kind(out, taken, (w.pay_back_refused_title, w.pay_back_refused_text)))
        }
        "returned" => ("stop", (w.pay_returned_title, w.pay_returned_text)),
        "refunded" if payment.refunded_amount.is_some_and(|sum| sum < payment.amount) => {
            ("good", (w.pay_refunded_part_title, w.pay_refunded_part_text))
        }
        "refunded" => ("good", (w.pay_refunded_title, w.pay_refunded_text)),
        "reversed" => ("good", (w.pay_reversed_title, w.pay_reversed_text)),
        "cancelled" => ("stop", (w.pay_cancelled_title, w.pay_cancelled_text)),
        _ => ("wait", (w.pay_other_title, w.pay_other_text)),
    };
    Face { mood, heading, text }
}

fn way(w: &'static Words, look: &Look, diagnosis: Option<&Diagnosis>, ended: bool) -> Way {
    let payment = &look.visit.payment;
    let bank = look.visit.card.contact.as_ref();
    let said = diagnosis.map(|diagnosis| {
        let said = diagnosis.render(Dictionary::embedded(), Audience::Borrower, look.lang, bank);
        (diagnosis.certainty == Certainty::OneOf && said.candidates.len() > 1, said)
    });
    let reasons = |several: bool, said: &mingka_domain::diagnosis::Rendered| {
        if several {
            said.candidates.iter().map(|one| (one.title.clone(), one.fix.clone())).collect()
        } else {
            let between = if look.lang == Lang::En { " " } else { "" };
            vec![(said.title.clone(), format!("{}{between}{}", said.text, said.fix))]
        }
    };
    match said {
        Some((several, said)) if ended => Way {
            reasons: reasons(several, &said),
            several,
            steps: steps_of(&said),
            who: said.actor,
            next: said.next_step,
            when: Some(said.retry),
        },
        other => Way {
            several: other.as_ref().is_some_and(|(several, _)| *several),
            reasons: other.map(|(several, said)| reasons(several, &said)).unwrap_or_default(),
            who: match payment.state.as_str() {
                "review" => w.pay_actor_staff,
                "doubtful" => w.waiting_actor_us,
                "awaiting_code" => w.pay_actor_you,
                _ if ended => w.pay_actor_none,
                _ => w.pay_actor_us,
            }
            .to_owned(),
            next: match payment.state.as_str() {
                "awaiting_code" => w.pay_next_code,
                _ if ended => w.pay_next_none,
                _ => w.pay_next_ask,
            }
            .to_owned(),
            steps: Vec::new(),
            when: None,
        },
    }
}

fn wait_words(w: &'static Words, why: WaitReason) -> &'static str {
    match why {
        WaitReason::NotSent => w.pay_wait_not_sent,
        WaitReason::SoftDecline => w.pay_wait_soft,
        WaitReason::Hours => w.pay_wait_hours,
        WaitReason::Stopped => w.pay_wait_stopped,
        WaitReason::Balance => w.pay_wait_balance,
        WaitReason::Limit => w.pay_wait_limit,
    }
}

fn happened(w: &'static Words, entry: &TimelineEntry) -> (String, &'static str) {
    let words = match entry.event.as_str() {
        "opened" => w.pay_event_opened,
        "deferred" => w.pay_event_deferred,
        "code_asked" => w.pay_event_code,
        "code_sent" => w.pay_event_code_sent,
        "code_refused" => w.pay_event_code_refused,
        "sent" => w.pay_event_sent,
        "pending" => w.pay_event_pending,
        "settled" => w.pay_event_settled,
        "declined" => w.pay_event_declined,
        "not_sent" => w.pay_event_not_sent,
        "unknown" => w.pay_event_unknown,
        "still_open" => w.pay_event_still_open,
        "not_found" => w.pay_event_not_found,
        "suspected_duplicate" => w.pay_event_duplicate,
        "returned" => w.pay_event_returned,
        "decided" => w.pay_event_decided,
        "refunded" => w.pay_event_refunded,
        "reversed" => w.pay_event_reversed,
        "cancelled" => w.pay_event_cancelled,
        "lapsed" => w.pay_event_lapsed,
        _ => w.pay_event_other,
    };
    (day_and_clock(entry.at), words)
}

#[cfg(test)]
mod tests;
