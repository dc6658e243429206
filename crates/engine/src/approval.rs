//! Two persons: one proposes, with evidence, another decides, and what was approved is done in the
//! same commit as the approval. There is no approval without its effect and no effect without it.

use mingka_crypto::digest::{hex, sha256};
use mingka_domain::approval::{Approval, ApprovalError, ApprovalState, Limit, Proposal, Verdict};
use mingka_domain::cause::known;
use mingka_domain::diagnosis::{Certainty, Diagnosis};
use mingka_domain::id::{ApprovalId, AttemptId, PaymentId, kind};
use mingka_domain::payment::{Decision, Event, Payment};
use mingka_domain::time::{DAY_MS, Timestamp};
use mingka_store::{ApprovalRecord, CommitError, Cursor, LimitRecord, Listed, Statement, Unit};

use crate::core::{Engine, internal};
use crate::error::EngineError;
use crate::idempotency::to_json;
use crate::payment::loaded;
use crate::request::{Person, Role};
use crate::view::{ApprovalView, PaymentView};

/// How long a proposal waits for somebody else.
const OPEN_MS: i64 = 3 * DAY_MS;
/// The longest evidence, in bytes.
const EVIDENCE_BYTES_MAX: usize = 2_000;

impl Engine {
    /// Proposes something that another person decides.
    ///
    /// # Errors
    /// When the person may not, there is nothing of the kind, the evidence is wanting or too long,
    /// or the same is proposed already (`InProgress`).
    pub async fn propose(
        &self,
        person: &Person,
        what: Proposal,
        evidence: &str,
    ) -> Result<ApprovalView, EngineError> {
        person.must(Role::Operate)?;
        let hidden = |c: char| c.is_control() && c != '\n';
        let wanting = evidence.trim().is_empty() || evidence.contains(hidden);
        if wanting || evidence.len() > EVIDENCE_BYTES_MAX {
            return Err(EngineError::EvidenceWanting { bytes_max: EVIDENCE_BYTES_MAX });
        }
        self.check_proposal(&what).await?;
        let now = self.now();
        let record = ApprovalRecord {
            id: self.new_id(now),
            version: 1,
            kind: what.name().to_owned(),
            about: what.about(),
            what: to_json(&what)?,
            evidence: evidence.to_owned(),
            state: ApprovalState::Open.name().to_owned(),
            proposed_by: person.id,
            proposed_at: now,
            expires_at: now.plus_ms(OPEN_MS),
            decided_by: None,
            decided_at: None,
        };
        let expire = ApprovalRecord::expire(&record.kind, &record.about, now);
        self.store().commit(Unit::new(expire)).await.ok();
        match self.store().commit(Unit::new(record.insert())).await {
            Ok(_) => {}
            Err(CommitError::Duplicate { .. }) => return Err(ApprovalError::AlreadyOpen.into()),
            Err(error) => return Err(error.into()),
        }
        tracing::warn!(approval.id = %record.id, approval.kind = record.kind,
            approval.about = record.about, principal.id = %person.id,
            "something waits for a second person");
        approval_view(record, now)
    }

    /// Says yes or no to a proposal, or takes it back. A yes is done at once and in every process.
    ///
    /// # Errors
    /// When it is not this person's to say, or too late, or what it is about has moved on.
    pub async fn decide_approval(
        &self,
        person: &Person,
        id: ApprovalId,
        verdict: Verdict,
    ) -> Result<ApprovalView, EngineError> {
        person.must(if verdict == Verdict::Withdraw { Role::Operate } else { Role::Approve })?;
        let now = self.now();
        let mut record = self.store().approval(id).await?.ok_or(EngineError::NotFound)?;
        let after = standing(&record)?.decide(verdict, person.id, now)?;
        after.name().clone_into(&mut record.state);
        (record.decided_by, record.decided_at) = (Some(person.id), Some(now));
        let people = self.store().principals().await?;
        let gone = |id| people.iter().any(|one| one.id == id && one.revoked_at.is_some());
        if after == ApprovalState::Approved && gone(record.proposed_by) {
            return Err(ApprovalError::Over.into());
        }
        let record = &record;
        let unit = |keeps_out| async move {
            let unit = Unit::new(record.decide());
            match after {
                ApprovalState::Approved => {
                    self.approved(unit, record, (person, now), keeps_out).await
                }
                _ => Ok(unit),
            }
        };
        let mut committed = self.store().commit(unit(true).await?).await;
        if matches!(committed, Err(CommitError::Duplicate { table: "payments" })) {
            // Another payment has taken the loan since: both are for people to look at.
            committed = self.store().commit(unit(false).await?).await;
        }
        match committed {
            Ok(committed) => {
                if let Proposal::DecidePayment { payment, .. } = proposal(record)? {
                    self.announce(payment, committed.effects());
                    let paid = self.store().payment_of_any(payment).await?;
                    if let Some(original) = paid.and_then(|paid| paid.original) {
                        self.announce(original, committed.effects());
                    }
                }
            }
            Err(CommitError::Stale { table: "approvals" }) => {
                return Err(ApprovalError::Over.into());
            }
            Err(error) => return Err(error.into()),
        }
        tracing::warn!(approval.id = %id, approval.state = record.state,
            approval.about = record.about, principal.id = %person.id,
            "a second person has decided");
        approval_view(record.clone(), now)
    }

    /// What is proposed and was decided, newest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn approvals(
        &self,
        cursor: Cursor<kind::Approval>,
    ) -> Result<Listed<ApprovalView>, EngineError> {
        let now = self.now();
        self.store().approvals(cursor).await?.try_map(|record| approval_view(record, now))
    }

    /// One of them.
    ///
    /// # Errors
    /// When there is none of this id.
    pub async fn approval(&self, id: ApprovalId) -> Result<ApprovalView, EngineError> {
        let record = self.store().approval(id).await?.ok_or(EngineError::NotFound)?;
        approval_view(record, self.now())
    }

    /// What people have to look at, of every platform, newest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn reviews(
        &self,
        cursor: Cursor<kind::Payment>,
    ) -> Result<Listed<PaymentView>, EngineError> {
        let listed = self.store().payments_in_review(cursor).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for record in listed.items {
            items.push(self.payment_view(&loaded(record)?).await?);
        }
        Ok(Listed { items, has_more: listed.has_more })
    }

    /// The attempt of a payment whose end no proof has reached.
    ///
    /// # Errors
    /// When there is no such payment, or nothing of it is open.
    pub async fn open_attempt_of(&self, id: PaymentId) -> Result<AttemptId, EngineError> {
        let record = self.store().payment_of_any(id).await?.ok_or(EngineError::NotFound)?;
        let payment = loaded(record)?;
        match &payment.machine {
            Payment::Doubtful(doubtful) => Ok(doubtful.attempt),
            Payment::Review(review) => Ok(review.attempt),
            other => Err(EngineError::InvalidState {
                state: other.name(),
                cause: known::PAYMENT_WRONG_STEP,
                possible_at: None,
            }),
        }
    }

    /// Nobody decides about what is being undone: the bank will say.
    async fn nothing_undoes(&self, id: PaymentId) -> Result<(), EngineError> {
        let record = self.store().payment_of_any(id).await?.ok_or(EngineError::NotFound)?;
        let back = self.store().payments_of_original(record.platform, id).await?;
        match back.iter().find(|one| one.guard.is_some()) {
            Some(one) => Err(EngineError::AlreadyPaying { payment: one.id }),
            None => Ok(()),
        }
    }

    /// Whether there is what a proposal is about, and it can still be so.
    async fn check_proposal(&self, what: &Proposal) -> Result<(), EngineError> {
        match what {
            Proposal::DecidePayment { payment, attempt, .. } => {
                self.nothing_undoes(*payment).await?;
                let open = self.open_attempt_of(*payment).await?;
                if open == *attempt { Ok(()) } else { Err(EngineError::InProgress) }
            }
            Proposal::SetLimit(limit) => self.check_limit(limit).await,
            Proposal::ReleaseRestore { found_at } => self.unreleased(*found_at).await.map(|_| ()),
        }
    }

    /// What an approval does, in its own unit.
    async fn approved(
        &self,
        unit: Unit,
        record: &ApprovalRecord,
        (person, now): (&Person, Timestamp),
        keeps_out: bool,
    ) -> Result<Unit, EngineError> {
        match proposal(record)? {
            Proposal::DecidePayment { payment, attempt, moved } => {
                let found = self.store().payment_of_any(payment).await?;
                let payment = loaded(found.ok_or(EngineError::NotFound)?)?;
                self.nothing_undoes(payment.record.id).await?;
                let decision = Decision {
                    approval: record.id,
                    proposed_by: record.proposed_by,
                    approved_by: person.id,
                    evidence_sha256: hex(&sha256(record.evidence.as_bytes())),
                };
                let cause = known::PAYMENT_DECIDED_UNMOVED;
                let diagnosis = Diagnosis::from_cause(self.dictionary(), cause, Certainty::Certain);
                let event = Event::Decided { attempt, decision, moved, diagnosis };
                let mut changed = payment.apply(event, now)?;
                if !keeps_out {
                    changed.record.guard = None;
                }
                let original = self.original_after(&payment, &changed, now).await?;
                let more = original.iter().flat_map(|one| [one.update(), one.event.insert()]);
                let writes: Vec<Statement> =
                    [changed.update(), changed.event.insert()].into_iter().chain(more).collect();
                Ok(unit.writes(writes).effects(changed.effects))
            }
            Proposal::SetLimit(limit) => {
                let row = self.limit_row(&limit, record.id, now).await?;
                Ok(unit.write(row.insert()))
            }
            Proposal::ReleaseRestore { found_at } => {
                let by = record.id.to_string();
                Ok(unit.writes(self.rows_of_release(found_at, &by, now).await?))
            }
        }
    }

    async fn limit_row(
        &self,
        limit: &Limit,
        approval: ApprovalId,
        now: Timestamp,
    ) -> Result<LimitRecord, EngineError> {
        let (scope, target) = limit.scope.split_once(':').ok_or(EngineError::NotFound)?;
        let known = self.store().limits().await?;
        let last = known.iter().find(|one| {
            (one.scope.as_str(), one.target.as_str(), one.payment_kind)
                == (scope, target, limit.kind)
        });
        Ok(LimitRecord {
            scope: scope.to_owned(),
            target: target.to_owned(),
            payment_kind: limit.kind,
            seq: last.map_or(0, |one| one.seq).saturating_add(1),
            payment: limit.payment,
            card_day: limit.card_day,
            day: limit.day,
            month: limit.month,
            approval,
            at: now,
        })
    }
}

impl Person {
    /// Goes on when the person has this role.
    ///
    /// # Errors
    /// `RoleMissing` otherwise.
    pub fn must(&self, role: Role) -> Result<(), EngineError> {
        if self.roles.contains(&role) { Ok(()) } else { Err(EngineError::RoleMissing(role)) }
    }
}

fn standing(record: &ApprovalRecord) -> Result<Approval, EngineError> {
    let state = ApprovalState::named(&record.state);
    let state = state.ok_or_else(|| internal("an approval's state is not known", &record.id))?;
    Ok(Approval { state, proposed_by: record.proposed_by, expires_at: record.expires_at })
}

fn proposal(record: &ApprovalRecord) -> Result<Proposal, EngineError> {
    serde_json::from_str(&record.what)
        .map_err(|error| internal("a proposal cannot be read", &error))
}

fn approval_view(record: ApprovalRecord, now: Timestamp) -> Result<ApprovalView, EngineError> {
    Ok(ApprovalView {
        id: record.id,
        state: standing(&record)?.state_at(now),
        what: proposal(&record)?,
        evidence: record.evidence,
        proposed_by: record.proposed_by,
        proposed_at: record.proposed_at,
        expires_at: record.expires_at,
        decided_by: record.decided_by,
        decided_at: record.decided_at,
    })
}
