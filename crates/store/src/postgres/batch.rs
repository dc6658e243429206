//! Running a batch of units in one transaction of PostgreSQL, in three rounds however many units
//! there are: the guards of all; the winners' writes; COMMIT. None can spoil the others: a unit
//! that fails in the middle is taken out, and runs alone after the rest.

use std::collections::VecDeque;
use std::time::Duration;

use super::server::Server;
use super::session::{Answer, Asked, Session};
use super::trouble::Trouble;
use crate::batch::{Done, Work, WorkResult, changed_something, in_order};
use crate::fault::Faults;
use crate::read::{ReadError, Row};
use crate::step;
use crate::unit::{CommitError, Statement, Unavailable, Unit, Value, values};

const MARKS: &str = "commit_marks";
/// READ COMMITTED whatever the server's default is: each statement sees what was committed before
/// it began, and a compare-and-set that waited for a row looks at it anew.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const MARK: &str = "UPDATE commit_marks SET batch = $1 WHERE writer = $2";
/// How often the same units are tried again when other transactions are in their way, or the
/// connection is lost before the commit was asked for.
const TRY_COUNT_MAX: u64 = 6;
/// The first pause before trying again; it grows with each.
const PAUSE_MS: u64 = 10;

/// The one connection of this process that writes.
#[derive(Debug)]
pub(crate) struct Writing {
    pub(super) server: Server,
    /// None after it was lost, until somebody needs it.
    pub(super) session: Option<Session>,
    /// Whether the server was there when it was last looked for.
    pub(super) reachable: bool,
    pub(super) faults: Faults,
    /// This opening's own row of `commit_marks`.
    pub(super) writer: i64,
    /// The number of the last batch; what `commit_marks` says after a commit is read back from it.
    pub(super) batch: i64,
    /// Durable commits so far.
    pub(crate) commit_count: u64,
}

/// Why a group of units came to nothing. None of them is committed, unless it says `Unknown`.
#[derive(Debug)]
pub(super) enum Failed {
    /// These, by their place among the works, failed in the middle: alone each learns why.
    Torn(Vec<usize>),
    /// The same again may do.
    Again(CommitError),
    /// Nobody's fault; trying again now is of no use.
    All(CommitError),
}

/// The pieces of work that share a transaction, in the order in which they run.
#[derive(Clone, Copy)]
struct Group<'a> {
    works: &'a [Work],
    places: &'a [usize],
}

type Results = Vec<(usize, WorkResult)>;

impl Writing {
    /// Does the work, in one durable commit where nothing goes wrong; each piece gets its own
    /// result, in the order given.
    pub(crate) async fn run(&mut self, works: &[Work]) -> Vec<WorkResult> {
        let mut results: Vec<Option<WorkResult>> = works.iter().map(|_| None).collect();
        let mut waiting = VecDeque::from([in_order(works)]);
        while let Some(places) = waiting.pop_front() {
            let found = match self.stubbornly(Group { works, places: &places }).await {
                Ok(found) => found,
                Err(Failed::Torn(culprits)) => {
                    let rest = places.iter().copied().filter(|place| !culprits.contains(place));
                    waiting.push_back(rest.collect());
                    waiting.extend(culprits.into_iter().map(|culprit| vec![culprit]));
                    continue;
                }
                Err(Failed::Again(error) | Failed::All(error)) => {
                    places.iter().map(|place| (*place, Err(error))).collect()
                }
            };
            for (place, result) in found {
                if let Some(free) = results.get_mut(place) {
                    *free = Some(result);
                }
            }
        }
        results.into_iter().map(|result| result.unwrap_or(Err(CommitError::Unknown))).collect()
    }

    /// Says goodbye to the server.
    pub(crate) async fn close(mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// Tries again what may do the next time; nothing of it was committed.
    async fn stubbornly(&mut self, group: Group<'_>) -> Result<Results, Failed> {
        if group.places.is_empty() {
            return Ok(Vec::new());
        }
        for tries in 1..TRY_COUNT_MAX {
            match self.transact(group).await {
                Err(Failed::Again(error)) => {
                    tracing::info!(%error, tries, "a transaction is tried again");
                    let pause = PAUSE_MS.saturating_mul(tries);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                ended => return ended,
            }
        }
        self.transact(group).await
    }

    async fn transact(&mut self, group: Group<'_>) -> Result<Results, Failed> {
        self.prepare(group).await?;
        let (winners, mut results) = self.guards(group).await?;
        let claims = group.claims().count();
        if !winners.is_empty() || claims > 0 {
            self.batch = self.batch.saturating_add(1);
            results.extend(self.writes(group, &winners).await?);
        }
        if results.iter().any(|(_, result)| changed_something(result)) {
            self.commit().await?;
        } else {
            // Nothing was changed: there is nothing to make durable.
            self.roll_back().await;
        }
        Ok(results)
    }

    /// Prepares whatever text is new to this connection.
    async fn prepare(&mut self, group: Group<'_>) -> Result<(), Failed> {
        self.connected().await.map_err(Failed::All)?;
        let texts: Vec<_> = group
            .units()
            .flat_map(|(place, unit)| unit.statements().map(move |one| (place, one)))
            .map(|(place, one)| (place, one.row.table, one.text()))
            .collect();
        let own = [MARK, step::CLAIM];
        let all = texts.iter().map(|(.., text)| text.as_ref()).chain(own);
        let Some(session) = &mut self.session else { return Err(again(Trouble::Lost)) };
        let Err((which, trouble)) = session.prepare(all).await else { return Ok(()) };
        match (trouble, texts.get(which)) {
            (Trouble::Lost | Trouble::Collided, _) | (_, None) => Err(self.ended(trouble).await),
            (_, Some((place, ..))) if group.places.len() > 1 => Err(Failed::Torn(vec![*place])),
            (_, Some((_, table, _))) => Err(Failed::All(trouble.refusal(table))),
        }
    }

    /// The first round: begins, and runs every guard. Gives the places of the winners, and the
    /// losers' results.
    async fn guards(&mut self, group: Group<'_>) -> Result<(Vec<usize>, Results), Failed> {
        let units: Vec<_> = group.units().collect();
        let guards = units.iter().map(|(place, unit)| (*place, &unit.guard)).collect();
        let answers = self.round(group, Some(BEGIN), guards, Vec::new(), None).await?;
        let (mut winners, mut lost) = (Vec::new(), Vec::new());
        for ((place, unit), answer) in units.into_iter().zip(answers) {
            match unit.guard.judge(answer.changed()) {
                Ok(()) => winners.push(place),
                Err(error) => lost.push((place, Err(error))),
            }
        }
        Ok((winners, lost))
    }

    /// The second round: the winners' writes, the claims, and this batch's number in our own row,
    /// which stays locked until the transaction has ended one way or the other.
    async fn writes(&mut self, group: Group<'_>, winners: &[usize]) -> Result<Results, Failed> {
        let writes: Vec<_> = group
            .units()
            .filter(|(place, _)| winners.contains(place))
            .flat_map(|(place, unit)| unit.writes.iter().map(move |write| (place, write)))
            .collect();
        let claims: Vec<_> = group.claims().collect();
        let (count, mark) = (writes.len(), values![self.batch, self.writer]);
        let asked = claims.iter().map(|(_, values)| values.as_slice()).collect();
        let mut answers = self.round(group, None, writes.clone(), asked, Some(&mark)).await?;
        let claimed = answers.split_off(count);
        let mut losers: Vec<(usize, CommitError)> = Vec::new();
        for ((place, write), answer) in writes.into_iter().zip(answers) {
            match write.judge(answer.changed()) {
                Err(error) if losers.iter().all(|(loser, _)| *loser != place) => {
                    losers.push((place, error));
                }
                _ => {}
            }
        }
        if !losers.is_empty() {
            self.roll_back().await;
            return alone_or_torn(group, losers);
        }
        let (claimed, marked) = claimed.split_at(claims.len());
        if marked.first().is_none_or(|marked| marked.changed() != 1) {
            // Somebody removed our row: what becomes of this commit could not be read back.
            self.roll_back().await;
            return Err(Failed::All(CommitError::Unavailable(Unavailable::Broken)));
        }
        let won = winners.iter().map(|place| (*place, Ok(Done::Unit)));
        let claimed = claims.iter().zip(claimed);
        Ok(won.chain(claimed.map(|((place, _), answer)| (*place, steps(answer)))).collect())
    }

    /// Sends everything at once and waits for the answers to what was asked; the answer to `begin`
    /// is not among them. An error ends the transaction.
    async fn round(
        &mut self,
        group: Group<'_>,
        begin: Option<&'static str>,
        statements: Vec<(usize, &Statement)>,
        claims: Vec<&[Value]>,
        mark: Option<&[Value]>,
    ) -> Result<Vec<Answer>, Failed> {
        let Some(session) = &self.session else { return Err(again(Trouble::Lost)) };
        let unfit = |(place, one): &(usize, &Statement)| {
            let error = CommitError::Invalid { table: one.row.table };
            (!session.takes(&one.text(), &one.values)).then_some((*place, error))
        };
        // The wrong number of values is noticed before anything is sent.
        if let Some(unfit) = statements.iter().find_map(unfit) {
            self.roll_back().await;
            return alone_or_torn(group, vec![unfit]).map(|_| Vec::new());
        }
        let mut asked: Vec<Asked<'_>> = begin.map(|text| session.plain(text)).into_iter().collect();
        asked.extend(
            statements.iter().filter_map(|(_, one)| session.changing(&one.text(), &one.values)),
        );
        asked.extend(claims.iter().filter_map(|values| session.giving(step::CLAIM, values)));
        asked.extend(mark.and_then(|values| session.changing(MARK, values)));
        let mut answers = session.round(asked).await;
        if begin.is_some()
            && let Err(trouble) = answers.remove(0)
        {
            return Err(self.ended(trouble).await);
        }
        let Some(which) = first_trouble(&answers) else {
            return Ok(answers.into_iter().filter_map(Result::ok).collect());
        };
        let (index, trouble) = which;
        let claimed = group.claims().map(|(place, _)| (place, step::TABLE));
        let mut to_blame =
            statements.iter().map(|(place, one)| (*place, one.row.table)).chain(claimed);
        match to_blame.nth(index) {
            Some((place, table)) if !trouble.is_nobodys() => {
                self.roll_back().await;
                let error = trouble.refusal(table);
                alone_or_torn(group, vec![(place, error)]).map(|_| Vec::new())
            }
            _ => Err(self.ended(trouble).await),
        }
    }

    /// What becomes of the batch after a trouble that is no unit's own. The transaction is over.
    async fn ended(&mut self, trouble: Trouble) -> Failed {
        match trouble {
            Trouble::Lost => self.session = None,
            _ => self.roll_back().await,
        }
        match trouble {
            Trouble::Lost | Trouble::Collided => again(trouble),
            _ => Failed::All(trouble.refusal(MARKS)),
        }
    }

    /// Sees to it that there is a connection.
    pub(super) async fn connected(&mut self) -> Result<(), CommitError> {
        if self.session.as_ref().is_some_and(|session| !session.is_closed()) {
            return Ok(());
        }
        self.session = None;
        // Whoever waited in vain just now need not wait as long again.
        let connected = Session::connect_again(&self.server, self.reachable).await;
        self.reachable = connected.is_ok();
        match connected {
            Ok(session) => {
                self.session = Some(session);
                Ok(())
            }
            Err(_) => Err(CommitError::Unavailable(Unavailable::Unreachable)),
        }
    }

    async fn roll_back(&mut self) {
        if self.plain("ROLLBACK").await.is_err() {
            // The server does so itself when the connection ends.
            self.session = None;
        }
    }

    pub(super) async fn plain(&self, text: &'static str) -> Result<(), Trouble> {
        let session = self.session.as_ref().ok_or(Trouble::Lost)?;
        session.ask(session.plain(text)).await.map(drop)
    }
}

impl<'a> Group<'a> {
    fn units(self) -> impl Iterator<Item = (usize, &'a Unit)> {
        self.places.iter().filter_map(move |place| match self.works.get(*place) {
            Some(Work::Unit(unit)) => Some((*place, unit)),
            _ => None,
        })
    }

    fn claims(self) -> impl Iterator<Item = (usize, Vec<Value>)> {
        self.places.iter().filter_map(move |place| match self.works.get(*place) {
            Some(Work::Claim(claim)) => Some((*place, claim.values())),
            _ => None,
        })
    }
}

impl Answer {
    fn changed(&self) -> u64 {
        match self {
            Self::Changed(count) => *count,
            Self::Rows(rows) => u64::try_from(rows.len()).unwrap_or(u64::MAX),
        }
    }
}

impl Trouble {
    /// Whether no single statement is to blame for it.
    fn is_nobodys(self) -> bool {
        matches!(self, Self::Lost | Self::Collided | Self::Follows)
    }
}

pub(super) fn again(trouble: Trouble) -> Failed {
    Failed::Again(trouble.refusal(MARKS))
}

/// A unit that ran alone has learnt why it failed; one that ran with others may owe it to them.
fn alone_or_torn(group: Group<'_>, failed: Vec<(usize, CommitError)>) -> Result<Results, Failed> {
    match failed.as_slice() {
        [(_, error)] if group.places.len() == 1 => Err(Failed::All(*error)),
        _ => Err(Failed::Torn(failed.into_iter().map(|(place, _)| place).collect())),
    }
}

/// The first error that is not the consequence of another.
fn first_trouble(answers: &[Result<Answer, Trouble>]) -> Option<(usize, Trouble)> {
    let troubles = answers.iter().enumerate();
    let troubles = troubles.filter_map(|(index, answer)| Some((index, answer.as_ref().err()?)));
    let (index, trouble) = troubles.min_by_key(|(index, trouble)| {
        (**trouble == Trouble::Follows, **trouble != Trouble::Lost, *index)
    })?;
    Some((index, *trouble))
}

/// The steps that a claim returned.
fn steps(answer: &Answer) -> WorkResult {
    let rows = match answer {
        Answer::Rows(rows) => rows.as_slice(),
        Answer::Changed(_) => &[],
    };
    let steps: Result<Vec<_>, ReadError> =
        rows.iter().map(|row| step::decode(&mut Row::of_postgres(row))).collect();
    match steps {
        Ok(steps) => Ok(Done::Steps(step::oldest_first(steps))),
        Err(_) => Err(CommitError::Invalid { table: step::TABLE }),
    }
}
