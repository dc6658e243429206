//! How a channel has been answering this process lately: so that somebody who looks at 3 a.m. sees
//! which one is ill, and the log says it once when it falls ill and once when it is well again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use mingka_domain::cause::{CauseCode, Dictionary};
use mingka_domain::outcome::{Doubt, NotSent, Outcome};
use mingka_domain::time::{MINUTE_MS, Timestamp};

use crate::hear::Heard;
use crate::view::ChannelHealthView;

/// How far back is looked, in milliseconds.
const LATELY_MS: i64 = 15 * MINUTE_MS;
/// How many exchanges of a channel are remembered at most.
const KEPT_MAX: usize = 500;
/// Fewer than this say nothing.
const COUNT_MIN: usize = 5;

/// Refusals of which nobody can say whether they are about the channel or the card.
const SAY_LITTLE: [&str; 2] = ["channel.refused", "channel.unspecified"];

/// How an exchange went, as far as the channel is concerned. A refused card went well.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Went {
    Well,
    /// It answered that it cannot.
    Troubled(CauseCode),
    /// Nothing came that could be believed, and this is why.
    Silent(CauseCode),
}

#[derive(Debug, Default)]
struct Lately {
    exchanges: VecDeque<(Timestamp, Went)>,
    is_ill: bool,
}

/// The health of every channel.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<BTreeMap<String, Lately>>);

impl Health {
    /// Keeps how an exchange or an inquiry went.
    pub(crate) fn note(&self, heard: &Heard, dictionary: &Dictionary) {
        let Some(went) = went(heard, dictionary) else { return };
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = channels.entry(heard.channel.clone()).or_default();
        lately.exchanges.push_back((heard.at, went));
        if lately.exchanges.len() > KEPT_MAX {
            lately.exchanges.pop_front();
        }
        let view = lately.view(heard.at);
        let count = view.well + view.troubled + view.silent;
        // More than half to fall ill, less than a fifth to be well again: no to and fro.
        let wrong = view.troubled + view.silent;
        let ill = if lately.is_ill {
            5 * wrong >= count
        } else {
            count >= COUNT_MIN && 2 * wrong > count
        };
        if ill != lately.is_ill {
            lately.is_ill = ill;
            let cause = view.last_trouble.as_ref().map_or("none", |(_, cause)| cause.as_str());
            if ill {
                tracing::warn!(
                    channel.code = heard.channel,
                    exchange.count = count,
                    exchange.wrong = wrong,
                    cause,
                    "a channel is ill"
                );
            } else {
                tracing::info!(
                    channel.code = heard.channel,
                    exchange.count = count,
                    exchange.wrong = wrong,
                    "a channel is well again"
                );
            }
        }
    }

    /// How a channel did lately.
    pub(crate) fn of(&self, channel: &str, now: Timestamp) -> ChannelHealthView {
        let channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.get(channel).map_or_else(ChannelHealthView::default, |lately| lately.view(now))
    }
}

impl Lately {
    fn view(&self, now: Timestamp) -> ChannelHealthView {
        let mut view = ChannelHealthView { is_ill: self.is_ill, ..ChannelHealthView::default() };
        let since = now.plus_ms(-LATELY_MS);
        for (at, went) in self.exchanges.iter().filter(|(at, _)| *at >= since) {
            match went {
                Went::Well => view.well += 1,
                Went::Troubled(cause) => {
                    view.troubled += 1;
                    view.last_trouble = Some((*at, cause.clone()));
                }
                Went::Silent(cause) => {
                    view.silent += 1;
                    view.last_trouble = Some((*at, cause.clone()));
                }
            }
        }
        view
    }
}

/// `None` where nothing is learnt about the channel: a code that proves nothing, or our own fault.
fn went(heard: &Heard, dictionary: &Dictionary) -> Option<Went> {
    let channels_own = || {
        let cause = heard.meaning.as_ref()?.causes.first()?;
        let own = cause.as_str().starts_with("channel.") && !SAY_LITTLE.contains(&cause.as_str());
        own.then(|| cause.clone())
    };
    let silent = || heard.diagnosis(dictionary).causes.into_iter().next().map(Went::Silent);
    match &heard.outcome {
        Outcome::Settled | Outcome::Pending(_) => Some(Went::Well),
        Outcome::Declined(_) | Outcome::NotAttempted(_, Some(_)) => {
            Some(channels_own().map_or(Went::Well, Went::Troubled))
        }
        Outcome::NotAttempted(NotSent::NoConnection, None) => silent(),
        Outcome::NotAttempted(_, None) => None,
        // An answer that could be read is a sign of life, whatever it proves.
        Outcome::Unknown(_, Some(_)) => Some(Went::Well),
        Outcome::Unknown(Doubt::Restarted, None) => None,
        Outcome::Unknown(_, None) => silent(),
    }
}
